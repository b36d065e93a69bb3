"""The model registry: packages with versions, approval, metadata, and the event that every change of theirs sends."""

from __future__ import annotations

import copy
import unicodedata
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.sagemaker import listing, tags
from sandbox.cloud.control.sagemaker.declared import arn_of, name_in, now, shown
from sandbox.cloud.events import bus
from sandbox.cloud.state import records
from sandbox.cloud.state.records import Record

_TABLE = "ModelPackage"
_EVENT = "SageMaker Model Package State Change"
_MOST_METADATA = 50
_METADATA_PUNCTUATION = frozenset("_.:/=+-@")
_METADATA_PATTERN = r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)"
_UPDATED_AS_GIVEN = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


@handles("sagemaker", "CreateModelPackage")
def _create(call: Call) -> Params:
    given = call.params
    group, name = name_in(given.get("ModelPackageGroupName", "")), given.get("ModelPackageName")
    if bool(group) == bool(name):
        raise AwsError(
            "ValidationException",
            "Give exactly one of ModelPackageGroupName (for a versioned package) and ModelPackageName.",
        )
    row = {member: value for member, value in given.items() if member not in ("Tags", "ClientToken")}
    _check_metadata(row.get("CustomerMetadataProperties", {}))
    with records.LOCK:
        row.update(_versioned(call, group) if group else _unversioned(call, str(name)))
        row["CreationTime"] = row["LastModifiedTime"] = now()
        row["ModelPackageStatus"] = "Completed"
        row["ModelPackageStatusDetails"] = {"ValidationStatuses": [], "ImageScanStatuses": []}
        row.setdefault("CertifyForMarketplace", False)
        row.setdefault("CreatedBy", {})
        records.table(_TABLE)[row["ModelPackageArn"]] = row
    tags.put(row["ModelPackageArn"], given.get("Tags", []))
    _tell(row, None)
    return {"ModelPackageArn": row["ModelPackageArn"]}


def _versioned(call: Call, group: str) -> Record:
    if group not in records.table("ModelPackageGroup"):
        arn = arn_of(call, "model-package-group", group)
        raise AwsError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
    kept = records.table("ModelPackageGroup")[group]
    newest = kept["NewestVersion"] = kept.get("NewestVersion", 0) + 1
    return {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": newest,
        "ModelPackageArn": arn_of(call, "model-package", f"{group}/{newest}"),
        "ModelApprovalStatus": call.params.get("ModelApprovalStatus", "PendingManualApproval"),
    }


def _unversioned(call: Call, name: str) -> Record:
    arn = arn_of(call, "model-package", name)
    if arn in records.table(_TABLE):
        raise AwsError("ConflictException", f"Model package {arn} already exists.")
    return {"ModelPackageArn": arn}


@handles("sagemaker", "DescribeModelPackage")
def _describe(call: Call) -> Params:
    with records.LOCK:
        return shown(call.action, copy.deepcopy(_find(call, call.params["ModelPackageName"])))


@handles("sagemaker", "BatchDescribeModelPackage")
def _batch(call: Call) -> Params:
    found, errors = {}, {}
    for arn in call.params["ModelPackageArnList"]:
        try:
            row = _find(call, arn)
        except AwsError as gone:
            errors[arn] = {"ErrorCode": gone.code, "ErrorResponse": gone.message}
        else:
            found[arn] = copy.deepcopy(row)
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@handles("sagemaker", "UpdateModelPackage")
def _update(call: Call) -> Params:
    given = call.params
    with records.LOCK:
        row = _find(call, given["ModelPackageArn"])
        metadata = {**row.get("CustomerMetadataProperties", {}), **given.get("CustomerMetadataProperties", {})}
        for key in given.get("CustomerMetadataPropertiesToRemove", []):
            metadata.pop(key, None)
        _check_metadata(metadata)
        after = {member: given[member] for member in _UPDATED_AS_GIVEN if member in given}
        if metadata or "CustomerMetadataProperties" in row:
            after["CustomerMetadataProperties"] = metadata
        added = given.get("AdditionalInferenceSpecificationsToAdd")
        if added:
            after["AdditionalInferenceSpecifications"] = [*row.get("AdditionalInferenceSpecifications", []), *added]
        fields = [member for member, value in after.items() if row.get(member) != value]
        row.update({**after, "LastModifiedTime": now(), "LastModifiedBy": {}})
        said = copy.deepcopy(row)
    records.changed()
    _tell(said, fields)
    return {"ModelPackageArn": row["ModelPackageArn"]}


@handles("sagemaker", "DeleteModelPackage")
def _delete(call: Call) -> Params:
    with records.LOCK:
        row = _find(call, call.params["ModelPackageName"])
        records.table(_TABLE).pop(row["ModelPackageArn"])
    tags.forget(row["ModelPackageArn"])
    records.changed()
    return {}


@handles("sagemaker", "ListModelPackages")
def _list(call: Call) -> Params:
    given = call.params
    group = name_in(given.get("ModelPackageGroupName", ""))
    kind = given.get("ModelPackageType", "Versioned" if group else "Unversioned")
    if group and group not in records.table("ModelPackageGroup"):
        arn = arn_of(call, "model-package-group", group)
        raise AwsError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
    with records.LOCK:
        rows = [dict(row) for row in records.table(_TABLE).values()]
    wanted = [
        row
        for row in rows
        if (not group or row.get("ModelPackageGroupName") == group)
        and (kind == "Both" or ("ModelPackageVersion" in row) == (kind == "Versioned"))
        and given.get("ModelApprovalStatus", row.get("ModelApprovalStatus")) == row.get("ModelApprovalStatus")
    ]
    by_version = sorted(wanted, key=lambda row: int(row.get("ModelPackageVersion", 0)))
    ordered = listing.ordered(by_version, {**given, "NameContains": ""}, "ModelPackageArn")
    if given.get("NameContains"):
        ordered = [row for row in ordered if given["NameContains"].lower() in _name(row).lower()]
    if given.get("SortBy", "CreationTime") == "CreationTime":
        ordered.sort(
            key=lambda row: (row["CreationTime"], int(row.get("ModelPackageVersion", 0))),
            reverse=given.get("SortOrder") == "Descending",
        )
    chosen, token = listing.page(ordered, given)
    return {"ModelPackageSummaryList": chosen, "NextToken": token}


def _name(row: Record) -> str:
    return str(row.get("ModelPackageName") or row["ModelPackageGroupName"])


def _find(call: Call, name: str) -> Record:
    arn = name if name.startswith("arn:") else arn_of(call, "model-package", name)
    row = records.table(_TABLE).get(arn)
    if row is None:
        raise AwsError("ValidationException", f"ModelPackage {arn} does not exist.")
    return row


def _check_metadata(metadata: dict[str, str]) -> None:
    # Lengths are checked for every request; this pattern is not, as Python's re does not know \p{L}.
    problems = [
        f"Value '{text}' at 'customerMetadataProperties.{place}' failed to satisfy constraint: Member must satisfy "
        f"regular expression pattern: {_METADATA_PATTERN}"
        for key, value in metadata.items()
        for place, text in (("key", key), (f"{key}.value", value))
        if not _storable(text)
    ]
    if len(metadata) > _MOST_METADATA:
        problems.append(
            f"Value with {len(metadata)} entries at 'customerMetadataProperties' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MOST_METADATA}"
        )
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise AwsError("ValidationException", f"{count}: {'; '.join(problems)}")


def _storable(text: str) -> bool:
    return all(character in _METADATA_PUNCTUATION or unicodedata.category(character)[0] in "LZN" for character in text)


def _tell(row: Record, fields: list[str] | None) -> None:
    """Send the event; `fields` are the members that an update changed, None for a new package."""
    detail: dict[str, Any] = {
        "ModelPackageName": row["ModelPackageArn"].partition("model-package/")[2],
        "ModelPackageArn": row["ModelPackageArn"],
        "ModelPackageStatus": row["ModelPackageStatus"],
        "ModelPackageStatusDetails": row["ModelPackageStatusDetails"],
        "CreationTime": int(row["CreationTime"].timestamp() * 1000),
        "LastModifiedTime": int(row["LastModifiedTime"].timestamp() * 1000),
    }
    for member in (
        "ModelPackageGroupName",
        "ModelPackageVersion",
        "ModelPackageDescription",
        "ModelApprovalStatus",
        "ApprovalDescription",
        "InferenceSpecification",
        "CustomerMetadataProperties",
    ):
        if row.get(member) is not None:
            detail[member] = copy.deepcopy(row[member])
    if fields is not None:
        detail["UpdatedModelPackageFields"] = fields
    bus.emit("aws.sagemaker", _EVENT, detail, [row["ModelPackageArn"]])
