"""Plain arguments are checked before anything is registered, and every broken rule is told."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from components.alarms import EndpointAlarms, EndpointAlarmsArgs
from components.catalogue import Catalogue, CatalogueArgs, ParquetTable
from components.checks import ArgumentsError
from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs
from components.tracking import Tracking, TrackingArgs
from tests.components.parts import endpoint, keys, lake, options
from tests.components.recording import record


def alarms(place: Place, opts: pulumi.ResourceOptions) -> None:
    args = EndpointAlarmsArgs(
        endpoint=endpoint(place, opts),
        topic_arn="t",
        server_error_rate=1.5,
        client_error_rate=-0.1,
        latency_ms=0,
    )
    EndpointAlarms("broken", args, opts)


def catalogue(place: Place, opts: pulumi.ResourceOptions) -> None:
    waters = lake(place, opts, keys(place, opts))
    empty = ParquetTable(bucket=waters.raw, prefix="raw/", columns={}, description="Nothing")
    args = CatalogueArgs(database_name="Head-Race", results=waters.curated, tables={"t": empty}, scan_limit_gb=0)
    Catalogue("broken", args, opts)


def data_lake(place: Place, opts: pulumi.ResourceOptions) -> None:
    args = DataLakeArgs(place=place, data_key_arn="k", model_key_arn="k", noncurrent_days=0, access_log_days=-1)
    DataLake("broken", args, opts)


def known_keys(place: Place, opts: pulumi.ResourceOptions) -> None:
    Keys("broken", KeysArgs(place=place, alias_prefix="x", deletion_window_days=6), opts)


def role(place: Place, opts: pulumi.ResourceOptions) -> None:
    args = ServiceRoleArgs(
        service="sagemaker.amazonaws.com", duty="None", place=place, statements=[], any_account_because=""
    )
    ServiceRole("broken", args, opts)


def tracking(place: Place, opts: pulumi.ResourceOptions) -> None:
    waters = lake(place, opts, keys(place, opts))
    Tracking(
        "broken", TrackingArgs(place=place, server_name="t", artifacts=waters.artifacts, tags={}, size="Huge"), opts
    )


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (alarms, ["server_error_rate", "client_error_rate", "latency_ms"]),
        (catalogue, ["database_name", "scan_limit_gb", "tables.t.columns"]),
        (data_lake, ["noncurrent_days", "access_log_days"]),
        (known_keys, ["deletion_window_days"]),
        (role, ["statements", "any_account_because"]),
        (tracking, ["size"]),
    ],
)
def test_all_broken_rules_are_told_and_nothing_is_registered(
    make: Callable[[Place, pulumi.ResourceOptions], None], fields: list[str]
) -> None:
    told: list[str] = []

    def program() -> None:
        try:
            make(*options())
        except ValueError as error:
            told.extend(str(error).splitlines()[1:])

    recording = record(program)
    assert [line.split("`")[1] for line in told] == fields
    assert all(" must " in line for line in told)
    assert not [found for found in recording.registrations if found.name.startswith("broken")]


def test_what_is_encrypted_goes_to_a_bucket_with_a_customer_key() -> None:
    def program() -> None:
        place, opts = options()
        args = CatalogueArgs(database_name="base", results=lake(place, opts, keys(place, opts)).logs)
        Catalogue("broken", args, opts)

    with pytest.raises(ArgumentsError, match="Bucket 'lake-logs' must have a customer key"):
        record(program)
