"""`pulumi` by its automation API, as the story uses it: up, and the preview that must find nothing to change."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation import EngineEvent, OpType

from demo.console import StoryError
from machine.cli import PulumiError
from stacks import interrupted

_PACKS = ["policies"]
_WORDS = {
    OpType.CREATE: "created",
    OpType.UPDATE: "updated",
    OpType.DELETE: "deleted",
    OpType.REPLACE: "replaced",
    OpType.SAME: "unchanged",
}
_COLOUR = re.compile(r"<\{%.*?%\}>")  # how the engine marks up its messages
_MOST = 40  # lines of what it printed, where no event says what went wrong


@dataclass
class _Watch:
    """Hears what the engine does.

    Attributes
    ----------
    done : callable
        Called with ``TYPE NAME`` as each resource is ready.
    changes : Counter
        Resources by what happened to them.
    wrong : list of str
        Errors and policies that were broken.
    differing : list of str
        Resources that are, or would be, changed, with their properties.
    """

    done: Callable[[str], None]
    changes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def __call__(self, event: EngineEvent) -> None:
        if (said := event.diagnostic_event) and said.severity == "error":
            self._complain(said.urn, said.message)
        if (policy := event.policy_event) and policy.enforcement_level == "mandatory":
            self._complain(policy.resource_urn, f"{policy.policy_name}: {policy.message}")
        if event.resource_pre_event and event.resource_pre_event.metadata.op not in (OpType.SAME, OpType.READ):
            planned = event.resource_pre_event.metadata
            self.differing.append(f"{planned.op.value} {_named(planned.urn)} {', '.join(planned.diffs or [])}".rstrip())
        if event.res_outputs_event and event.res_outputs_event.metadata.op is not OpType.SAME:
            self.done(_named(event.res_outputs_event.metadata.urn))
        if event.summary_event:
            for operation, count in (event.summary_event.resource_changes or {}).items():
                if operation in _WORDS:
                    self.changes[_WORDS[operation]] += count

    def _complain(self, urn: str | None, message: str) -> None:
        self.wrong.append(f"{_named(urn)}: {_COLOUR.sub('', message).strip()}" if urn else _COLOUR.sub("", message))


def up(stack: str, log: Path, done: Callable[[str], None]) -> tuple[dict[str, int], dict[str, Any]]:
    """Deploy with the policy pack.

    Parameters
    ----------
    stack : str
        The environment.
    log : Path
        Where everything that pulumi prints goes.
    done : callable
        Called with ``TYPE NAME`` as each resource is ready.

    Returns
    -------
    dict
        Resources by what happened to them: created, updated, unchanged ...
    dict
        The stack's outputs.

    Raises
    ------
    StoryError
        With what the engine says is wrong.
    """
    watch = _Watch(done)
    with _explained(watch, log, "`pulumi up` failed. Mend what it says and run the same command again.") as write:
        chosen = automation.create_or_select_stack(stack, work_dir=str(Path.cwd()))
        try:
            interrupted.take_over(stack)
        except (PulumiError, TimeoutError) as error:
            raise StoryError(str(error)) from error
        result = chosen.up(policy_packs=_PACKS, color="never", on_output=write, on_error=write, on_event=watch)
    return dict(watch.changes), {name: output.value for name, output in result.outputs.items()}


def nothing_to_change(stack: str, log: Path) -> None:
    """Refresh and preview; raise `StoryError` if anything would change."""
    watch = _Watch(lambda _: None)
    with _explained(watch, log, "`pulumi preview --refresh` found something to change.") as write:
        automation.select_stack(stack, work_dir=str(Path.cwd())).preview(
            refresh=True,
            expect_no_changes=True,
            diff=True,
            policy_packs=_PACKS,
            color="never",
            on_output=write,
            on_error=write,
            on_event=watch,
        )


@contextlib.contextmanager
def _explained(watch: _Watch, log: Path, failed: str) -> Iterator[Callable[[str], None]]:
    """Keep what is printed in a log, and say what is wrong where a command fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with log.open("w", encoding="utf-8") as file:

        def write(text: str) -> None:
            lines.append(text.rstrip())
            file.write(f"{lines[-1]}\n")
            file.flush()

        try:
            yield write
        except automation.CommandError as error:
            told = watch.wrong or watch.differing or lines[-_MOST:] or [str(error)]
            raise StoryError("\n".join([failed, *told, f"All that it printed: {log}"])) from error


def _named(urn: str) -> str:
    """Return a resource's type and name: the end of its URN."""
    kind, _, name = urn.rpartition("::")
    return f"{kind.rsplit('::', 1)[-1].rsplit('$', 1)[-1]} {name}"
