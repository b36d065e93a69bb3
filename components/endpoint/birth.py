"""The dynamic resources that let an endpoint's birth be tried again after it failed (see `components.births`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.births import calls
from components.births.calls import ENDPOINT
from components.births.provider import BirthArgs, BirthProvider
from components.sweeper import SweepProvider


class EndpointBirthProvider(BirthProvider):
    """Keeps the image and the model data that the endpoint was born with; its later images are releases'."""

    kind = ENDPOINT
    more = ("image_uri", "model_data_url")
    settled_once_born = True

    def outputs(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """Choose image and data of `props`."""
        return {**props, "born_with": props["image_uri"], "born_with_data": props["model_data_url"]}


class EndpointEndProvider(SweepProvider):
    """Makes nothing; a deletion clears what a birth left that failed and was never tried again."""

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Clear the name; an endpoint that lives is Pulumi's to delete."""
        calls.clear(ENDPOINT, _props)


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

    def __init__(
        self,
        name: str,
        args: BirthArgs,
        image_uri: pulumi.Input[str],
        model_data_url: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the birth with the image and the data that are the newest."""
        inputs = {
            **args.inputs(ENDPOINT),
            "image_uri": image_uri,
            "model_data_url": model_data_url,
            "born_with": None,
            "born_with_data": None,
        }
        super().__init__(EndpointBirthProvider(), name, inputs, opts)


class EndpointEnd(Resource, module="serving", name="EndpointEnd"):
    """The end of an endpoint that was never born: Pulumi does not know it, and its configuration must outlive it."""

    def __init__(self, name: str, args: BirthArgs, opts: pulumi.ResourceOptions) -> None:
        """Register the end, which must depend on the configuration."""
        super().__init__(EndpointEndProvider(), name, args.inputs(ENDPOINT), opts)
