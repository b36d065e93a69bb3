"""The dynamic resource that lets an endpoint's birth be tried again after it failed.

CreateEndpoint that fails leaves an endpoint of status Failed behind. Pulumi does not know it, SageMaker allows only
its deletion, and it holds the name, so that every later attempt would be refused.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.account import session_for
from components.place import Place

_PAUSE_SECONDS = 1.0
_GONE_SECONDS = 10 * 60


class EndpointNameTakenError(Exception):
    """A failed endpoint holds the name, and it is not this environment's to delete."""


class EndpointBirthProvider(ResourceProvider):
    """Clears what a failed birth left, and keeps the image that the endpoint was born with."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Clear the name, and choose the image of `props`."""
        _clear(props)
        return CreateResult(id_=props["endpoint_name"], outs={**props, "born_with": props["image_uri"]})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Choose again only while the endpoint is not born; the endpoint's later images are releases'."""
        inputs = ("account_id", "region", "endpoint_name", "image_uri", "tags")
        status = _status(_olds)
        unborn = status is None and any(_olds.get(key) != _news.get(key) for key in inputs)
        return DiffResult(changes=unborn or status == "Failed", replaces=[], stables=[], delete_before_replace=False)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Clear the name, and choose the image of `_news`."""
        _clear(_news)
        return UpdateResult(outs={**_news, "born_with": _news["image_uri"]})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Clear what a birth left that failed and was never tried again."""
        _clear(_props)


@dataclass(frozen=True, kw_only=True)
class EndpointBirthArgs:
    """What an `EndpointBirth` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    endpoint_name : str
        The endpoint that is to be born.
    image_uri : input of str
        The image that it is born with, as long as it is not born.
    tags : mapping of str to str
        What the endpoint carries; a failed endpoint without them is somebody else's and stays.
    """

    place: Place
    endpoint_name: str
    image_uri: pulumi.Input[str]
    tags: Mapping[str, str]


class EndpointBirth(Resource, module="serving", name="EndpointBirth"):
    """The conditions of an endpoint's birth.

    Attributes
    ----------
    born_with : pulumi.Output[str]
        The image of the bootstrap model: the newest one until the endpoint is born, and that one ever after.
    """

    born_with: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointBirthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the birth."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "endpoint_name": args.endpoint_name,
            "image_uri": args.image_uri,
            "tags": dict(args.tags),
            "born_with": None,
        }
        super().__init__(EndpointBirthProvider(), name, inputs, opts)


def _status(props: dict[str, Any]) -> str | None:
    client = session_for(props["account_id"], props["region"]).client("sagemaker")
    found = _describe(client, props["endpoint_name"])
    return None if found is None else str(found["EndpointStatus"])


def _clear(props: dict[str, Any]) -> None:
    client = session_for(props["account_id"], props["region"]).client("sagemaker")
    name = props["endpoint_name"]
    found = _describe(client, name)
    if found is None or found["EndpointStatus"] != "Failed":
        return
    pages = client.get_paginator("list_tags").paginate(ResourceArn=found["EndpointArn"])
    carried = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    if not props["tags"].items() <= carried.items():
        raise EndpointNameTakenError(
            f"The name {name} must be free, and a failed endpoint without the tags {props['tags']} holds it. "
            "Delete that endpoint, or name this one differently."
        )
    client.delete_endpoint(EndpointName=name)
    deadline = time.monotonic() + _GONE_SECONDS
    while _describe(client, name) is not None:
        if time.monotonic() > deadline:
            raise EndpointNameTakenError(f"The failed endpoint {name} must be gone within ten minutes. Try again.")
        time.sleep(_PAUSE_SECONDS)


def _describe(client: Any, name: str) -> Mapping[str, Any] | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        found: Mapping[str, Any] = client.describe_endpoint(EndpointName=name)
        return found
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        raise
