"""A customer key is rotated every year, where KMS can rotate it."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the key keeps its material for ever."""
    key = args.props
    if key.get("enableKeyRotation") is True:
        return
    # KMS rotates neither asymmetric and HMAC keys nor keys of a custom store.
    encrypts = key.get("keyUsage") in {None, "ENCRYPT_DECRYPT"}
    symmetric = key.get("customerMasterKeySpec") in {None, "SYMMETRIC_DEFAULT"}
    if encrypts and symmetric and not key.get("customKeyStoreId"):
        yield "enableKeyRotation is not true"


RULE = ResourceRule(
    name="kms-key-rotation",
    controls=("KMS.4",),
    title="Customer keys are rotated",
    types=("aws:kms/key:Key",),
    remedy="set enable_key_rotation=True.",
    check=check,
)
