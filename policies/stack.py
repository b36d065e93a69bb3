"""Which resources of a stack belong to which, as far as it can be known before they exist."""

from collections.abc import Iterable, Iterator
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

BUCKET = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_LOGGING = ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")


class NotYetKnown(Exception):  # noqa: N818 - it is no error: the answer comes with `pulumi up`
    """A rule cannot be judged before the deployment; the text says what is missing, without any value."""


class Stack:
    """The resources that a program declared.

    Parameters
    ----------
    resources
        All resources, as a stack validation gets them.
    """

    def __init__(self, resources: Iterable[PolicyResource]) -> None:
        self._resources = list(resources)

    def of(self, types: Iterable[str]) -> Iterator[PolicyResource]:
        """Yield the resources whose type token is one of `types`."""
        wanted = set(types)
        return (resource for resource in self._resources if resource.resource_type in wanted)

    def settings_of(self, bucket: PolicyResource, types: Iterable[str]) -> list[PolicyResource]:
        """Return the resources of these types whose `bucket` property is this bucket.

        Raises
        ------
        NotYetKnown
            If there is none for certain, but one of them could turn out to be for this bucket.
        """
        return self._referring(bucket, "bucket", types)

    def receives_access_logs(self, bucket: PolicyResource) -> bool:
        """Say whether another bucket of the stack sends its access logs to this one."""
        return bool(self._referring(bucket, "targetBucket", BUCKET_LOGGING))

    def _referring(self, bucket: PolicyResource, name: str, types: Iterable[str]) -> list[PolicyResource]:
        found, possible = [], []
        for resource in self.of(types):
            refers = _refers(resource, name, bucket)
            if refers:
                found.append(resource)
            elif refers is None:
                possible.append(resource.name)
        if not found and possible:
            raise NotYetKnown(f"the {name} of {', '.join(sorted(possible))}")
        return found


def _refers(resource: PolicyResource, name: str, bucket: PolicyResource) -> bool | None:
    """Say whether a property names the bucket; None if nobody can know yet."""
    value, known = _read(resource, name)
    if known and value is None:
        return False
    names = [_read(bucket, key) for key in ("bucket", "id", "s3BucketId", "arn")]
    if known and any(value == other for other, is_known in names if is_known):
        return True
    sources = _buckets_behind(resource.property_dependencies.get(name, ()))
    if sources == {bucket.urn}:
        return True
    if known:
        # A literal name could still be this bucket's if the bucket's own name is not known.
        return None if not sources and not names[0][1] else False
    return None if not sources or bucket.urn in sources else False


def _buckets_behind(resources: Iterable[PolicyResource]) -> set[str]:
    """Return the URNs of the buckets that a property was computed from, through other bucket settings too."""
    urns: set[str] = set()
    for resource in resources:
        if resource.resource_type in BUCKET:
            urns.add(resource.urn)
        elif resource.resource_type.startswith("aws:s3/bucket"):
            urns |= _buckets_behind(resource.property_dependencies.get("bucket", ()))
    return urns


def _read(resource: PolicyResource, name: str) -> tuple[Any, bool]:
    """Return a property's value and whether it is known."""
    try:
        return resource.props.get(name), True
    except UnknownValueError:
        return None, False
