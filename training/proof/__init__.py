"""Proofs on real data that a model learns from what is known when it is asked, and is judged on what it cannot know.

`later` takes later rows away and looks whether anything changes, `alone` looks for a feature that is the answer, and
`maturity` keeps questions apart whose answers have not all come.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from training import features
from training.dataset import Split
from training.features import Compute, Features
from training.proof import alone, later, maturity
from workloads.problems import ProblemsError
from workloads.spec import Workload


def prove(
    workload: Workload,
    streams: Mapping[str, pa.Table],
    made: Features,
    parts: Split,
    *,
    compute: Compute | None = None,
) -> None:
    """Refuse a data set that a model would learn the future from.

    Parameters
    ----------
    workload : Workload
        Whose SQL made it.
    streams : mapping of str to pyarrow.Table
        The event streams that it was made of.
    made : Features
        What the SQL made of them.
    parts : Split
        What is trained on and judged by.
    compute : callable, optional
        What runs the SQL on the first part of the streams, by default `training.features.apart`.

    Raises
    ------
    workloads.problems.ProblemsError
        With all that was found, the certain before the likely.
    """
    problems = [
        *later.problems(workload, streams, made, compute or features.apart),
        *maturity.problems(workload, parts),
        *alone.problems(workload, parts),
    ]
    if problems:
        raise ProblemsError(problems)
