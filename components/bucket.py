"""One bucket as the lake has them: versioned, encrypted, private, reached over TLS only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.checks import ArgumentsError
from components.place import Place
from components.statements import Statement, allow, deny, document

ANYONE = {"AWS": "*"}


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What a `Bucket` is made from.

    Attributes
    ----------
    key_arn : input of str, optional
        Customer key for everything written. Without one the bucket uses S3's own keys, which only a target of
        access logs should do: S3 cannot write logs under a customer key.
    force_destroy : bool
        Whether destroying the bucket also deletes what is in it.
    noncurrent_days : int, optional
        Days that an overwritten or deleted version is kept; for ever if omitted.
    expire_days : int, optional
        Days after which an object goes by itself; never if omitted.
    write_once_prefixes : sequence of str
        Keys under these prefixes can be created, and neither overwritten nor deleted by anyone while the bucket's
        policy stands. Creation must say ``If-None-Match: *``.
    takes_access_logs : bool
        Whether other buckets of this account may send their access logs here.
    access_logs : Bucket, optional
        Where this bucket's access logs go, under this bucket's logical name.
    announce_changes : bool
        Whether EventBridge hears of new objects.
    place : Place
        The account whose buckets may send access logs.
    """

    place: Place
    key_arn: pulumi.Input[str] | None = None
    force_destroy: bool = False
    noncurrent_days: int | None = None
    expire_days: int | None = None
    write_once_prefixes: Sequence[str] = ()
    takes_access_logs: bool = False
    access_logs: Bucket | None = None
    announce_changes: bool = False


class Bucket(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket.

    Attributes
    ----------
    name, arn : pulumi.Output[str]
        Of the bucket, known only once encryption, privacy and policy are in place.
    """

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the bucket and everything that protects it."""
        super().__init__("headrace:data:Bucket", name, None, opts)
        self._logical_name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-bucket", force_destroy=args.force_destroy, opts=self._child)
        self._id = bucket.bucket
        protections = [*self._keep_versions(), self._encrypt(), *self._close(bucket.arn)]
        ready = pulumi.Output.all(bucket.bucket, bucket.arn, *[protection.id for protection in protections])
        self.name: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        self.arn: pulumi.Output[str] = ready.apply(lambda known: str(known[1]))
        if args.access_logs is not None:
            aws.s3.BucketLogging(
                f"{name}-logging",
                bucket=self._id,
                target_bucket=args.access_logs.name,
                target_prefix=f"access/{name}/",
                opts=self._child,
            )
        if args.announce_changes:
            aws.s3.BucketNotification(f"{name}-notification", bucket=self._id, eventbridge=True, opts=self._child)
        self.register_outputs({"name": self.name, "arn": self.arn})

    @property
    def key_arn(self) -> pulumi.Input[str]:
        """The customer key of what is written.

        Raises
        ------
        ArgumentsError
            If the bucket has none.
        """
        if self._args.key_arn is None:
            raise ArgumentsError(
                f"Bucket {self._logical_name!r} must have a customer key, because what is written there names it, got "
                "none. Give it a `key_arn`."
            )
        return self._args.key_arn

    def read_statements(self, *prefixes: str, key_arn: pulumi.Input[str] | None = None) -> list[Statement]:
        """Permissions to list and read what lies under one of `prefixes`, every version of it.

        Parameters
        ----------
        *prefixes : str
            Of the objects' keys.
        key_arn : input of str, optional
            Customer key of these objects, where it is not the bucket's.
        """
        return [
            self._list_statement(*prefixes),
            allow(["s3:GetObject", "s3:GetObjectVersion"], [self._objects(prefix) for prefix in prefixes]),
            *([allow(["kms:Decrypt"], [key_arn])] if key_arn is not None else self._key_statements("kms:Decrypt")),
        ]

    def newest_statements(self, prefix: pulumi.Input[str]) -> list[Statement]:
        """Permissions to read what lies under `prefix`, the newest version of it."""
        objects = pulumi.Output.concat(prefix, "*")
        return [
            allow(["s3:GetObject"], [pulumi.Output.concat(self.arn, "/", objects)]),
            # To whoever may not list, S3 says 403 of an object that is not there, instead of 404.
            allow(["s3:ListBucket"], [self.arn], condition={"StringLike": {"s3:prefix": [objects]}}),
            *self._key_statements("kms:Decrypt"),
        ]

    def write_statements(self, prefix: str) -> list[Statement]:
        """Permissions to list what lies under `prefix` and to create objects there; reading is another matter."""
        return [
            self._list_statement(prefix),
            allow(["s3:PutObject", "s3:AbortMultipartUpload"], [self._objects(prefix)]),
            # SageMaker's API reference asks for kms:Encrypt where a job's output or a capture names its key.
            *self._key_statements("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        ]

    def _objects(self, prefix: str) -> pulumi.Output[str]:
        return pulumi.Output.format("{}/{}*", self.arn, prefix)

    def _list_statement(self, *prefixes: str) -> Statement:
        return allow(
            ["s3:ListBucket", "s3:ListBucketVersions"],
            [self.arn],
            condition={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        )

    def _key_statements(self, *actions: str) -> list[Statement]:
        return [] if self._args.key_arn is None else [allow(actions, [self._args.key_arn])]

    def _keep_versions(self) -> list[pulumi.CustomResource]:
        name, args = self._logical_name, self._args
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=self._id,
            versioning_configuration={"status": "Enabled"},
            opts=self._child,
        )
        rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = []
        if args.noncurrent_days is not None:
            rules.append(
                {
                    "id": "superseded-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            )
        if args.expire_days is not None:
            rules.append(
                {
                    "id": "old-objects",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.expire_days},
                }
            )
        if rules:
            aws.s3.BucketLifecycleConfiguration(
                f"{name}-lifecycle",
                bucket=self._id,
                rules=rules,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        return [versioning]

    def _encrypt(self) -> pulumi.CustomResource:
        key_arn = self._args.key_arn
        return aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._logical_name}-encryption",
            bucket=self._id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": (
                        {"sse_algorithm": "AES256"}
                        if key_arn is None
                        else {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
                    ),
                    "bucket_key_enabled": key_arn is not None,
                }
            ],
            opts=self._child,
        )

    def _close(self, arn: pulumi.Output[str]) -> list[pulumi.CustomResource]:
        name = self._logical_name
        privacy = aws.s3.BucketPublicAccessBlock(
            f"{name}-privacy",
            bucket=self._id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=self._id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=self._id,
            policy=document(self._policy_statements(arn)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[privacy]),
        )
        return [privacy, ownership, policy]

    def _policy_statements(self, arn: pulumi.Output[str]) -> list[Statement]:
        args = self._args
        everything = [arn, pulumi.Output.concat(arn, "/*")]
        statements = [
            deny(
                ["s3:*"],
                everything,
                sid="TlsOnly",
                principal=ANYONE,
                condition={"Bool": {"aws:SecureTransport": "false"}},
            )
        ]
        if args.write_once_prefixes:
            once = [pulumi.Output.concat(arn, "/", prefix, "*") for prefix in args.write_once_prefixes]
            statements += [
                deny(
                    ["s3:PutObject"],
                    once,
                    sid="NeverOverwrite",
                    principal=ANYONE,
                    # The calls that begin a multipart upload create nothing and carry no condition; the one that
                    # ends it does.
                    condition={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
                ),
                # Destroying the bucket takes this policy away first, so force_destroy still empties it.
                deny(["s3:DeleteObject", "s3:DeleteObjectVersion"], once, sid="NeverDelete", principal=ANYONE),
            ]
        if args.takes_access_logs:
            statements.append(
                allow(
                    ["s3:PutObject"],
                    [pulumi.Output.concat(arn, "/*")],
                    sid="AccessLogs",
                    principal={"Service": "logging.s3.amazonaws.com"},
                    condition={"StringEquals": {"aws:SourceAccount": args.place.account_id}},
                )
            )
        return statements
