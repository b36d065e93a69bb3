"""What an environment tells those who use it: `pulumi stack output`."""

from __future__ import annotations

from typing import Any

from stacks.foundation import Foundation
from stacks.serving import Serving
from stacks.settings import Settings
from stacks.training import Training
from workloads.spec import Workload


def outputs(
    settings: Settings, workload: Workload, base: Foundation, learning: Training, answering: Serving
) -> dict[str, Any]:
    """Return the stack's outputs by name."""
    return {
        "region": settings.region,
        "workload": workload.name,
        "raw_bucket": base.lake.raw.name,
        "curated_bucket": base.lake.curated.name,
        "artifacts_bucket": base.lake.artifacts.name,
        "logs_bucket": base.lake.logs.name,
        "data_key_arn": base.keys.data_arn,
        "database_name": base.catalogue.database_name,
        "workgroup_name": base.catalogue.workgroup_name,
        "image_uri": learning.image.image_uri,
        "image_digest": learning.image.image_digest,
        "code_digest": learning.image.code_digest,
        "feature_groups": learning.features.group_names,
        "mlflow_tracking_server_arn": learning.tracking.server_arn,
        "mlflow_tracking_server_url": learning.tracking.server_url,
        "model_package_group_name": learning.registry.group_name,
        "pipeline_name": learning.pipeline.pipeline_name,
        "endpoint_name": answering.endpoint.endpoint_name,
        "release_state_machine_arn": answering.release.state_machine_arn,
        "approver_state_machine_arn": None if answering.approver is None else answering.approver.state_machine_arn,
        "lease_table": answering.release.lease_table_name,
        "ledger_table": answering.release.ledger_table_name,
        "serving_policy_parameter": answering.release.serving_policy_parameter_name,
        "alarm_topic_arn": answering.alarms.topic_arn,
        "alarm_subscriptions_pending": answering.subscribers.pending,
        "roles": {
            "features": learning.roles.features.arn,
            "training": learning.roles.training.arn,
            "scoring": learning.roles.scoring.arn,
            "evaluating": learning.roles.evaluating.arn,
            "registering": learning.roles.registering.arn,
            "pipeline": learning.roles.pipeline.arn,
            "serving": answering.serving_role.arn,
            "release": answering.release.role_arn,
            **({} if answering.approver is None else {"approver": answering.approver.role_arn}),
        },
    }
