"""The data lake: raw data, curated data, model artifacts, and the logs of who read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pulumi

from agreements.prefixes import PACKAGES
from components.bucket import Bucket, BucketArgs
from components.checks import require
from components.place import Place


@dataclass(frozen=True, kw_only=True)
class DataLakeArgs:
    """What a `DataLake` is made from.

    Attributes
    ----------
    place : Place
        The account that the lake is in.
    data_key_arn, model_key_arn : input of str
        Customer keys of data and of model artifacts.
    force_destroy : bool
        Whether destroying the lake deletes the data too.
    noncurrent_days : int
        Days that overwritten and deleted versions are kept.
    access_log_days : int
        Days that access logs are kept.
    """

    place: Place
    data_key_arn: pulumi.Input[str]
    model_key_arn: pulumi.Input[str]
    force_destroy: bool = False
    noncurrent_days: int = 90
    access_log_days: int = 365


class DataLake(pulumi.ComponentResource):
    """Four buckets.

    Attributes
    ----------
    raw : Bucket
        Data as they arrive, Parquet under ``raw/``; EventBridge hears of each object.
    curated : Bucket
        What processing writes: training sets, histories, evaluations, query results, captures.
    artifacts : Bucket
        Bundles, workloads' files, experiment artifacts, and model packages under a write-once prefix.
    logs : Bucket
        Access logs of the other three.
    """

    def __init__(self, name: str, args: DataLakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the buckets."""
        days = {"noncurrent_days": args.noncurrent_days, "access_log_days": args.access_log_days}
        require(
            f"DataLake {name!r}",
            [
                (value >= 1, f"`{field}` must be at least 1, got {value}. Give whole days.")
                for field, value in days.items()
            ],
        )
        super().__init__("headrace:data:DataLake", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        every = partial(
            BucketArgs, place=args.place, force_destroy=args.force_destroy, noncurrent_days=args.noncurrent_days
        )
        self.logs = Bucket(
            f"{name}-logs",
            every(
                expire_days=args.access_log_days,
                takes_access_logs=True,
            ),
            child,
        )
        self.raw = Bucket(
            f"{name}-raw",
            every(
                key_arn=args.data_key_arn,
                access_logs=self.logs,
                announce_changes=True,
            ),
            child,
        )
        self.curated = Bucket(
            f"{name}-curated",
            every(
                key_arn=args.data_key_arn,
                access_logs=self.logs,
            ),
            child,
        )
        self.artifacts = Bucket(
            f"{name}-artifacts",
            every(
                key_arn=args.model_key_arn,
                access_logs=self.logs,
                write_once_prefixes=(PACKAGES,),
            ),
            child,
        )
        self.register_outputs(
            {
                "raw": self.raw.name,
                "curated": self.curated.name,
                "artifacts": self.artifacts.name,
                "logs": self.logs.name,
            }
        )
