"""A local cloud is stopped with its last environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stacks import others

STACK, KEY = "pulumi:pulumi:Stack", "aws:kms/key:Key"


def answering(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a `pulumi` on the path that does what a shell script says."""
    pulumi = folder / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{script}\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("stacks", "kinds", "said"),
    [
        ([{"name": "local", "resourceCount": 0}], [KEY], ""),
        (
            [{"name": "local", "resourceCount": 7}, {"name": "localb"}, {"name": "localc", "resourceCount": 0}],
            [KEY],
            "",
        ),
        ([{"name": "local"}, {"name": "localb", "resourceCount": 160}], [STACK, KEY], "localb is in it"),
        ([{"name": name, "resourceCount": 2} for name in ("localb", "localc")], [KEY], "localb, localc are in it"),
        # an update that was refused before it made anything
        ([{"name": "local"}, {"name": "dev", "resourceCount": 2}], [STACK, "pulumi:providers:aws"], ""),
    ],
)
def test_others_are_those_that_hold_something(
    *,
    stacks: list[dict[str, object]],
    kinds: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = {"deployment": {"resources": [{"type": kind} for kind in kinds]}}
    exported, listed = json.dumps(state), json.dumps(stacks)
    answering(monkeypatch, tmp_path, f"case $2 in ls) echo '{listed}' ;; export) echo '{exported}' ;; esac")
    assert others.main(["local"]) == (1 if said else 0)
    assert said in capsys.readouterr().out


def test_nothing_is_stopped_where_pulumi_cannot_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, tmp_path, "echo no backend >&2; exit 255")
    assert others.main(["local"]) == 1
    assert "no backend" in capsys.readouterr().err
