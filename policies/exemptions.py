"""Which resources need not keep which rule, why, and until when; docs/policies.md says how to ask for one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """One resource that need not keep one rule for a while.

    Attributes
    ----------
    rule
        The rule's name.
    resource
        Type token and name: `aws:s3/bucket:Bucket::lake-raw`.
    reason
        Why, and what makes up for it; printed as an advisory at every preview.
    until
        The last day on which it holds.
    """

    rule: str
    resource: str
    reason: str
    until: date

    def covers(self, rule: str, resource_type: str, name: str) -> bool:
        """Say whether it holds today for this rule and resource."""
        today = datetime.now(UTC).date()
        return self.rule == rule and self.resource == f"{resource_type}::{name}" and today <= self.until


EXEMPTIONS: tuple[Exemption, ...] = ()
