"""What the release machine's role may do outside its own tables."""

from __future__ import annotations

import pulumi

from agreements.prefixes import PACKAGES
from components.names import release_name_prefix
from components.registry import package_arns
from components.release.args import ReleaseArgs
from components.statements import Statement, allow, allow_volume_grants


def release_statements(args: ReleaseArgs, parameter_arn: pulumi.Output[str]) -> list[Statement]:
    """Return the statements: the endpoint, what releases make, the packages, their artifacts, the policy, the topic."""
    place = args.place
    prefix = pulumi.Output.from_input(args.endpoint_name).apply(release_name_prefix)
    models = place.arn("sagemaker", pulumi.Output.concat("model/", prefix, "*"))
    configurations = place.arn("sagemaker", pulumi.Output.concat("endpoint-config/", prefix, "*"))
    packages = package_arns(args.model_package_group_arn)
    artifacts = pulumi.Output.concat(args.artifacts_bucket_arn, "/", PACKAGES, args.model_package_group_name, "/*")
    statements = [
        allow(
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            [args.tables_key_arn],
            condition={"StringEquals": {"kms:ViaService": f"dynamodb.{place.region}.amazonaws.com"}},
        ),
        allow(["ssm:GetParameter"], [parameter_arn]),
        allow(["sagemaker:ListModelPackages"], ["*"]),  # AWS knows no resource for it
        allow(["sagemaker:DescribeModelPackage"], [packages]),
        allow(
            ["sagemaker:UpdateModelPackage"],
            [packages],
            condition={"StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"}},
        ),
        allow(["s3:GetObject"], [artifacts]),
        # To whoever may not list, S3 says 403 of an object that is not there, instead of 404.
        allow(
            ["s3:ListBucket"],
            [args.artifacts_bucket_arn],
            condition={
                "StringLike": {"s3:prefix": [pulumi.Output.concat(PACKAGES, args.model_package_group_name, "/*")]}
            },
        ),
        allow(["kms:Decrypt"], [args.artifacts_key_arn]),
        allow(["sagemaker:CreateModel", "sagemaker:DescribeModel", "sagemaker:AddTags"], [models]),
        allow(
            ["sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", "sagemaker:AddTags"],
            [configurations],
        ),
        allow(["sagemaker:DescribeEndpoint"], [args.endpoint_arn]),
        allow(["sagemaker:UpdateEndpoint"], [args.endpoint_arn, configurations]),
        allow(
            ["iam:PassRole"],
            [args.serving_role_arn],
            condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(["kms:DescribeKey"], [args.endpoint_key_arn]),
        allow_volume_grants(args.endpoint_key_arn),
    ]
    if args.topic_arn is not None:
        statements.append(allow(["sns:Publish"], [args.topic_arn]))
    if args.topic_key_arn is not None:
        statements.append(allow(["kms:Decrypt", "kms:GenerateDataKey*"], [args.topic_key_arn]))
    return statements
