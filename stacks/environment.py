"""An environment as a whole: what `pulumi up` registers, and what a rehearsal asks AWS about."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from stacks.inputs import Inputs
from stacks.outputs import Outputs
from stacks.platform import platform
from stacks.workload import DeployedWorkload


def environment(inputs: Inputs, provider: aws.Provider) -> Outputs[pulumi.Output[str]]:
    """Register everything; return the stack's outputs."""
    settings = inputs.settings
    base = platform(settings, [chosen.workload for chosen in inputs.workloads], provider)
    opts = pulumi.ResourceOptions(provider=provider)
    deployed = {chosen.workload.name: DeployedWorkload(settings, chosen, base, opts) for chosen in inputs.workloads}
    return Outputs(
        region=settings.region,
        raw_bucket=base.lake.raw.name,
        curated_bucket=base.lake.curated.name,
        artifacts_bucket=base.lake.artifacts.name,
        logs_bucket=base.lake.logs.name,
        data_key_arn=base.keys.data_arn,
        database_name=base.catalogue.database_name,
        workgroup_name=base.catalogue.workgroup_name,
        image_uri=base.image.image_uri,
        image_digest=base.image.image_digest,
        code_digest=base.image.code_digest,
        mlflow_tracking_server_arn=base.tracking.server_arn,
        mlflow_tracking_server_url=base.tracking.server_url,
        alarm_topic_arn=base.topic.arn,
        alarm_subscriptions_pending=base.subscribers.pending,
        workloads={name: workload.told for name, workload in deployed.items()},
    )
