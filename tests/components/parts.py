"""Parts that several components are made from, registered against mocks."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from tests.components.recording import REGION


def options() -> tuple[Place, pulumi.ResourceOptions]:
    """A place, and options that name the provider."""
    provider = aws.Provider("aws", region=REGION)
    return Place.look_up(REGION, provider), pulumi.ResourceOptions(provider=provider)


def keys(place: Place, opts: pulumi.ResourceOptions) -> Keys:
    """Keys called ``keys``."""
    return Keys("keys", KeysArgs(place=place, alias_prefix="headrace-test"), opts)


def lake(place: Place, opts: pulumi.ResourceOptions, known: Keys) -> DataLake:
    """A lake called ``lake``."""
    return DataLake("lake", DataLakeArgs(place=place, data_key_arn=known.data_arn, model_key_arn=known.model_arn), opts)
