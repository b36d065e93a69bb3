"""The `pulumi` on the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine import cli


def on_the_path(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `pulumi` on the path that does what a shell script says."""
    pulumi = folder / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{script}\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_outputs_are_told_alone_or_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, every = "stack output raw_bucket --json --stack dev", "stack output --json --stack dev"
    script = f"""case "$*" in "{one} --non-interactive") echo '"b"' ;; "{every} --non-interactive") echo '{{"a": 1}}' ;;
    *) exit 9 ;; esac"""
    on_the_path(tmp_path, script, monkeypatch)
    assert cli.output("dev", "raw_bucket") == "b"
    assert cli.output("dev") == {"a": 1}


@pytest.mark.parametrize("stream", ["1", "2"])
def test_what_it_refuses_is_said_in_its_words(stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_the_path(tmp_path, f"echo error: no stack named dev >&{stream}; exit 255", monkeypatch)
    with pytest.raises(cli.PulumiError, match=r"^`pulumi stack export` failed:\nerror: no stack named dev$"):
        cli.pulumi("stack", "export", "--stack", "dev")


def test_where_it_is_not_there_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(cli.PulumiError, match="No such file"):
        cli.pulumi("stack", "ls")
