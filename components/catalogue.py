"""The catalogue: what lies in the lake, as tables that Athena queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket
from components.checks import require

RESULTS_PREFIX = "athena/"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True, kw_only=True)
class ParquetTable:
    """A table of Parquet files.

    Attributes
    ----------
    bucket : Bucket
        Where the files are.
    prefix : str
        The prefix that they share, with a closing slash.
    columns : mapping of str to str
        Glue type of each column, in order.
    description : str
        What one row is.
    """

    bucket: Bucket
    prefix: str
    columns: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class CatalogueArgs:
    """What a `Catalogue` is made from.

    Attributes
    ----------
    database_name : str
        Lower-case letters, digits and underscores, because SQL names it.
    tables : mapping of str to ParquetTable
        By table name.
    results : Bucket
        Where query results go, under ``athena/`` and its customer key.
    scan_limit_gb : int
        Gigabytes after which one query is cut off, because Athena is paid by the byte.
    force_destroy : bool
        Whether destroying the workgroup also deletes its saved queries and history.
    """

    database_name: str
    results: Bucket
    tables: Mapping[str, ParquetTable] = field(default_factory=dict)
    scan_limit_gb: int = 100
    force_destroy: bool = False


class Catalogue(pulumi.ComponentResource):
    """A Glue database with its tables, and the Athena workgroup that queries them.

    Attributes
    ----------
    database_name, workgroup_name : pulumi.Output[str]
        For queries.
    """

    def __init__(self, name: str, args: CatalogueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the database, its tables and the workgroup."""
        require(
            f"Catalogue {name!r}",
            [
                (
                    args.database_name.replace("_", "a").isalnum() and args.database_name.islower(),
                    f"`database_name` must be of lower-case letters, digits and underscores, got "
                    f"{args.database_name!r}. SQL would have to quote it.",
                ),
                (args.scan_limit_gb >= 1, f"`scan_limit_gb` must be at least 1, got {args.scan_limit_gb}. Raise it."),
                *(
                    (bool(table.columns), f"`tables.{key}.columns` must not be empty. List the table's columns.")
                    for key, table in args.tables.items()
                ),
            ],
        )
        super().__init__("headrace:data:Catalogue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        database = aws.glue.CatalogDatabase(f"{name}-database", name=args.database_name, opts=child)
        for key, table in args.tables.items():
            self._table(name, key, table, database)
        workgroup = aws.athena.Workgroup(
            f"{name}-workgroup",
            force_destroy=args.force_destroy,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": args.scan_limit_gb * 1024**3,
                "result_configuration": {
                    "output_location": pulumi.Output.format("s3://{}/{}", args.results.name, RESULTS_PREFIX),
                    "encryption_configuration": {
                        "encryption_option": "SSE_KMS",
                        "kms_key_arn": args.results.key_arn,
                    },
                },
            },
            opts=child,
        )
        self.database_name: pulumi.Output[str] = database.name
        self.workgroup_name: pulumi.Output[str] = workgroup.name
        self.register_outputs({"database_name": self.database_name, "workgroup_name": self.workgroup_name})

    def _table(self, name: str, key: str, table: ParquetTable, database: aws.glue.CatalogDatabase) -> None:
        aws.glue.CatalogTable(
            f"{name}-{key.replace('_', '-')}-table",
            name=key,
            database_name=database.name,
            description=table.description,
            table_type="EXTERNAL_TABLE",
            parameters={"classification": "parquet", "EXTERNAL": "TRUE"},
            storage_descriptor={
                "location": pulumi.Output.format("s3://{}/{}", table.bucket.name, table.prefix),
                "input_format": f"{_PARQUET}.MapredParquetInputFormat",
                "output_format": f"{_PARQUET}.MapredParquetOutputFormat",
                "ser_de_info": {"serialization_library": f"{_PARQUET}.serde.ParquetHiveSerDe"},
                "columns": [{"name": column, "type": glue_type} for column, glue_type in table.columns.items()],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
