"""The volumes of an endpoint's instances are encrypted with a customer key, where SageMaker takes one."""

import re
from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule, lacks_customer_key

# Instances with local NVMe storage encrypt it in hardware, and CreateEndpointConfig refuses a key for them. Their
# families carry a "d" after the generation (m5d, g4dn, p4de), but for these. components/instance_types.py, which no
# policy may import, has the same list; a test compares the two. A family that is unknown must have a key.
NVME_WITHOUT_D = frozenset(
    {
        *("dl1", "g5", "g6", "g6e", "g7", "g7e", "gr6", "i3", "i4i"),
        *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
    }
)


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the volumes are not encrypted with a customer key."""
    for reason in lacks_customer_key(args.props, "kmsKeyArn"):
        variants = [
            *(args.props.get("productionVariants") or ()),
            *(args.props.get("shadowProductionVariants") or ()),
        ]
        if not any(_has_local_storage(variant.get("instanceType") or "") for variant in variants):
            yield reason


def _has_local_storage(instance_type: str) -> bool:
    family = instance_type.removeprefix("ml.").split(".", 1)[0]
    return family in NVME_WITHOUT_D or re.fullmatch(r"[a-z]+\d+[a-z]*d[a-z]*", family) is not None


RULE = ResourceRule(
    name="sagemaker-endpoint-volume-key",
    controls=("Config:sagemaker-endpoint-configuration-kms-key-configured",),
    title="Endpoint volumes are encrypted with a customer key",
    types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
    remedy="set kms_key_arn to a key of the stack.",
    check=check,
)
