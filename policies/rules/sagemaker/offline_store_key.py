"""A feature group's history is encrypted with a customer key."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule, lacks_customer_key


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the offline store is not encrypted with a customer key."""
    store = args.props.get("offlineStoreConfig")
    if store is None:
        return
    for reason in lacks_customer_key(store.get("s3StorageConfig") or {}, "kmsKeyId"):
        yield f"in offlineStoreConfig.s3StorageConfig, {reason}"


RULE = ResourceRule(
    name="sagemaker-offline-store-key",
    controls=("SageMaker.17",),
    title="Offline feature stores are encrypted with a customer key",
    types=("aws:sagemaker/featureGroup:FeatureGroup",),
    remedy="set offline_store_config.s3_storage_config.kms_key_id to a key of the stack.",
    check=check,
)
