"""A feature group's newest values are encrypted with a customer key."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule, lacks_customer_key


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the online store is not encrypted with a customer key."""
    store = args.props.get("onlineStoreConfig")
    # The control is about the standard tier; the in-memory tier takes no key.
    if store is None or store.get("enableOnlineStore") is False or store.get("storageType") == "InMemory":
        return
    for reason in lacks_customer_key(store.get("securityConfig") or {}, "kmsKeyId"):
        yield f"in onlineStoreConfig.securityConfig, {reason}"


RULE = ResourceRule(
    name="sagemaker-online-store-key",
    controls=("SageMaker.18",),
    title="Online feature stores are encrypted with a customer key",
    types=("aws:sagemaker/featureGroup:FeatureGroup", "pulumi-python:dynamic/features:FeatureGroup"),
    remedy="set online_store_config.security_config.kms_key_id to a key of the stack.",
    check=check,
)
