"""Which files may be mutated, and the tests nearest to each: its mirror, then those that hold it whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Named like a component, and about the definition beside it, which the local cloud runs.
_OF_DEFINITIONS = ("tests/components/test_release.py", "tests/components/test_approver.py")

# What judges declarations judges all of them, within seconds.
_DECLARED = (
    "tests/stacks",
    "tests/components/test_foundation.py",
    "tests/components/test_learning.py",
    "tests/components/test_serving.py",
    "tests/components/test_release_resources.py",
    "tests/components/test_release_values.py",
    "tests/components/test_defaults.py",
    "tests/components/test_boundaries.py",
    "tests/components/test_arguments.py",
    "tests/components/test_notices.py",
)
_TRAINING = (
    "tests/training/test_champion.py",
    "tests/training/test_gates.py",
    "tests/training/test_learning.py",
    "tests/training/test_pipeline.py",
    "tests/training/test_requests.py",
    "tests/training/test_chain.py",
)

_AUTHORISATION = {
    "absence": "absence",
    "authorization": "decisions trust authorization",
    "conditions": "conditions policy_edges",
    "decisions": "decisions policy authorization",
    "encryption": "encryption_uses encryption boundaries sns services",
    "policy": "policy policy_edges decisions boundaries",
    "request_context": "conditions authorization trust",
    "s3": "s3",
    "trust": "trust",
}
"""Files of the local cloud's authorisation, and the tests in tests/cloud/control."""

# Pattern of files -> tests, by the order in which they run. The first pattern that fits counts.
NEAREST: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "components/release.asl.json",
        (
            "tests/components/test_release_definition.py",
            "tests/components/test_definitions.py",
            "tests/components/test_release.py",
            "tests/components/test_release_weather.py",
        ),
    ),
    (
        "components/approver.asl.json",
        (
            "tests/components/test_definitions.py",
            "tests/components/test_approver_decides.py",
            "tests/components/test_approver.py",
        ),
    ),
    ("components/account.py", ("tests/components/test_account.py",)),
    ("components/asl.py", ("tests/components/test_asl.py", "tests/components/test_release_definition.py")),
    ("components/bundle.py", ("tests/components/test_bundle.py",)),
    ("components/endpoint_birth.py", ("tests/components/test_endpoint_birth.py",)),
    ("components/image_build.py", ("tests/components/test_image_build.py",)),
    ("components/sweeper.py", ("tests/components/test_sweeper.py",)),
    ("components/*.py", _DECLARED),
    ("stacks/*.py", ("tests/stacks",)),
    ("training/*.py", _TRAINING),
    ("inference/*.py", ("tests/inference", "tests/training/test_gates.py")),
    ("policies/**/*.py", ("tests/policies",)),
    *(
        (f"sandbox/cloud/control/{part}.py", tuple(f"tests/cloud/control/test_{test}.py" for test in tests.split()))
        for part, tests in _AUTHORISATION.items()
    ),
)


def files() -> Iterator[Path]:
    """Yield the files that may be mutated, by their path in the project."""
    yield from (Path(path) for path in _parts() if Path(path).name not in ("__init__.py", "__main__.py"))


def part_of(path: str) -> str:
    """Return the pattern that a file falls under."""
    return _parts()[path]


def tests_of(path: str) -> tuple[str, ...]:
    """Return the tests nearest to a file: its mirror first, if there is one."""
    mirror = f"tests/{Path(path).parent}/test_{Path(path).name}"
    first = (mirror,) if (ROOT / mirror).is_file() and mirror not in _OF_DEFINITIONS else ()
    return (*first, *(test for test in dict(NEAREST)[part_of(path)] if test not in first))


@cache
def _parts() -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern, _ in NEAREST:
        for path in sorted(ROOT.glob(pattern)):
            found.setdefault(path.relative_to(ROOT).as_posix(), pattern)
    return found
