"""A workload's files in the artifacts bucket, under their digest, and the model that an endpoint is born with."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from agreements.prefixes import BOOTSTRAPS, WORKLOADS
from components.bucket import Bucket
from components.statements import Statement


@dataclass(frozen=True, kw_only=True)
class WorkloadFilesArgs:
    """What `WorkloadFiles` are made from.

    Attributes
    ----------
    bucket : Bucket
        The artifacts bucket. The bootstrap model carries its customer key.
    files_key_arn : input of str
        Customer key of the files. Every job reads them, so it is one that every job has.
    workload_name : str
        Whose files they are.
    files : mapping of str to bytes
        UTF-8 texts by name.
    digest : str
        Of the files: another digest is another place, so that what an execution has mounted stays as it is.
    bootstrap : bytes
        The archive of the model that answers before the first one is released.
    bootstrap_digest : str
        Of the archive's content.
    """

    bucket: Bucket
    files_key_arn: pulumi.Input[str]
    workload_name: str
    files: Mapping[str, bytes]
    digest: str
    bootstrap: bytes
    bootstrap_digest: str


class WorkloadFiles(pulumi.ComponentResource):
    """One object a file, and the bootstrap model's archive.

    What another digest replaces stays in the bucket: an execution that began before may still mount it, and an endpoint
    that was born with an archive loads it again on each new instance.

    Attributes
    ----------
    digest : str
        Of the files.
    uri : pulumi.Output[str]
        Where they lie: ``s3://.../<digest>/``. Known before they are there; what reads them depends on `objects`.
    bootstrap_url : pulumi.Output[str]
        The archive's address, in the same way.
    objects : sequence of pulumi.Resource
        What must be there before something is read.
    """

    def __init__(self, name: str, args: WorkloadFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the objects."""
        super().__init__("headrace:training:WorkloadFiles", name, None, opts)
        self._args = args
        self.digest: str = args.digest
        folder = f"{WORKLOADS}{args.workload_name}/{args.digest}/"
        archive = f"{BOOTSTRAPS}{args.workload_name}/{args.bootstrap_digest}/model.tar.gz"
        self.objects: Sequence[pulumi.Resource] = (
            *(
                self._object(
                    f"{name}-{file}",
                    f"{folder}{file}",
                    content=body.decode("utf-8"),
                    kind="text/plain",
                    key_arn=args.files_key_arn,
                )
                for file, body in args.files.items()
            ),
            self._object(
                f"{name}-bootstrap",
                archive,
                content_base64=base64.b64encode(args.bootstrap).decode("ascii"),
                kind="application/x-tar",
                key_arn=args.bucket.key_arn,
            ),
        )
        self.uri: pulumi.Output[str] = pulumi.Output.format("s3://{}/{}", args.bucket.name, folder)
        self.bootstrap_url: pulumi.Output[str] = pulumi.Output.format("s3://{}/{}", args.bucket.name, archive)
        self.register_outputs({"uri": self.uri, "bootstrap_url": self.bootstrap_url})

    def read_statements(self) -> list[Statement]:
        """Permissions to read this workload's files, of any digest."""
        prefix = f"{WORKLOADS}{self._args.workload_name}/"
        return self._args.bucket.read_statements(prefix, key_arn=self._args.files_key_arn)

    def bootstrap_statements(self) -> list[Statement]:
        """Permissions to read this workload's bootstrap models."""
        return self._args.bucket.read_statements(f"{BOOTSTRAPS}{self._args.workload_name}/")

    def _object(
        self,
        name: str,
        key: str,
        *,
        kind: str,
        key_arn: pulumi.Input[str],
        content: str | None = None,
        content_base64: str | None = None,
    ) -> pulumi.Resource:
        return aws.s3.BucketObjectv2(
            name,
            bucket=self._args.bucket.name,
            key=key,
            content=content,
            content_base64=content_base64,
            content_type=kind,
            server_side_encryption="aws:kms",
            kms_key_id=key_arn,
            bucket_key_enabled=True,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
