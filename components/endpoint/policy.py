"""The serving policy: what the released model runs on. Pulumi owns it, the release machine reads it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from components.instance_types import takes_volume_key

_VARIANT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_MOST_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class ServingPolicy:
    """How a model is served. A change of it releases the live model again.

    Attributes
    ----------
    variant_name : str
        Name of the one production variant. The endpoint's birth must use it too: SageMaker carries what autoscaling
        has set over to a variant of the same name only.
    instance_type : str
        Such as ``ml.m5.large``.
    instance_count : int
        Instances when this policy is first applied; later releases keep what autoscaling has set.
    capture_percent : int
        Share of requests whose input and output are captured, from 0 (none) to 100.
    """

    variant_name: str = "live"
    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    capture_percent: int = 0

    def rules(self) -> list[tuple[bool, str]]:
        """Return every rule with whether it holds, as `components.checks.require` wants them."""
        return [
            (
                bool(_VARIANT_NAME.fullmatch(self.variant_name)),
                "`serving_policy.variant_name` must be letters, digits and inner hyphens, at most 63, "
                f"got {self.variant_name!r}. Use such a name, `live` for example.",
            ),
            (
                bool(_INSTANCE_TYPE.fullmatch(self.instance_type)),
                "`serving_policy.instance_type` must be a SageMaker instance type, "
                f"got {self.instance_type!r}. They look like ml.m5.large.",
            ),
            (
                not _INSTANCE_TYPE.fullmatch(self.instance_type) or takes_volume_key(self.instance_type),
                "`serving_policy.instance_type` must be of a family known to have no local storage, because SageMaker "
                f"refuses a volume key for others, got {self.instance_type!r}. Choose another family; a new one is "
                "added to components/instance_types.py.",
            ),
            (
                self.instance_count >= 1,
                f"`serving_policy.instance_count` must be at least 1, got {self.instance_count}. "
                "An endpoint cannot serve without an instance.",
            ),
            (
                0 <= self.capture_percent <= _MOST_PERCENT,
                f"`serving_policy.capture_percent` must be from 0 to 100, got {self.capture_percent}. "
                "0 captures nothing.",
            ),
        ]

    def to_json(self) -> str:
        """Write the policy as the SSM parameter holds it; the same policy always gives the same text."""
        return json.dumps(
            {
                "variant_name": self.variant_name,
                "instance_type": self.instance_type,
                "instance_count": self.instance_count,
                "capture_enabled": self.capture_percent > 0,
                "capture_percent": self.capture_percent,
            }
        )
