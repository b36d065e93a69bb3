"""The dynamic resource that remembers what a stack was deployed as, and refuses to make another thing of it.

Account, region and environment are in the names of everything. Changing one of them in a stack that is
deployed would make a second environment beside the first one's buckets, data and endpoint, under one state. The program
waits for this resource before it registers any other, so a refusal changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.account import caller

_WAYS_BACK = {
    "environment": "`pulumi stack rename {old}`",
    "region": "`headrace:region: {old}`",
}


class IdentityError(Exception):
    """A change that would make another environment of a stack that is deployed."""


class IdentityProvider(ResourceProvider):
    """Compares what a stack was deployed as with what it is asked to be."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Remember `props` and the account that the credentials belong to, if it is allowed."""
        account = _account(props["region"])
        if account not in props["allowed_account_ids"]:
            allowed = ", ".join(props["allowed_account_ids"])
            raise IdentityError(
                f"The AWS credentials must belong to one of the accounts {allowed}, got account {account}. "
                "Nothing was made. Sign in to one of them, or allow the account."
            )
        return CreateResult(id_=props["environment"], outs={**props, "account_id": account})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Refuse another environment, region or account."""
        changed = [name for name in _WAYS_BACK if _olds[name] != _news[name]]
        problems = [f"{name} {_olds[name]!r} became {_news[name]!r}" for name in changed]
        back = [_WAYS_BACK[name].format(old=_olds[name]) for name in changed]
        if not changed and _olds["account_id"] != (account := _account(_news["region"])):
            problems.append(f"account {_olds['account_id']} became {account}")
            back.append(f"credentials of account {_olds['account_id']}")
        if not changed and _olds["account_id"] not in _news["allowed_account_ids"]:
            problems.append(f"account {_olds['account_id']} is not allowed any more")
            back.append(f"{_olds['account_id']} in `headrace:allowed_account_ids`")
        if problems:
            raise IdentityError(
                f"This stack must stay what it was deployed as, and {', '.join(problems)}. Its data, models and "
                f"endpoint would stay behind. Nothing was changed. To go on with it, give back {' and '.join(back)}. "
                "For the other one, make a stack of its own: `pulumi stack init`."
            )
        return DiffResult(
            changes=list(_olds["allowed_account_ids"]) != list(_news["allowed_account_ids"]),
            replaces=[],
            stables=[],
            delete_before_replace=False,
        )

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remember which accounts are allowed now."""
        return UpdateResult(outs={**_news, "account_id": _olds["account_id"]})


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What an `Identity` is made from.

    Attributes
    ----------
    environment, region : str
        What is in the names of everything.
    allowed_account_ids : sequence of str
        The accounts that the stack may be in; it stays in the one that it was made in.
    """

    environment: str
    region: str
    allowed_account_ids: Sequence[str]


class Identity(Resource, module="stack", name="Identity"):
    """What the stack is, for as long as it is deployed."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the identity."""
        inputs = {
            "environment": args.environment,
            "region": args.region,
            "allowed_account_ids": list(args.allowed_account_ids),
            "account_id": None,
        }
        super().__init__(IdentityProvider(), name, inputs, opts)


def _account(region: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        return caller(region)
    except (BotoCoreError, ClientError) as error:
        raise IdentityError(
            f"The AWS credentials must be valid, and AWS says: {error}. Nothing was changed. Set other credentials."
        ) from error
