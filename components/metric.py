"""What CloudWatch measures of a thing; the thing itself says what that is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of one thing.

    Attributes
    ----------
    namespace, name : str
        As CloudWatch calls them.
    dimensions : mapping of str to input of str
        What tells the thing from others of its kind.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A way in which something fails in the background.

    Attributes
    ----------
    role : str
        What the names of alarms on it end in.
    description : str
        What happened, as an alarm says it.
    metric : Metric
        That counts it.
    """

    role: str
    description: str
    metric: Metric
