"""What a mutant is, and the words that its operators turn round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

OPPOSITES = {
    "ALL": "OFF",
    "Allow": "Deny",
    "Approved": "Rejected",
    "ArnLike": "ArnNotLike",
    "BucketOwnerEnforced": "ObjectWriter",
    "Bool": "Null",
    "Descending": "Ascending",
    "Enabled": "Disabled",
    "ForAllValues": "ForAnyValue",
    "GreaterThanThreshold": "LessThanThreshold",
    "IMMUTABLE": "MUTABLE",
    "Input": "Output",
    "IpAddress": "NotIpAddress",
    "KMS": "AES256",
    "Null": "Bool",
    "PendingManualApproval": "Approved",
    "SSE_KMS": "SSE_S3",
    "StringEquals": "StringNotEquals",
    "StringLike": "StringNotLike",
    "StringNotEquals": "StringEquals",
    "aws:kms": "AES256",
    "expire": "keep",
    "false": "true",
    "notBreaching": "breaching",
    "true": "false",
    "untagged": "tagged",
}
"""Words of AWS's whose opposite is a fault that no type check sees."""

PROTECTS = re.compile(
    r"kms|key_?arn|key_?id|encrypt|isolation|protect|condition|ignore_?changes|depends_?on|retain|rotation|immutab"
    r"|scan_on|principal|delete_before_replace|digest|checksum|recovery|retention",
    re.IGNORECASE,
)
"""What may be left out without an error, and must not be."""


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes
    ----------
    path : str
        The file, from the project's folder.
    where : str
        The function, class or state that holds it.
    what : str
        The fault, in a line.
    text : str
        The whole file with the fault.
    number : int
        Which one, where a place has the same fault several times.
    """

    path: str
    where: str
    what: str
    text: str
    number: int = 1

    @property
    def name(self) -> str:
        """A name that stays when lines move."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.path} {self.where}: {self.what}{again}"


def numbered(found: Iterable[Mutant]) -> Iterator[Mutant]:
    """Tell mutants of the same words in the same place from each other."""
    seen: Counter[str] = Counter()
    for mutant in found:
        seen[mutant.name] += 1
        yield replace(mutant, number=seen[mutant.name])
