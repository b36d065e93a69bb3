"""What pulumi_aws 7 (over provider 6) has and Terraform provider 5.100.0 has not.

It is of no effect in the local environment; a component that needs one of these needs another way, or a newer
Terraform provider.
"""

from __future__ import annotations

# Input properties that the bridge does not know, and (": required") those that newer providers no longer ask for.
_INPUTS: dict[str, set[str]] = {
    "aws:athena/workgroup:Workgroup": {
        "configuration.customerContentEncryptionConfiguration",
        "configuration.enableMinimumEncryptionConfiguration",
        "configuration.identityCenterConfiguration",
        "configuration.managedQueryResultsConfiguration",
        "configuration.monitoringConfiguration",
        "configuration.queryResultsS3AccessGrantsConfiguration",
    },
    "aws:cloudwatch/logGroup:LogGroup": {"deletionProtectionEnabled"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "comparisonOperator: required",
        "evaluationCriteria",
        "evaluationInterval",
        "evaluationPeriods: required",
        "evaluationWindow",
        "warmUpConfiguration",
    },
    "aws:codebuild/project:Project": {
        "autoRetryLimit",
        "cache.cacheNamespace",
        "environment.dockerServer",
        "environment.hostKernel",
    },
    "aws:dynamodb/table:Table": {
        "globalSecondaryIndexes.hashKey: required",
        "globalSecondaryIndexes.keySchemas",
        "globalSecondaryIndexes.warmThroughput",
        "globalTableWitness",
        "replicas.consistencyMode",
        "replicas.deletionProtectionEnabled",
        "restoreBackupArn",
        "warmThroughput",
    },
    "aws:ecr/repository:Repository": {"imageTagMutabilityExclusionFilters"},
    "aws:glue/catalogTable:CatalogTable": {
        "openTableFormatInput.icebergInput.icebergTableInput",
        "partitionKeys.parameters",
        "viewDefinition",
    },
    "aws:iam/policy:Policy": {"delayAfterPolicyCreationInMs"},
    "aws:s3/bucket:Bucket": {
        "bucketNamespace",
        "objectLockConfiguration.rule.defaultRetention.mode: required",
        "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault: required",
        "serverSideEncryptionConfiguration.rule.blockedEncryptionTypes",
    },
    "aws:s3/bucketObjectv2:BucketObjectv2": {"key: required"},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"skipDestroy"},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules.blockedEncryptionTypes"
    },
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": {
        "executionRoleArn",
        "productionVariants.capacityReservationConfig",
        "productionVariants.modelName: required",
        "shadowProductionVariants.capacityReservationConfig",
        "shadowProductionVariants.modelName: required",
    },
    "aws:sagemaker/model:Model": {
        "containers.additionalModelDataSources",
        "primaryContainer.additionalModelDataSources",
    },
    "aws:scheduler/schedule:Schedule": {"actionAfterCompletion"},
    "aws:sns/topic:Topic": {"maximumMessageSize"},
}
_GLOBAL = {  # types of services without regions, which never had the property, and the bucket, which always had
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:s3/bucket:Bucket",
}


def inputs(token: str) -> set[str]:
    """Return the differences that are known for a type's inputs."""
    return _INPUTS.get(token, set()) | _region(token)


def outputs(token: str) -> set[str]:
    """Return what a program would wait for in vain on a type's resources."""
    top = {name for name in _INPUTS.get(token, set()) if "." not in name and ":" not in name}
    return top | _region(token) | ({"bucketRegion"} if token.endswith(":Bucket") else set())


def _region(token: str) -> set[str]:
    return set() if token in _GLOBAL else {"region"}
