"""Two folders of data that nobody prepared for us, and one more: from the data to metrics without an edit."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import ruff

import trial
from scaffold.__main__ import main
from tests.scaffold import data
from workloads import spec
from workloads.spec import Workload

GIVEN = {
    "wines": ("--label", "Cultivar"),
    "patients": ("--label", "progression"),
    "bikes": ("--label", "Returned Late", "--event-time", "started_at", "--entity", "STATION"),
}


@dataclass(frozen=True)
class Written:
    """A workload that was made of a folder, and how trying it went."""

    folder: Path
    data: Path
    workload: Workload
    trial: trial.Trial


@pytest.fixture(scope="module", params=GIVEN)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    name = request.param
    root = tmp_path_factory.mktemp(name)
    folder = getattr(data, name)(root / "found" / name)
    (root / "workloads").mkdir()
    arguments = ["--name", name, "--from", str(folder), *GIVEN[name]]
    assert main(arguments, workloads=root / "workloads", terminal=False) == 0
    made = root / "workloads" / name
    return Written(made, folder, spec.load(made / "workload.yaml"), trial.run(made, folder))


def test_what_is_written_passes_its_trial(written: Written) -> None:
    assert written.trial.gates.message == "every gate passed"
    assert written.trial.violations.empty


def test_each_gate_is_better_than_the_prior_and_can_fail(written: Written) -> None:
    reached = dict(zip(written.trial.metrics["metric"], written.trial.metrics["value"], strict=True))
    for name, bound in written.workload.gates.metrics.items():
        if bound.minimum is not None:
            assert {"roc_auc": 0.5, "balanced_accuracy": 0.34, "r2": 0.0}[name] < bound.minimum < reached[name]
        else:
            assert bound.maximum is not None
            assert reached[name] < bound.maximum


def test_the_test_that_is_written_passes_and_keeps_to_the_house(written: Written) -> None:
    file = written.folder / f"test_{written.folder.name}.py"
    tests = _tests(file)
    for test in tests:
        test()
    assert len(tests) == 3
    settings = ("--config", str(Path(data.__file__).parents[2] / "pyproject.toml"))
    for check in (("check", *settings, "--ignore", "S101"), ("format", "--check", *settings)):
        said = subprocess.run([ruff.find_ruff_bin(), *check, str(file)], capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout


def test_the_test_that_is_written_notices_a_changed_feature(written: Written, tmp_path: Path) -> None:
    folder = tmp_path / written.folder.name
    shutil.copytree(written.folder, folder)
    sql = (folder / "features.sql").read_text("utf-8")
    number = next(name for name, feature in written.workload.features.items() if feature.type == "number")
    changed = re.sub(rf"(\w+\.{number}),", rf"\1 + 1 AS {number},", sql, count=1)
    assert changed != sql
    (folder / "features.sql").write_text(changed, "utf-8")
    examples = _tests(folder / f"test_{folder.name}.py", "test_each")
    with pytest.raises(AssertionError):
        examples[0]()


def _tests(file: Path, prefix: str = "test_") -> list[Callable[[], None]]:
    made = importlib.util.spec_from_file_location("written_test", file)
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return [getattr(module, name) for name in dir(module) if name.startswith(prefix)]


def test_the_same_data_give_the_same_files(written: Written, tmp_path: Path) -> None:
    name = written.folder.name
    arguments = ["--name", name, "--from", str(written.data), *GIVEN[name]]
    (tmp_path / "workloads").mkdir()
    assert main(arguments, workloads=tmp_path / "workloads", terminal=False) == 0
    for file in written.folder.glob("*.*"):
        assert (tmp_path / "workloads" / name / file.name).read_bytes() == file.read_bytes()
