"""Which declared resources would stand in their own way if they were replaced, and why each of them never is.

Pulumi makes the new one first, and AWS refuses a second one of the same name; of what holds data, the new one is empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.components.recording import Registration

HOLDS_DATA = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/table:Table",
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    }
)

CONSTANT: Mapping[tuple[str, str], str] = {
    ("aws:dynamodb/table:Table", "attributes"): "the lease's and the ledger's keys are the release machine's",
    ("aws:dynamodb/table:Table", "hashKey"): "as above",
    ("aws:dynamodb/table:Table", "localSecondaryIndexes"): "as above",
    ("aws:dynamodb/table:Table", "rangeKey"): "as above",
    ("aws:ecr/repository:Repository", "encryptionConfigurations"): "names the model key, which is never replaced",
    (
        "aws:glue/catalogTable:CatalogTable",
        "databaseName",
    ): "named after the environment: the stack's identity",
    ("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", "roleArn"): "the role has a name of Pulumi's, for ever",
}
"""Inputs that force a replacement and that no edit of workload or settings reaches: tests/stacks/test_edits.py."""


def fixed_name(found: Registration) -> str | None:
    """Return the input by which the program itself names a resource; None where Pulumi does."""
    noun = found.type.rpartition(":")[2].lower()
    for key in found.inputs:
        if key == "name" or (key.endswith("Name") and noun.endswith(key.removesuffix("Name").lower())):
            return key
    return None


def stands_in_its_way(found: Registration) -> bool:
    """Tell whether a replacement would meet its own name, or lose data."""
    return fixed_name(found) is not None or found.type in HOLDS_DATA


def way(found: Registration, path: str) -> str | None:
    """Say why an input that forces a replacement does no harm; None if it would."""
    if path == fixed_name(found):
        return "another name is another resource"
    if found.deleted_first:
        return "the old one goes first"
    if any(path == ignored or path.startswith(f"{ignored}.") for ignored in found.ignored):
        return "ignored"
    return CONSTANT.get((found.type, path.partition(".")[0]))
