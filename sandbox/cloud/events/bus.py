"""The default event bus: an event in, every matching rule's targets started."""

from __future__ import annotations

from typing import Any


def emit(source: str, detail_type: str, detail: dict[str, Any], resources: list[str] | None = None) -> None:
    """Put an event on the default bus; delivery happens on a thread of its own, after this returns.

    Parameters
    ----------
    source : str
        e.g. ``aws.sagemaker``.
    detail_type : str
        e.g. ``SageMaker Model Package State Change``.
    detail : dict
        JSON-serialisable; names as AWS writes them.
    resources : list of str, optional
        ARNs.
    """
    raise NotImplementedError
