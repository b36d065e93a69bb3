"""A run that is killed, or that meets another one, leaves nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaffold import tests_text
from scaffold.__main__ import main
from tests.scaffold import data

ROOT = Path(__file__).parents[2]
_RUN = (
    "import sys; from pathlib import Path; from scaffold.__main__ import main; "
    "main(sys.argv[2:], workloads=Path(sys.argv[1]))"
)


def test_a_killed_run_leaves_nothing_and_the_next_one_is_free(tmp_path: Path) -> None:
    folder, workloads = data.patients(tmp_path / "found" / "patients"), tmp_path / "workloads"
    workloads.mkdir()
    arguments = ["--name", "patients", "--from", str(folder), "--label", "progression"]
    run = subprocess.Popen([sys.executable, "-c", _RUN, str(workloads), *arguments], cwd=ROOT)
    unfinished = tmp_path / ".headrace"
    while not list(unfinished.glob("workload-*/patients/workload.yaml")):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert list(workloads.iterdir()) == []
    assert main(arguments, workloads=workloads, terminal=False) == 0
    assert sorted(path.name for path in (workloads / "patients").iterdir()) == [
        "features.sql",
        "test_patients.py",
        "workload.yaml",
    ]


def test_a_folder_that_somebody_made_meanwhile_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, workloads = data.patients(tmp_path / "found" / "patients"), tmp_path / "workloads"
    workloads.mkdir()
    formatted = tests_text.formatted

    def meanwhile(text: str) -> str:
        (workloads / "patients").mkdir()
        (workloads / "patients" / "mine.txt").touch()
        return formatted(text)

    monkeypatch.setattr(tests_text, "formatted", meanwhile)
    arguments = ["--name", "patients", "--from", str(folder), "--label", "progression"]
    assert main(arguments, workloads=workloads, terminal=False) == 2
    assert "NAME must be no folder yet" in capsys.readouterr().err
    assert [path.name for path in (workloads / "patients").iterdir()] == ["mine.txt"]
    assert list((tmp_path / ".headrace").iterdir()) == []
