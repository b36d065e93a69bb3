"""What an environment tells those who use it: `pulumi stack output`, as the program writes and a caller reads it.

This module knows no Pulumi, so that whoever reads outputs need not either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Generic, TypeVar

Text = TypeVar("Text")
"""``pulumi.Output[str]`` where the program writes, ``str`` where somebody reads."""


class OutputsError(ValueError):
    """What a stack tells is not what this program's stacks tell; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class WorkloadOutputs(Generic[Text]):
    """What a workload has of its own.

    Attributes
    ----------
    workload_digest : str
        Of the workload's files.
    feature_groups : mapping of str to str
        By entity, the feature group that the pipeline fills.
    model_package_group_name, pipeline_name, endpoint_name : str
        Of the workload.
    release_state_machine_arn : str
        The one that changes the endpoint.
    approver_state_machine_arn : str, optional
        None where a person approves.
    lease_table, ledger_table, serving_policy_parameter : str
        Names of the release machine's tables and SSM parameter.
    roles : mapping of str to str
        ARNs by duty: features, training, scoring, evaluating, registering, pipeline, serving, release, approver.
    """

    workload_digest: str
    feature_groups: Mapping[str, Text]
    model_package_group_name: Text
    pipeline_name: Text
    endpoint_name: Text
    release_state_machine_arn: Text
    approver_state_machine_arn: Text | None = None
    lease_table: Text
    ledger_table: Text
    serving_policy_parameter: Text
    roles: Mapping[str, Text]


@dataclass(frozen=True, kw_only=True)
class Outputs(Generic[Text]):
    """What an environment has: the platform's, and each workload's by its name.

    Attributes
    ----------
    region, code_digest : str
        Where everything is, and the digest of the code that the image was built from.
    raw_bucket, curated_bucket, artifacts_bucket, logs_bucket : str
        The lake.
    data_key_arn : str
        Customer key of data.
    database_name, workgroup_name : str
        For queries.
    image_uri, image_digest : str
        The image by its digest, and the digest.
    mlflow_tracking_server_arn, mlflow_tracking_server_url : str
        The one tracking server.
    alarm_topic_arn : str
        Who subscribes to it hears of alarms.
    alarm_subscriptions_pending : list of str
        Those who have not confirmed, made unreadable but for a few letters.
    workloads : mapping of str to WorkloadOutputs
        By name.
    """

    region: str
    raw_bucket: Text
    curated_bucket: Text
    artifacts_bucket: Text
    logs_bucket: Text
    data_key_arn: Text
    database_name: Text
    workgroup_name: Text
    image_uri: Text
    image_digest: Text
    code_digest: str
    mlflow_tracking_server_arn: Text
    mlflow_tracking_server_url: Text
    alarm_topic_arn: Text
    alarm_subscriptions_pending: Any = field(default_factory=list)
    workloads: Mapping[str, WorkloadOutputs[Text]]

    def as_dict(self) -> dict[str, Any]:
        """Return them as plain values, by name."""
        return {**_values(self), "workloads": {name: _values(one) for name, one in self.workloads.items()}}


def outputs_of(told: Mapping[str, Any]) -> Outputs[str]:
    """Read what `pulumi stack output --json` prints.

    Raises
    ------
    OutputsError
        Naming every output that is missing: an older program wrote them, or none.
    """
    workloads = told.get("workloads", {})
    missing = [*_missing(Outputs, told, "")]
    for name, one in workloads.items():
        missing += _missing(WorkloadOutputs, one, f"workloads.{name}.")
    if missing:
        raise OutputsError(
            f"The stack must tell {', '.join(missing)}, and does not. Deploy it again with this program."
        )
    return Outputs(
        **{
            **_known(Outputs, told),
            "workloads": {name: WorkloadOutputs(**_known(WorkloadOutputs, one)) for name, one in workloads.items()},
        }
    )


def _values(one: Outputs[Any] | WorkloadOutputs[Any]) -> dict[str, Any]:
    return {each.name: getattr(one, each.name) for each in fields(one)}


def _missing(kind: type[Outputs[Any] | WorkloadOutputs[Any]], told: Mapping[str, Any], before: str) -> Sequence[str]:
    needed = (one for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING)
    return [f"{before}{one.name}" for one in needed if told.get(one.name) is None]


def _known(kind: type[Outputs[Any] | WorkloadOutputs[Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: told[one.name] for one in fields(kind) if one.name in told}
