"""What the stack was deployed as, looked at before anything else is registered."""

from __future__ import annotations

from components.identity import Identity, IdentityArgs
from stacks.settings import Settings


async def confirmed(settings: Settings) -> None:
    """Register the identity, and wait until it is known to be the one that is deployed."""
    known = Identity(
        "identity",
        IdentityArgs(
            environment=settings.environment,
            region=settings.region,
            allowed_account_ids=settings.allowed_account_ids,
        ),
    )
    await known.urn.future()
