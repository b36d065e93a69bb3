"""What a release component is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.endpoint.policy import ServingPolicy
from components.place import Place


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """What a `Release` is made from.

    Attributes
    ----------
    place : Place
        The account and region of all of it.
    endpoint_name, endpoint_arn : input of str
        The endpoint that releases change.
    model_package_group_name, model_package_group_arn : input of str
        Where the packages come from.
    serving_role_arn : input of str
        The role that released models run with.
    capture_uri, capture_key_arn : input of str
        Where captured requests go, and their customer key, which those have who may read data.
    artifacts_bucket_name, artifacts_bucket_arn, artifacts_key_arn : input of str
        Where the model artifacts lie, and their customer key.
    endpoint_key_arn : input of str
        Customer key of the endpoint's volumes.
    tables_key_arn : input of str
        Customer key of the lease and the ledger.
    logs_key_arn : input of str
        Customer key of the log.
    log_retention_days : int
        Days that the log is kept.
    serving_policy : ServingPolicy
        What released models run on.
    serving_policy_parameter_name : str
        The SSM parameter that holds it; ``/headrace/...``.
    tags : mapping of str to str
        What the stack puts on its resources; releases put it on theirs, with `components.names.RELEASE_TAGS`.
    topic_arn, topic_key_arn : input of str, optional
        The topic that hears of releases that did not happen, and its customer key.
    reconcile_every_minutes : int
        How often to look whether what serves is what is wanted, for events may be lost.
    protect_ledger : bool
        Whether DynamoDB refuses to delete the ledger.
    """

    place: Place
    endpoint_name: pulumi.Input[str]
    endpoint_arn: pulumi.Input[str]
    model_package_group_name: pulumi.Input[str]
    model_package_group_arn: pulumi.Input[str]
    serving_role_arn: pulumi.Input[str]
    capture_uri: pulumi.Input[str]
    capture_key_arn: pulumi.Input[str]
    artifacts_bucket_name: pulumi.Input[str]
    artifacts_bucket_arn: pulumi.Input[str]
    artifacts_key_arn: pulumi.Input[str]
    endpoint_key_arn: pulumi.Input[str]
    tables_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    serving_policy: ServingPolicy
    serving_policy_parameter_name: str
    log_retention_days: int = 365
    tags: Mapping[str, str] = field(default_factory=dict)
    topic_arn: pulumi.Input[str] | None = None
    topic_key_arn: pulumi.Input[str] | None = None
    reconcile_every_minutes: int = 15
    protect_ledger: bool = True
