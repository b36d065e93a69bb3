"""Who may import whom, as design.md says it: a folder imports only the folders that its row names."""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PIPELINE = ("training.pipeline", "training.pipeline_settings")

# Folder -> what it may import of ours: a folder, or a single module of one.
ARROWS: dict[str, tuple[str, ...]] = {
    "__main__.py": ("stacks", "workloads"),
    "agreements": (),
    "machine": (),
    "stacks": ("agreements", "components", "machine", "workloads", *PIPELINE, "inference.bootstrap"),
    "components": ("agreements",),
    "workloads": ("agreements",),
    "training": ("agreements", "workloads", "inference"),
    "inference": ("agreements", "workloads"),
    "policies": (),
    "benchmarks": ("workloads",),
    "trial": ("agreements", "machine", "training", "inference", "workloads"),
    "demo": ("agreements", "machine", "workloads", "status", "stacks.settings", "stacks.interrupted"),
    "status": ("agreements", "machine", "stacks.outputs"),
    "rehearse": ("agreements", "stacks", "workloads"),
    "sandbox": (),
    "scaffold": ("trial", "training", "workloads"),
}
OURS = {name for name in ARROWS if name != "__main__.py"} | {"tests"}

# What would carry the cloud into code that must not know it, or the engine into code that runs in jobs.
FOREIGN: dict[str, tuple[str, ...]] = {
    "machine": ("pulumi", "pulumi_aws", "boto3", "botocore", "moto"),
    "workloads": ("pulumi", "pulumi_aws", "boto3", "botocore", "sagemaker", "mlflow"),
    "training": ("pulumi", "pulumi_aws"),
    "inference": ("pulumi", "pulumi_aws", "sagemaker"),
    "trial": ("pulumi", "pulumi_aws", "sagemaker", "moto"),
    "demo": ("pulumi_aws", "sagemaker", "moto"),
    "status": ("pulumi", "pulumi_aws", "sagemaker", "moto"),
    "rehearse": ("moto", "policy_sentry"),
    "components": ("sagemaker", "mlflow", "moto"),
    "stacks": ("boto3", "moto"),
    "policies": ("pulumi_aws", "boto3", "moto"),
    "scaffold": ("pulumi", "pulumi_aws", "boto3", "moto", "sagemaker"),
}


@pytest.mark.parametrize("folder", ARROWS)
def test_a_folder_imports_only_what_its_row_names(folder: str) -> None:
    allowed = (folder.removesuffix(".py"), *ARROWS[folder])
    wrong = [
        f"{where} imports {target}; {folder} may import only {', '.join(ARROWS[folder]) or 'itself'}"
        for where, target in _imports(folder)
        if target.split(".")[0] in OURS and not _within(target, allowed)
    ]
    assert not wrong, "\n".join(wrong)


MOTO = "sandbox/cloud/moto/"
# What moto's room may know of the local cloud; the others know moto by it alone.
MOTO_KNOWS = ("sandbox.cloud.actions", "sandbox.cloud.moto", "sandbox.cloud.settings", "sandbox.cloud.state.bodies")


def test_one_room_knows_moto_and_no_other_does() -> None:
    found = [seen for folder in ARROWS for seen in [*_imports(folder), *_named(folder, "moto.")]]
    wrong = [
        f"{where} knows {target}; what moto keeps and how it is mended belongs in {MOTO}"
        for where, target in found
        if _within(target, ("moto",)) and not where.startswith(MOTO)
    ]
    wrong += [
        f"{where} imports {target}; moto's room may import only {', '.join(MOTO_KNOWS)}"
        for where, target in found
        if where.startswith(MOTO) and target.split(".")[0] in OURS and not _within(target, MOTO_KNOWS)
    ]
    assert not wrong, "\n".join(wrong)


def test_moto_is_seen_where_it_is() -> None:
    assert any(where.startswith(MOTO) and _within(target, ("moto",)) for where, target in _imports("sandbox"))
    assert any(where.startswith(MOTO) for where, _ in _named("sandbox", "moto."))


@pytest.mark.parametrize("folder", FOREIGN)
def test_a_folder_keeps_free_of_what_it_must_not_know(folder: str) -> None:
    wrong = [
        f"{where} imports {target}, and {folder} must not know {target.split('.')[0]}"
        for where, target in _imports(folder)
        if _within(target, FOREIGN[folder])
    ]
    assert not wrong, "\n".join(wrong)


def test_every_folder_of_code_has_its_row() -> None:
    with_code = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert with_code == OURS


def test_the_design_draws_these_arrows() -> None:
    drawing = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("```mermaid\n")[2].partition("```")[0]
    drawn = set(re.findall(r"^ +(\w+) --(?: \".*\" --)?> (\w+)$", drawing, re.MULTILINE))
    allowed = {(folder, target.split(".")[0]) for folder, targets in ARROWS.items() for target in targets}
    # the program itself is no room, and arrows to what many ask would hide the others
    assert drawn == {
        (one, other) for one, other in allowed if one != "__main__.py" and other not in ("agreements", "machine")
    }


def test_no_two_folders_import_each_other() -> None:
    folders = {folder: {target.split(".")[0] for target in allowed} for folder, allowed in ARROWS.items()}
    done: set[str] = set()
    while ready := {folder for folder, needs in folders.items() if folder not in done and needs <= done}:
        done |= ready
    assert done == set(folders), f"a circle among {sorted(set(folders) - done)}"


def test_no_files_import_each_other() -> None:
    places = [ROOT / name for name in sorted({*ARROWS, *OURS})]
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
    circles = _circles({file.relative_to(ROOT).as_posix(): file.read_text() for file in files})
    assert not circles, "what both need belongs in a file of its own:\n" + "\n".join(circles)


@pytest.mark.parametrize(
    "imports",
    [
        "from training.b import B",
        "import training.b as b",
        "from training import b",
        "from . import b",
        "from .b import B",
        "def f():\n    from training.b import B",
        "if TYPE_CHECKING:\n    from training.b import B",
        "importlib.import_module('training.b')",
    ],
)
def test_every_circle_of_files_is_seen(imports: str) -> None:
    files = {"training/a.py": imports, "training/b.py": "import training.c", "training/c.py": "import training.a"}
    assert len(_circles(files)) == 1
    assert not _circles({**files, "training/c.py": "import json"})


def test_all_circles_of_files_are_told() -> None:
    pairs = (("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "d"), ("f", "f"))
    files: dict[str, str] = {}
    for importer, imported in pairs:
        files[f"demo/{importer}.py"] = files.get(f"demo/{importer}.py", "") + f"import demo.{imported}\n"
    assert len(_circles(files)) == 4
    assert _circles({"demo/__init__.py": "from demo.a import A", "demo/a.py": "import demo"}) != []


def _circles(files: dict[str, str]) -> list[str]:
    """Say which files need each other, from their sources by path, until no circle is left.

    An import within a function or under TYPE_CHECKING counts: it lets a circle run, but neither file can be read,
    tested or moved without the other. That importing `a.b` also runs `a/__init__.py` does not count, as long as `a.b`
    does not name `a`: a package may show what its files hold.
    """
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
    needs: dict[str, set[str]] = {}
    for module, path in modules.items():
        package = path.rpartition("/")[0].replace("/", ".")
        targets = {target for _, target in _targets(ast.parse(files[path], path), package)}
        # a target is a module, or a name in one
        needs[module] = {name if name in modules else name.rpartition(".")[0] for name in targets} & set(modules)
    circles = []
    while circle := _circle(needs):
        circles.append(" needs ".join(modules[module] for module in circle))
        needs[circle[0]].remove(circle[1])
    return circles


def _circle(needs: dict[str, set[str]]) -> list[str]:
    """Return modules of which each needs the next, the last being the first; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_settings_are_read_in_one_place() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("stacks", "components")
        for path in (ROOT / folder).rglob("*.py")
        if _reads_settings(path.read_text())
    }
    assert readers == {"stacks/settings.py"}


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import pulumi\npulumi.Config('headrace')", True),
        ("from pulumi import Config", True),
        ("from pulumi.runtime import config", True),
        ("import pulumi.runtime.config", True),
        ("pulumi.runtime.config.get_config('a')", True),
        ("import os\nos.environ['HEADRACE_SETTING']", True),
        ("import os\nos.getenv('XDG_CACHE_HOME')", False),
        ("import pulumi\npulumi.get_stack()", False),
    ],
)
def test_every_way_to_read_settings_is_seen(source: str, reads: bool) -> None:
    assert _reads_settings(source) is reads


def _reads_settings(source: str) -> bool:
    """Say whether a module reads what the stack's file says, or a setting of ours from the environment."""
    tree = ast.parse(source)
    named = {target for _, target in _targets(tree, "")} | {
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    by_pulumi = any(name == "pulumi.Config" or name.startswith("pulumi.runtime.config") for name in named)
    return by_pulumi or any(
        isinstance(node, ast.Constant) and str(node.value).startswith("HEADRACE_")
        for call in ast.walk(tree)
        if isinstance(call, ast.Subscript | ast.Call) and "environ" in ast.unparse(call).split("[")[0].split("(")[0]
        for node in ast.walk(call)
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import components.lake as lake", ["components.lake"]),
        ("from training import pipeline, train", ["training.pipeline", "training.train"]),
        ("def f():\n    from inference.plan import Plan", ["inference.plan.Plan"]),
        ("from . import keys", ["stacks.inner.keys"]),
        ("from ..settings import Settings", ["stacks.settings.Settings"]),
        ("importlib.import_module('sandbox.cloud')", ["sandbox.cloud"]),
        ("__import__('sandbox')", ["sandbox"]),
    ],
)
def test_every_way_to_import_is_seen(source: str, found: list[str]) -> None:
    assert [target for _, target in _targets(ast.parse(source), "stacks.inner")] == found


def _imports(folder: str) -> Iterator[tuple[str, str]]:
    """Yield where something is imported, and its dotted name."""
    path = ROOT / folder
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        if file.name.startswith("test_") and folder == "workloads":
            continue  # the test of somebody's workload, which asks what training makes of it
        package = ".".join(file.relative_to(ROOT).parent.parts)
        for line, target in _targets(ast.parse(file.read_text(), str(file)), package):
            yield f"{file.relative_to(ROOT)}:{line}", target


def _named(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield where a text begins with a prefix, and the text: modules are also imported, and patched, by their names."""
    path = ROOT / folder
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(), str(file))):
            if isinstance(node, ast.Constant) and str(node.value).startswith(prefix):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", str(node.value)


def _targets(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value


def _within(target: str, allowed: tuple[str, ...]) -> bool:
    return any(target == name or target.startswith(f"{name}.") for name in allowed)
