"""What the model that serves was trained with, so that it is asked what it knows."""

from __future__ import annotations

from agreements.metadata import FEATURE_GROUP_
from status import ledger
from status.environment import Environment
from status.packages import describe_package


def feature_groups(environment: Environment) -> dict[str, str]:
    """Return, by entity, the feature group that the model that serves was trained with.

    The ledger's newest release names its package, and the package its groups. A model without them, and the bootstrap
    model, which looks at no feature, have those that the training pipeline fills.
    """
    current = environment.own.feature_groups
    package = _released(environment)
    if package is None:
        return dict(current)
    metadata = describe_package(environment, package).metadata
    named = {
        key.removeprefix(FEATURE_GROUP_): value for key, value in metadata.items() if key.startswith(FEATURE_GROUP_)
    }
    return {**current, **named}


def _released(environment: Environment) -> str | None:
    released = (entry["package"] for entry in ledger.entries(environment) if entry["outcome"] == "released")
    return next(released, None)
