"""What lets a birth be tried again after it failed: a dynamic resource that clears the name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.births import calls
from components.births.calls import Kind
from components.place import Place


class BirthProvider(ResourceProvider):
    """Clears what a failed birth left. Who inherits says of which kind, and what else of the inputs counts."""

    serialize_as_secret_always = False
    kind: ClassVar[Kind]
    more: ClassVar[Sequence[str]] = ()
    settled_once_born: ClassVar[bool] = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Clear the name."""
        calls.clear(self.kind, props)
        return CreateResult(id_=props[self.kind.named], outs=self.outputs(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Clear again where a birth has failed since, or another is wanted."""
        inputs = ("account_id", "region", self.kind.named, "tags", *self.more)
        status = calls.status(self.kind, _olds, _olds[self.kind.named])
        settled = self.settled_once_born and status is not None
        changed = not settled and any(_olds.get(key) != _news.get(key) for key in inputs)
        return DiffResult(
            changes=changed or status == self.kind.failed, replaces=[], stables=[], delete_before_replace=False
        )

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Clear the name."""
        calls.clear(self.kind, _news)
        return UpdateResult(outs=self.outputs(_news))

    def outputs(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known once the name is clear."""
        return dict(props)


@dataclass(frozen=True, kw_only=True)
class BirthArgs:
    """Which name is cleared.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    name : str
        Of what is to be born.
    tags : mapping of str to str
        What it carries; what failed without them is somebody else's and stays.
    """

    place: Place
    name: str
    tags: Mapping[str, str]

    def inputs(self, kind: Kind) -> dict[str, Any]:
        """Return what the providers are given."""
        return {
            "account_id": self.place.account_id,
            "region": self.place.region,
            kind.named: self.name,
            "tags": dict(self.tags),
        }
