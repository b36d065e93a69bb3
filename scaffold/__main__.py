"""`python -m scaffold`: write a first workload for a folder of data; `make workload` calls it.

The exit code is 2 where something has to be said or mended first, and nothing was written then.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scaffold import making
from scaffold.answers import Answers, UnansweredError, ask, parts
from training.job import JobError
from workloads.problems import ProblemsError

_TITLE = 12


def main(
    arguments: Sequence[str] | None = None,
    *,
    workloads: Path = making.WORKLOADS,
    terminal: bool | None = None,
    read: Callable[[str], str] = input,
) -> int:
    """Write a workload and return the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    workloads : Path
        Where the workload's folder comes to lie.
    terminal : bool, optional
        Whether there is somebody to ask; by default whether input and output are a terminal.
    read : callable
        Shows a prompt and returns a line.
    """
    given = _parser().parse_args(arguments)
    if terminal is None:
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
    answers = Answers(
        label=given.label.strip(),
        label_type=given.label_type.strip().lower(),
        event_time=parts(given.event_time),
        known_at=given.known_at.strip(),
        horizon=given.horizon.strip(),
        record_id=given.record_id.strip(),
        entity=parts(given.entity),
    )
    data = Path(given.folder) if given.folder else None
    try:
        tables = making.look(given.name, data, workloads)
        for one in tables.values():
            _say("read", f"{one.source.place}: {one.rows.num_rows:,} rows, {len(one.columns)} columns")
        while True:
            try:
                made = making.make(given.name, Path(given.folder), tables, answers, say=_say, workloads=workloads)
                break
            except UnansweredError as error:
                if not terminal or not error.questions or len(error.problems) > len(error.questions):
                    raise
                question = error.questions[0]
                answers = answers.changed(question.name, ask(question, read, print))
    except UnansweredError as error:
        _refuse(error, terminal)
        if error.questions:
            print(f"\nThen run it again:\n  {_command(given.name, given.folder, answers, error)}", file=sys.stderr)
        return 2
    except (ProblemsError, JobError) as error:
        _refuse(error, terminal)
        return 2
    except (KeyboardInterrupt, EOFError):
        print("\nInterrupted; nothing was written.", file=sys.stderr)
        return 130
    for title, line in making.summary(made):
        _say(title, line)
    for path in sorted(made.folder.iterdir()):
        _say("wrote", f"{workloads.name}/{given.name}/{path.name}")
    _say("next", f"read these, then: make try WORKLOAD={given.name} FROM={shlex.quote(given.folder)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scaffold", description=__doc__)
    parser.add_argument("--name", default="", help="what the workload is called")
    parser.add_argument("--from", dest="folder", default="", help="folder of Parquet, CSV or JSON Lines files")
    parser.add_argument("--label", default="", help="source.column, or column: what is to be predicted")
    parser.add_argument("--label-type", default="", help="boolean, category or number, where numbers may be either")
    parser.add_argument(
        "--event-time", default="", help="the column with the moment of the question; with commas of several sources"
    )
    parser.add_argument("--known-at", default="", help="the column that says when the label became known")
    parser.add_argument("--horizon", default="", help="how long after the event time it did, as '30 days'")
    parser.add_argument("--record-id", default="", help="the column that identifies an example")
    parser.add_argument("--entity", default="", help="columns whose history other sources have, with commas")
    return parser


def _refuse(error: Exception, terminal: bool) -> None:
    print(
        "\n".join(
            f"{'refused' if not index else '':<{_TITLE}}{line}" for index, line in enumerate(str(error).splitlines())
        ),
        file=sys.stderr,
    )


def _command(name: str, folder: str, answers: Answers, error: UnansweredError) -> str:
    """Write the command with the likeliest answer to each question."""
    given = {"NAME": name, "FROM": folder, **dict(answers.as_arguments())}
    for question in error.questions:
        likely = question.candidates[0][0] if question.candidates else "..."
        given[question.variable] = ",".join(filter(None, (given.get(question.variable), likely)))
    return " ".join(["make workload", *(f"{variable}={shlex.quote(value)}" for variable, value in given.items())])


def _say(title: str, text: str) -> None:
    print(f"{title:<{_TITLE}}{text}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
