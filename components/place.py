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
        caller: pulumi.Output[str] = pulumi.Output.from_input(_caller(provider))
        return cls(
            region=region,
            partition=caller.apply(lambda arn: arn.split(":")[1]),
            account_id=caller.apply(lambda arn: arn.split(":")[4]),
        )

    def arn(self, service: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """ARN of a regional resource of this account, such as ``arn("sagemaker", "endpoint/name")``."""
        return pulumi.Output.format(
            "arn:{}:{}:{}:{}:{}", self.partition, service, self.region, self.account_id, resource
        )

    def root_arn(self) -> pulumi.Output[str]:
        """ARN of the account itself, which stands for every principal of it that IAM permits."""
        return pulumi.Output.format("arn:{}:iam::{}:root", self.partition, self.account_id)


async def _caller(provider: aws.Provider) -> str:
    """Return the ARN of whoever the provider's credentials belong to."""
    options = pulumi.InvokeOptions(provider=provider)
    try:
        found = await pulumi.runtime.invoke_async("aws:index/getCallerIdentity:getCallerIdentity", {}, options)
    except Exception as error:  # the SDK raises nothing narrower
        reason = (str(error).partition("returned an error: ")[2] or str(error)).strip(": ")
        raise pulumi.RunError(
            "The AWS credentials must be valid, and belong to an account that the environment allows. "
            f"AWS's provider says: {reason}. Set other credentials, or allow the account."
        ) from error
    return str(found["arn"])
