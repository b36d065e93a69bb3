"""Which instances' volumes take a customer key: the families with local storage, and those without.

SageMaker gives an instance with local NVMe storage no volume, and refuses a volume key for it. A family that stands in
neither list is unknown; the settings refuse it, and the policy pack asks for a key.
"""

from __future__ import annotations

import re

# With local storage, as EC2's list of instance store volumes has them; others say so by a "d" after the generation, as
# m5d and g4dn do. The policy pack, which imports nothing of ours, has the same list; a test compares the two.
LOCAL_STORAGE = frozenset(
    {
        *("dl1", "g5", "g6", "g6e", "g7", "g7e", "gr6", "i3", "i4i"),
        *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
    }
)
VOLUMES_ONLY = frozenset(
    {
        *("c4", "c5", "c5n", "c6g", "c6gn", "c6i", "c6in", "c7g", "c7i", "c7i-flex", "c8g", "c8i", "c8i-flex"),
        *("m4", "m5", "m6g", "m6i", "m7i", "m7i-flex", "m8g", "m8i", "m8i-flex"),
        *("r5", "r6g", "r6i", "r7i", "r8g", "r8i", "r8i-flex"),
        *("inf1", "inf2", "p2", "p3", "t2", "t3"),
    }
)


def has_local_storage(instance_type: str) -> bool:
    """Tell whether an instance type, such as ``ml.g5.xlarge``, is known to have local storage."""
    family = _family(instance_type)
    return family in LOCAL_STORAGE or re.fullmatch(r"[a-z]+\d+[a-z]*d[a-z]*", family) is not None


def takes_volume_key(instance_type: str) -> bool:
    """Tell whether an instance type, such as ``ml.m5.large``, is known to have nothing but volumes that take a key."""
    return _family(instance_type) in VOLUMES_ONLY


def _family(instance_type: str) -> str:
    return instance_type.removeprefix("ml.").partition(".")[0]
