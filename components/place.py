"""Where resources are: partition, region and account, from which ARNs of named things are built."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Place:
    """One region of one account.

    Attributes
    ----------
    region : str
        The region's name, as given to the provider.
    partition : pulumi.Output[str]
        ``aws``, ``aws-cn`` or ``aws-us-gov``.
    account_id : pulumi.Output[str]
        The account that the provider's credentials belong to.
    """

    region: str
    partition: pulumi.Output[str]
    account_id: pulumi.Output[str]

    @classmethod
    def look_up(cls, region: str, provider: aws.Provider) -> Place:
        """Ask `provider` which account it works in."""
        options = pulumi.InvokeOutputOptions(provider=provider)
        return cls(
            region=region,
            partition=aws.get_partition_output(opts=options).partition,
            account_id=aws.get_caller_identity_output(opts=options).account_id,
        )

    def arn(self, service: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """ARN of a regional resource of this account, such as ``arn("sagemaker", "endpoint/name")``."""
        return pulumi.Output.format(
            "arn:{}:{}:{}:{}:{}", self.partition, service, self.region, self.account_id, resource
        )

    def root_arn(self) -> pulumi.Output[str]:
        """ARN of the account itself, which stands for every principal of it that IAM permits."""
        return pulumi.Output.format("arn:{}:iam::{}:root", self.partition, self.account_id)
