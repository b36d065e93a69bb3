"""The dynamic resources that let an endpoint's birth be tried again after it failed (see `components.births`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components import births
from components.births import ENDPOINT
from components.place import Place
from components.sweeper import SweepProvider


class EndpointBirthProvider(ResourceProvider):
    """Clears what a failed birth left, and keeps the image and the model data that the endpoint was born with."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Clear the name, and choose image and data of `props`."""
        births.clear(ENDPOINT, props, props["endpoint_name"])
        return CreateResult(id_=props["endpoint_name"], outs=_chosen(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Choose again only while the endpoint is not born; the endpoint's later images are releases'."""
        inputs = ("account_id", "region", "endpoint_name", "image_uri", "model_data_url", "tags")
        status = births.status(ENDPOINT, _olds, _olds["endpoint_name"])
        unborn = status is None and any(_olds.get(key) != _news.get(key) for key in inputs)
        return DiffResult(
            changes=unborn or status == ENDPOINT.failed, replaces=[], stables=[], delete_before_replace=False
        )

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Clear the name, and choose image and data of `_news`."""
        births.clear(ENDPOINT, _news, _news["endpoint_name"])
        return UpdateResult(outs=_chosen(_news))


class EndpointEndProvider(SweepProvider):
    """Makes nothing; a deletion clears what a birth left that failed and was never tried again."""

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Clear the name; an endpoint that lives is Pulumi's to delete."""
        births.clear(ENDPOINT, _props, _props["endpoint_name"])


def _chosen(props: Mapping[str, Any]) -> dict[str, Any]:
    return {**props, "born_with": props["image_uri"], "born_with_data": props["model_data_url"]}


@dataclass(frozen=True, kw_only=True)
class EndpointBirthArgs:
    """What an `EndpointBirth` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    endpoint_name : str
        The endpoint that is to be born.
    image_uri, model_data_url : input of str
        The image and the model data that it is born with, as long as it is not born.
    tags : mapping of str to str
        What the endpoint carries; a failed endpoint without them is somebody else's and stays.
    """

    place: Place
    endpoint_name: str
    image_uri: pulumi.Input[str]
    model_data_url: pulumi.Input[str]
    tags: Mapping[str, str]


class EndpointBirth(Resource, module="serving", name="EndpointBirth"):
    """The conditions of an endpoint's birth.

    Attributes
    ----------
    born_with : pulumi.Output[str]
        The image of the bootstrap model: the newest one until the endpoint is born, and that one ever after.
    born_with_data : pulumi.Output[str]
        Its data, in the same way.
    """

    born_with: pulumi.Output[str]
    born_with_data: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointBirthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the birth."""
        inputs = {
            **_name(args),
            "image_uri": args.image_uri,
            "model_data_url": args.model_data_url,
            "born_with": None,
            "born_with_data": None,
        }
        super().__init__(EndpointBirthProvider(), name, inputs, opts)


class EndpointEnd(Resource, module="serving", name="EndpointEnd"):
    """The end of an endpoint that was never born: Pulumi does not know it, and its configuration must outlive it."""

    def __init__(self, name: str, args: EndpointBirthArgs, opts: pulumi.ResourceOptions) -> None:
        """Register the end, which must depend on the configuration."""
        super().__init__(EndpointEndProvider(), name, _name(args), opts)


def _name(args: EndpointBirthArgs) -> dict[str, Any]:
    """Say which name is cleared, where, and by which tags what holds it is known to be ours."""
    return {
        "account_id": args.place.account_id,
        "region": args.place.region,
        "endpoint_name": args.endpoint_name,
        "tags": dict(args.tags),
    }
