"""What the stack was deployed as, looked at before anything else is registered."""

from __future__ import annotations

from components.identity import Identity, IdentityArgs
from stacks.settings import Settings
from workloads.spec import Workload


async def confirmed(settings: Settings, workload: Workload) -> None:
    """Register the identity, and wait until it is known to be the one that is deployed."""
    known = Identity(
        "identity",
        IdentityArgs(
            environment=settings.environment,
            region=settings.region,
            workload=workload.name,
            allowed_account_ids=settings.allowed_account_ids,
        ),
    )
    await known.urn.future()
