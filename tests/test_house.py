"""What no file of the project may hold, and how long one may get."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400

# Composed, so that this file holds none of them itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}~*-])/(?:" + "|".join(("work", "root", "home")) + r")/")
EMAIL = re.compile(r"[\w.+-]+" + "@" + r"(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("conda", "anaconda", "org"),
    )
)
ADDRESS_IN_LOCK = re.compile("|".join((r"\w+" + "://", "--(?:extra-)?" + "index-url", "--find" + "-links")))


def test_no_file_holds_an_e_mail_address() -> None:
    _none(EMAIL, "names a person; write who without an address")


def test_no_file_holds_a_path_of_one_machine() -> None:
    _none(MACHINE_PATH, "is a path of one machine; start from the file's own place, or from a setting")


@pytest.mark.parametrize("registry", REGISTRIES)
def test_no_file_names_a_package_registry(registry: str) -> None:
    _none(re.compile(rf"\b{re.escape(registry)}\b"), "is a package registry's host; users have their own mirrors")


def test_python_files_are_short_enough_to_read() -> None:
    lengths = {path: len(text.splitlines()) for path, text in _files() if path.suffix == ".py"}
    long = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > MOST_LINES]
    assert not long, f"more than {MOST_LINES} lines, split by what they do:\n" + "\n".join(long)


def test_lock_files_carry_no_addresses() -> None:
    locks = [(path, text) for path, text in _files() if path.suffix == ".lock" or path.name == "go.sum"]
    assert {"requirements.lock", "image/requirements.lock"} <= {path.as_posix() for path, _ in locks}
    wrong = [f"{path}:{line}: {what}" for path, text in locks for line, what in _matches(ADDRESS_IN_LOCK, text)]
    assert not wrong, "a lock file names packages, not where they come from:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (EMAIL, "ask jane.doe" + "@example.com, please"),
        (EMAIL, "git" + "@github.com:x/y.git"),
        (MACHINE_PATH, 'open("' + "/" + 'root/x")'),
        (MACHINE_PATH, "file://" + "/" + "home/me"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "@pytest.mark.x",
        "repo@sha256:0a1b",
        "module/v3@v3.259.0",
        *(before + "/work" + "/b" for before in ("a", "~", "${X}")),
    ],
)
def test_the_patterns_leave_the_rest_alone(text: str) -> None:
    assert not EMAIL.search(text)
    assert not MACHINE_PATH.search(text)


def _none(pattern: re.Pattern[str], why: str) -> None:
    wrong = [f"{path}:{line}: {what!r} {why}" for path, text in _files() for line, what in _matches(pattern, text)]
    assert not wrong, "\n".join(wrong)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group()


def _files() -> Iterator[tuple[Path, str]]:
    """Yield the project's text files, by their path in it; what git ignores, and its own, are not the project's."""
    ignored = {".git"} | {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split() if line.endswith("/")}
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.is_dir():
                if path.name not in ignored and not path.is_symlink():
                    folders.append(path)
            elif path.suffix != ".pyc" and path.name not in ignored:
                try:
                    yield path.relative_to(ROOT), path.read_text()
                except UnicodeDecodeError:
                    continue
