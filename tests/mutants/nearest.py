"""Which files may be mutated, and the tests nearest to each: its mirror, then those that hold it whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Named like a component, and about the definition beside it, which the local cloud runs.
_OF_DEFINITIONS = ("tests/components/release/test_release.py", "tests/components/test_approver.py")

# What judges declarations judges all of them, within seconds; what tries edits of whole programs takes minutes.
_DECLARED = (
    "tests/components/test_providers.py",
    "tests/stacks/test_declared.py",
    "tests/components/test_foundation.py",
    "tests/components/test_learning.py",
    "tests/components/test_serving.py",
    "tests/components/release/test_resources.py",
    "tests/components/release/test_values.py",
    "tests/components/test_defaults.py",
    "tests/components/test_boundaries.py",
    "tests/components/test_arguments.py",
    "tests/components/test_notices.py",
    "tests/stacks/test_rights.py",
    "tests/stacks/test_local.py",
    "tests/stacks/test_policy_pack.py",
    "tests/stacks/test_captures.py",
)
_STACKS = (
    "tests/stacks/test_settings.py",
    "tests/stacks/test_inputs.py",
    "tests/stacks/test_definitions.py",
    "tests/stacks/test_others.py",
    "tests/status/test_environment.py",
    "tests/stacks/test_names.py",
    "tests/stacks/test_two_workloads.py",
)
_FEATURE_GROUPS = (
    "tests/components/features/test_group.py",
    "tests/components/features/test_sweep.py",
    "tests/components/features/test_calls.py",
    "tests/components/test_repeated_calls.py",
)
_RAW = tuple(f"tests/training/raw/test_{name}.py" for name in ("values", "moments", "layouts", "formats", "order"))
# The jobs in this process: a chain of real jobs takes a minute, and what it alone notices lacks a test of its own.
_TRAINING = (
    "tests/training/test_edges.py",
    "tests/training/test_champion.py",
    "tests/training/test_gates.py",
    "tests/training/test_mains.py",
    "tests/training/test_pipeline.py",
    "tests/training/test_requests.py",
    "tests/training/test_pipeline_retries.py",
)

_AUTHORISATION = {
    "absence": "absent_objects",
    "authorization": "judgement judgement_of_services",
    "conditions": "conditions policy_edges",
    "decisions": "decisions_written",
    "encryption": "encryption_uses encryption_keys judgement_of_services",
    "policy": "policy policy_edges",
    "request_context": "request_context",
    "trust": "judgement_of_services",
}
"""Files of the local cloud's authorisation in control/iam, and their tests, which start no local cloud."""

_KEPT_BY_MOTO = {
    "iam": "kept judgement judgement_of_services",
    "protection": "kept encryption_uses encryption_keys judgement_of_services",
}
"""What that authorisation asks of moto."""

# Pattern of files -> tests, by the order in which they run. The first pattern that fits counts.
NEAREST: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "components/release/release.asl.json",
        (
            "tests/components/release/test_choices.py",
            "tests/components/test_tasks.py",
            "tests/components/release/test_definition.py",
            "tests/components/test_definitions.py",
        ),
    ),
    (
        "components/approver.asl.json",
        (
            "tests/components/test_approver_choices.py",
            "tests/components/test_tasks.py",
            "tests/components/test_definitions.py",
        ),
    ),
    ("components/account.py", ("tests/components/test_account.py", "tests/components/test_account_patience.py")),
    ("components/asl.py", ("tests/components/test_asl.py", "tests/components/release/test_definition.py")),
    (
        "components/births/*.py",
        (
            "tests/components/endpoint/test_birth.py",
            "tests/components/tracking/test_birth.py",
            "tests/components/test_repeated_calls.py",
        ),
    ),
    ("components/image/bundle.py", ("tests/components/image/test_bundle.py",)),
    ("components/endpoint/birth.py", ("tests/components/endpoint/test_birth.py", "tests/components/test_providers.py")),
    ("components/features/*.py", (*_FEATURE_GROUPS, *_DECLARED)),
    (
        "components/image/build.py",
        (
            "tests/components/image/test_build.py",
            "tests/components/image/test_build_lag.py",
            "tests/components/test_providers.py",
        ),
    ),
    (
        "components/sweeper.py",
        (
            "tests/components/test_sweeper.py",
            "tests/components/test_sweeper_lag.py",
            "tests/components/test_providers.py",
        ),
    ),
    ("components/workload_files.py", ("tests/components/test_workload_files.py", *_DECLARED)),
    ("components/**/*.py", _DECLARED),
    ("stacks/*.py", (*_STACKS, *_DECLARED)),
    ("training/labels.py", ("tests/training/test_labels.py", "tests/training/test_kinds.py")),
    ("training/estimators.py", ("tests/training/test_kinds.py",)),
    ("training/metrics.py", ("tests/training/test_kinds.py", "tests/training/test_gates.py")),
    ("training/check.py", (*_TRAINING, "tests/training/test_labels.py")),
    ("training/package.py", ("tests/training/test_package.py", *_TRAINING)),
    ("training/job.py", ("tests/training/test_job.py", *_TRAINING)),
    ("training/raw/*.py", _RAW),
    ("training/features.py", ("tests/training/test_features.py", "tests/training/raw/test_same_model.py")),
    ("training/train.py", ("tests/training/test_kinds.py", *_TRAINING)),
    ("training/tracking.py", ("tests/training/test_tracking.py", *_TRAINING)),
    ("training/*.py", _TRAINING),
    (
        "inference/answers.py",
        ("tests/training/test_answers.py", "tests/training/test_kinds.py", "tests/inference/test_formats.py"),
    ),
    ("inference/*.py", ("tests/inference", "tests/training/test_gates.py")),
    ("policies/**/*.py", ("tests/policies",)),
    *(
        (
            f"sandbox/cloud/control/iam/{part}.py",
            tuple(f"tests/cloud/control/iam/test_{test}.py" for test in tests.split()),
        )
        for part, tests in _AUTHORISATION.items()
    ),
    ("sandbox/cloud/control/s3.py", ("tests/cloud/control/test_s3.py",)),
    *(
        (f"sandbox/cloud/moto/{part}.py", tuple(f"tests/cloud/control/iam/test_{test}.py" for test in tests.split()))
        for part, tests in _KEPT_BY_MOTO.items()
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
