"""An image repository is encrypted with a customer key."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule, lacks_customer_key


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the images are not encrypted with a customer key."""
    configurations = args.props.get("encryptionConfigurations") or ()
    if not configurations:
        yield "encryptionConfigurations is not set, so AWS encrypts with a key of its own"
    for configuration in configurations:
        if configuration.get("encryptionType") not in {"KMS", "KMS_DSSE"}:
            yield "encryptionConfigurations.encryptionType is neither KMS nor KMS_DSSE"
            continue
        for reason in lacks_customer_key(configuration, "kmsKey"):
            yield f"in encryptionConfigurations, {reason}"


RULE = ResourceRule(
    name="ecr-customer-key",
    controls=("ECR.5",),
    title="Image repositories are encrypted with a customer key",
    types=("aws:ecr/repository:Repository",),
    remedy="set encryption_configurations to one with encryption_type KMS and kms_key a key of the stack.",
    check=check,
)
