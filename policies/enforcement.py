"""How strictly each rule is held: the one place that decides it. Rules know nothing of it.

`MANDATORY` stops `pulumi preview` and `pulumi up`; `ADVISORY` only tells. A stricter environment changes a level or a
rule's settings with `--policy-pack-config FILE`, see docs/policies.md.
"""

from pulumi_policy import EnforcementLevel

LEVELS: dict[str, EnforcementLevel] = {
    "ecr-customer-key": EnforcementLevel.MANDATORY,
    "ecr-immutable-tags": EnforcementLevel.MANDATORY,
    "ecr-scan-on-push": EnforcementLevel.MANDATORY,
    "kms-key-rotation": EnforcementLevel.MANDATORY,
    "logs-customer-key": EnforcementLevel.MANDATORY,
    "logs-retention": EnforcementLevel.MANDATORY,
    "s3-customer-key": EnforcementLevel.MANDATORY,
    "s3-public-access-blocked": EnforcementLevel.MANDATORY,
    "s3-tls-only": EnforcementLevel.MANDATORY,
    "s3-versioning": EnforcementLevel.MANDATORY,
    "sagemaker-endpoint-volume-key": EnforcementLevel.MANDATORY,
    "sagemaker-model-isolation": EnforcementLevel.MANDATORY,
    "sagemaker-offline-store-key": EnforcementLevel.MANDATORY,
    "sagemaker-online-store-key": EnforcementLevel.MANDATORY,
}
