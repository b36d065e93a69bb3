"""What everything else stands on: keys, the lake, and the catalogue of what lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.catalogue import Catalogue, CatalogueArgs
from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from stacks.schemas import tables
from stacks.settings import Settings
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The parts that training and serving are given."""

    place: Place
    keys: Keys
    lake: DataLake
    catalogue: Catalogue


def foundation(settings: Settings, workload: Workload, provider: aws.Provider) -> Foundation:
    """Register keys, lake and catalogue."""
    opts = pulumi.ResourceOptions(provider=provider)
    place = Place.look_up(settings.region, provider)
    keys = Keys(
        "keys",
        KeysArgs(place=place, alias_prefix=settings.prefix, deletion_window_days=7 if settings.force_destroy else 30),
        opts,
    )
    lake = DataLake(
        "lake",
        DataLakeArgs(
            place=place,
            data_key_arn=keys.data_arn,
            model_key_arn=keys.model_arn,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    catalogue = Catalogue(
        "catalogue",
        CatalogueArgs(
            database_name=f"{settings.prefix}-{workload.name}".replace("-", "_"),
            tables=tables(workload, lake),
            results=lake.curated,
            results_key_arn=keys.data_arn,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    return Foundation(place=place, keys=keys, lake=lake, catalogue=catalogue)
