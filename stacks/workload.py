"""One workload of an environment: everything that is its own, and nothing that another one's change touches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stacks.inputs import Chosen
from stacks.outputs import WorkloadOutputs
from stacks.platform import Platform
from stacks.serving import serving
from stacks.settings import Settings
from stacks.site import Site
from stacks.training import training


class DeployedWorkload(pulumi.ComponentResource):
    """Roles, feature groups, pipeline, registry, approver, endpoint, release, alarms and sweepers of a workload.

    Attributes
    ----------
    told : WorkloadOutputs of pulumi.Output[str]
        What the environment tells of it.
    """

    def __init__(self, settings: Settings, chosen: Chosen, platform: Platform, opts: pulumi.ResourceOptions) -> None:
        """Register everything, named after the workload."""
        name = chosen.workload.name
        own = pulumi.ResourceOptions(transformations=[tagging({"headrace:workload": name})])
        super().__init__("headrace:workload:Workload", name, None, pulumi.ResourceOptions.merge(opts, own))
        site = Site(
            settings=settings,
            workload=chosen.workload,
            choices=chosen.choices,
            platform=platform,
            opts=pulumi.ResourceOptions(parent=self),
        )
        learning = training(site)
        answering = serving(site, learning)
        approver = answering.approver
        self.told: WorkloadOutputs[pulumi.Output[str]] = WorkloadOutputs(
            workload_digest=learning.files.digest,
            feature_groups=learning.features.group_names,
            model_package_group_name=learning.registry.group_name,
            pipeline_name=learning.pipeline.pipeline_name,
            endpoint_name=answering.endpoint.endpoint_name,
            release_state_machine_arn=answering.release.state_machine_arn,
            approver_state_machine_arn=None if approver is None else approver.state_machine_arn,
            lease_table=answering.release.lease_table_name,
            ledger_table=answering.release.ledger_table_name,
            serving_policy_parameter=answering.release.serving_policy_parameter_name,
            roles={
                "features": learning.roles.features.arn,
                "training": learning.roles.training.arn,
                "scoring": learning.roles.scoring.arn,
                "evaluating": learning.roles.evaluating.arn,
                "registering": learning.roles.registering.arn,
                "pipeline": learning.roles.pipeline.arn,
                "serving": answering.serving_role.arn,
                "release": answering.release.role_arn,
                **({} if approver is None else {"approver": approver.role_arn}),
            },
        )
        self.register_outputs({"endpoint_name": answering.endpoint.endpoint_name})


def tagging(tags: Mapping[str, str]) -> pulumi.ResourceTransformation:
    """Return the transformation that puts tags on all that can carry some.

    A provider of the workload's own would do it too, and be a process of its own for each of them.
    """

    def tag(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not hasattr(type(args.resource), "tags_all"):
            return None
        given: Any = args.props.get("tags") or {}
        return pulumi.ResourceTransformationResult({**args.props, "tags": {**given, **tags}}, args.opts)

    return tag
