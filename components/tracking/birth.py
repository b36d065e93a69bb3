"""The dynamic resource that lets a tracking server's birth be tried again after it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components import births
from components.births import TRACKING_SERVER
from components.place import Place


class TrackingBirthProvider(ResourceProvider):
    """Clears what a failed birth left."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Clear the name."""
        births.clear(TRACKING_SERVER, props, props["server_name"])
        return CreateResult(id_=props["server_name"], outs=props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Clear again where a birth has failed since."""
        inputs = ("account_id", "region", "server_name", "tags")
        changed = any(_olds.get(key) != _news.get(key) for key in inputs)
        failed = births.status(TRACKING_SERVER, _olds, _olds["server_name"]) == TRACKING_SERVER.failed
        return DiffResult(changes=changed or failed, replaces=[], stables=[], delete_before_replace=False)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Clear the name."""
        births.clear(TRACKING_SERVER, _news, _news["server_name"])
        return UpdateResult(outs=_news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Clear what a birth left that failed and was never tried again."""
        births.clear(TRACKING_SERVER, _props, _props["server_name"])


@dataclass(frozen=True, kw_only=True)
class TrackingBirthArgs:
    """What a `TrackingBirth` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    server_name : str
        The server that is to be born.
    tags : mapping of str to str
        What the server carries; a failed server without them is somebody else's and stays.
    """

    place: Place
    server_name: str
    tags: Mapping[str, str]


class TrackingBirth(Resource, module="training", name="TrackingBirth"):
    """The conditions of a tracking server's birth."""

    def __init__(self, name: str, args: TrackingBirthArgs, opts: ResourceOptions | None = None) -> None:
        """Register the birth."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "server_name": args.server_name,
            "tags": dict(args.tags),
        }
        super().__init__(TrackingBirthProvider(), name, inputs, opts)
