"""What is asked of SageMaker about feature groups, each call waited for until it has come true."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from components.tags import carried

T = TypeVar("T")

TAGS: Mapping[str, str] = {"headrace:made-by": "feature-store"}
"""What every feature group carries that was made here, beside the stack's tags."""

_ADDITIONS = 100  # UpdateFeatureGroup takes no more
_PAUSE_SECONDS = 0.5
_SLOWEST_PAUSE_SECONDS = 10.0
_UNSEEN_SECONDS = 30.0  # what was just made or changed may not be seen for a moment
_PATIENCE_SECONDS = 30 * 60  # AWS: a group takes minutes, with the in-memory tier a quarter of an hour


class FeatureGroupError(Exception):
    """A feature group that could not be made or changed; the message says what to do."""


def describe(client: Any, name: str) -> Mapping[str, Any] | None:
    """Return all that AWS says of a group, every page of its features; None if there is no such group."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        found = dict(client.describe_feature_group(FeatureGroupName=name))
        while token := found.get("NextToken"):
            more = client.describe_feature_group(FeatureGroupName=name, NextToken=token)
            found["FeatureDefinitions"] = [*found["FeatureDefinitions"], *more["FeatureDefinitions"]]
            found["NextToken"] = more.get("NextToken")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return None
        raise
    return found


def of(client: Any, prefix: str) -> list[str]:
    """Return the names of all groups that begin with `prefix`."""
    pages = client.get_paginator("list_feature_groups").paginate(NameContains=prefix)
    names = [summary["FeatureGroupName"] for page in pages for summary in page["FeatureGroupSummaries"]]
    return sorted(name for name in names if name.startswith(prefix))


def carries(client: Any, arn: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a resource that is there carries all of some tags."""
    return tags.items() <= _known(lambda: carried(client, arn)).items()


def taken(client: Any, base_name: str, tags: Mapping[str, str]) -> str | None:
    """Say what is wrong if a group of this name is there that another stack or a person made."""
    found = describe(client, base_name)
    stack = {key: value for key, value in tags.items() if key not in TAGS}
    if found is None or carries(client, found["FeatureGroupArn"], stack):
        return None
    return _held(base_name, stack)


def _held(base_name: str, stack: Mapping[str, str]) -> str:
    shown = ", ".join(f"{key}={value}" for key, value in stack.items())
    return (
        f"The name of feature group {base_name} must be free, and a group without the tags {shown} holds it. "
        "Delete that group, or name the environment, the workload or the entity differently."
    )


def versions(client: Any, props: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the groups of this store under a name and its later versions, newest first, once they are made.

    One whose making failed is deleted: it holds a name, and can be nothing else.
    """
    numbered = {_number(props["base_name"], name): name for name in of(client, props["base_name"])}
    for number in sorted((number for number in numbered if number is not None), reverse=True):
        found = describe(client, numbered[number])
        if found is None or not carries(client, found["FeatureGroupArn"], props["tags"]):
            continue
        if found["FeatureGroupStatus"] == "Creating":
            found = _until(client, numbered[number], lambda group: group["FeatureGroupStatus"] != "Creating")
        if found["FeatureGroupStatus"] == "CreateFailed":
            delete(client, numbered[number])
        elif found["FeatureGroupStatus"] == "Created":
            yield found


def make(client: Any, props: Mapping[str, Any]) -> str:
    """Make a group under the next free name, wait for it, and return the name."""
    numbers = [_number(props["base_name"], name) for name in of(client, props["base_name"])]
    number = max((number for number in numbers if number is not None), default=0) + 1
    while not _create(client, name := _name(props["base_name"], number), props):
        number += 1  # the list did not show that one yet
    found = _until(client, name, lambda group: group["FeatureGroupStatus"] != "Creating")
    if found["FeatureGroupStatus"] != "Created":
        raise FeatureGroupError(
            f"Feature group {name} must become Created, and is {found['FeatureGroupStatus']}: "
            f"{found.get('FailureReason', 'AWS says no more')}. Mend that and run the update again."
        )
    return name


def _create(client: Any, name: str, props: Mapping[str, Any]) -> bool:
    """Begin to make a group; False if another one of this store holds the name."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    asked = {
        "RecordIdentifierFeatureName": props["recordIdentifierFeatureName"],
        "EventTimeFeatureName": props["eventTimeFeatureName"],
        "FeatureDefinitions": [
            {"FeatureName": feature["featureName"], "FeatureType": feature["featureType"]}
            for feature in props["featureDefinitions"]
        ],
    }
    try:
        client.create_feature_group(
            FeatureGroupName=name,
            **asked,
            OnlineStoreConfig={
                "EnableOnlineStore": True,
                "SecurityConfig": {"KmsKeyId": props["onlineStoreConfig"]["securityConfig"]["kmsKeyId"]},
            },
            Tags=[{"Key": key, "Value": value} for key, value in props["tags"].items()],
        )
    except ClientError as error:
        said = error.response["Error"]
        if said["Code"] == "ResourceInUse":
            return _ours(client, name, asked, props)
        if said["Code"] != "ResourceLimitExceeded":
            raise
        raise FeatureGroupError(
            f"Feature group {name} must be within the account's quota, and AWS says: "
            f"{said['Message']} Ask for more in Service Quotas (SageMaker, feature groups), or "
            "reject model packages whose old groups nobody needs. Then run the update again."
        ) from error
    return True


def _ours(client: Any, name: str, asked: Mapping[str, Any], props: Mapping[str, Any]) -> bool:
    """Tell whether the group that holds a name is the one that was asked for.

    CreateFeatureGroup has no token: when its answer is lost, the client asks again and hears that the name is taken.

    Raises
    ------
    FeatureGroupError
        If the group is somebody else's.
    """
    found = _until(client, name, lambda _: True)
    if not carries(client, found["FeatureGroupArn"], props["tags"]):
        raise FeatureGroupError(_held(name, {key: value for key, value in props["tags"].items() if key not in TAGS}))
    return {key: found[key] for key in asked} == asked


def extend(client: Any, name: str, features: Mapping[str, str]) -> Mapping[str, Any]:
    """Add the features that a group does not have, wait until they are there, and return what the group is then."""
    found = _until(client, name, _rests)
    missing = [
        {"FeatureName": one, "FeatureType": kind} for one, kind in features.items() if one not in _features(found)
    ]
    for start in range(0, len(missing), _ADDITIONS):
        added = missing[start : start + _ADDITIONS]
        before = found.get("LastModifiedTime")
        ended = _added({one["FeatureName"] for one in added}, before)
        _add(client, name, added)
        found = _until(client, name, ended)
        if _failed(found, before):
            raise FeatureGroupError(
                f"Feature group {name} must get the features {', '.join(one['FeatureName'] for one in added)}, "
                f"and AWS says: {found['LastUpdateStatus'].get('FailureReason')}. Mend that and run the update again."
            )
    return found


def _add(client: Any, name: str, features: list[dict[str, str]]) -> None:
    """Begin to add features; a repeated call whose first answer was lost hears that they are there or on their way."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        client.update_feature_group(FeatureGroupName=name, FeatureAdditions=features)
    except ClientError as error:
        names, began = {one["FeatureName"] for one in features}, time.monotonic()
        if not error.response.get("ResponseMetadata", {}).get("RetryAttempts"):
            raise
        while (found := describe(client, name)) is None or (_rests(found) and not names <= _features(found)):
            if time.monotonic() - began > _UNSEEN_SECONDS:
                raise
            time.sleep(_PAUSE_SECONDS)


def explain(client: Any, name: str, feature: str, description: str) -> None:
    """Keep a text with a feature, if it is another one than before."""
    known = _known(lambda: client.describe_feature_metadata(FeatureGroupName=name, FeatureName=feature))
    if known.get("Description") != description:
        client.update_feature_metadata(FeatureGroupName=name, FeatureName=feature, Description=description)


def delete(client: Any, name: str) -> None:
    """Delete a group and wait until its name is free; one that is gone already is no error."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        client.delete_feature_group(FeatureGroupName=name)
    except ClientError as error:  # a repeated call whose first answer was lost finds it gone or going
        found = describe(client, name)
        going = found is None or found["FeatureGroupStatus"] == "Deleting"
        if error.response["Error"]["Code"] != "ResourceNotFound" and not going:
            raise
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (found := describe(client, name)) is not None:
        if found["FeatureGroupStatus"] == "DeleteFailed" or time.monotonic() > deadline:
            raise FeatureGroupError(
                f"Feature group {name} must go, and is {found['FeatureGroupStatus']}: "
                f"{found.get('FailureReason', 'AWS says no more')}. Try again."
            )
        time.sleep(_PAUSE_SECONDS)


def _rests(group: Mapping[str, Any]) -> bool:
    return bool(group.get("LastUpdateStatus", {}).get("Status") != "InProgress")


def _added(features: set[str], before: Any) -> Callable[[Mapping[str, Any]], bool]:
    """Tell when an update has ended; what AWS says just after it was asked for may be what was before."""
    return lambda group: (_rests(group) and features <= _features(group)) or _failed(group, before)


def _failed(group: Mapping[str, Any], before: Any) -> bool:
    """Tell whether an update failed that changed the group after it was last modified at `before`."""
    return bool(group.get("LastUpdateStatus", {}).get("Status") == "Failed" and group.get("LastModifiedTime") != before)


def _features(group: Mapping[str, Any]) -> set[str]:
    return {feature["FeatureName"] for feature in group["FeatureDefinitions"]}


def _name(base_name: str, number: int) -> str:
    return base_name if number == 1 else f"{base_name}-v{number}"


def _number(base_name: str, name: str) -> int | None:
    """Return which version of a base name a name is: 1 for itself, None for another's."""
    if name == base_name:
        return 1
    match = re.fullmatch(re.escape(base_name) + r"-v([1-9][0-9]*)", name)
    return int(match[1]) if match else None


def _until(client: Any, name: str, true: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    pause, began = _PAUSE_SECONDS, time.monotonic()
    while True:
        found = describe(client, name)
        waited = time.monotonic() - began
        if found is None and waited > _UNSEEN_SECONDS:
            raise FeatureGroupError(
                f"Feature group {name} must be there, and somebody deleted it. Run `pulumi refresh`, then the update."
            )
        if found is not None and true(found):
            return found
        if found is not None and waited > _PATIENCE_SECONDS:
            raise FeatureGroupError(
                f"Feature group {name} must be ready within half an hour, and is {found['FeatureGroupStatus']}, its "
                f"last update {found.get('LastUpdateStatus', {}).get('Status', 'none')}. Run the update again."
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _SLOWEST_PAUSE_SECONDS)


def _known(read: Callable[[], T]) -> T:
    """Read what is known to be there, again for a while as long as AWS says that it is not."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    began = time.monotonic()
    while True:
        try:
            return read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFound" or time.monotonic() - began > _UNSEEN_SECONDS:
                raise
        time.sleep(_PAUSE_SECONDS)
