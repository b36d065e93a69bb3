"""Tags of SageMaker's resources, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.sagemaker import listing
from sandbox.cloud.state import records

_TABLE = "SageMakerTags"
_MOST = 50


def put(arn: str, tags: Iterable[Mapping[str, Any]]) -> None:
    """Add tags, given as AWS does: ``[{"Key": ..., "Value": ...}]``; a key that exists gets the new value."""
    with records.LOCK:
        kept = {**records.table(_TABLE).get(arn, {}), **{tag["Key"]: tag["Value"] for tag in tags}}
        if len(kept) > _MOST:
            raise AwsError("ResourceLimitExceeded", f"{arn} would have {len(kept)} tags; at most {_MOST} are allowed.")
        if kept:
            records.table(_TABLE)[arn] = kept
    records.changed()


def get(arn: str) -> dict[str, str]:
    """Return the tags of a resource by key; empty where it has none."""
    with records.LOCK:
        return dict(records.table(_TABLE).get(arn, {}))


def remove(arn: str, keys: Iterable[str]) -> None:
    """Remove tags by key; keys that are not there are passed over."""
    with records.LOCK:
        kept = records.table(_TABLE).get(arn, {})
        for key in keys:
            kept.pop(key, None)
    records.changed()


def forget(arn: str) -> None:
    """Remove all tags of a resource that is gone."""
    with records.LOCK:
        records.table(_TABLE).pop(arn, None)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@handles("sagemaker", "AddTags")
def _add(call: Call) -> Params:
    arn = call.params["ResourceArn"]
    put(arn, call.params["Tags"])
    return {"Tags": _listed(get(arn))}


@handles("sagemaker", "ListTags")
def _list(call: Call) -> Params:
    page, token = listing.page(_listed(get(call.params["ResourceArn"])), call.params, most=50)
    return {"Tags": page, "NextToken": token}


@handles("sagemaker", "DeleteTags")
def _delete(call: Call) -> Params:
    remove(call.params["ResourceArn"], call.params["TagKeys"])
    return {}
