"""SageMaker's declared resources, driven by botocore's service model: what Create and Update got, Describe returns."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.sagemaker import listing, tags
from sandbox.cloud.moto.protocols import model_of
from sandbox.cloud.state import records
from sandbox.cloud.state.records import Record

_MODEL = model_of("sagemaker")
Step = Callable[[Call, Record], None]
_NOT_KEPT = {"Tags", "ClientRequestToken", "ClientToken"}


def _nothing(_: Call, __: Record) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    Attributes
    ----------
    name : str
        As in the actions: ``Model`` of CreateModel.
    path : str
        The resource type in the ARN.
    spoken : str
        What AWS calls it in its messages.
    missing, taken : str
        Error codes for a name that is not there, and for one that exists.
    lost : str
        The message for a name that is not there; Terraform's provider looks for its words.
    born : dict
        What Describe says beyond what Create was given.
    create, update : callable
        ``create(call, record)`` checks and completes a record before it is kept; it may be slow.
    unused : callable
        ``unused(call, record)`` refuses the deletion of a record; it runs under the lock.
    created, deleted : callable
        What follows once the record is kept, or gone.
    describe : callable
        ``describe(call, record)`` completes a copy of a record with what is true now.
    """

    name: str
    path: str
    spoken: str
    missing: str = "ValidationException"
    taken: str = "ValidationException"
    lost: str = 'Could not find {spoken} "{arn}".'
    born: dict[str, Any] = field(default_factory=dict)
    create: Step = _nothing
    update: Step = _nothing
    describe: Step = _nothing
    unused: Step = _nothing
    created: Step = _nothing
    deleted: Step = _nothing
    name_member: str = ""
    arn_member: str = ""

    @property
    def key(self) -> str:
        """The member that holds the name."""
        return self.name_member or f"{self.name}Name"

    @property
    def arn(self) -> str:
        """The member that holds the ARN."""
        return self.arn_member or f"{self.name}Arn"


def arn_of(call: Call, path: str, name: str) -> str:
    """Return the ARN of a SageMaker resource of the calling account and region."""
    return f"arn:aws:sagemaker:{call.region}:{call.account}:{path}/{name}"


def now() -> datetime:
    """Return the time as AWS reports it: in UTC, to the millisecond."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def name_in(value: str) -> str:
    """Return the name in an ARN or in a plain name."""
    return value.rpartition("/")[2]


def find(kind: Kind, call: Call, name: str) -> Record:
    """Return a record, or raise AWS's error for one that is not there."""
    row = records.table(kind.name).get(name_in(name))
    if row is None:
        arn = arn_of(call, kind.path, name_in(name))
        raise AwsError(kind.missing, kind.lost.format(spoken=kind.spoken, arn=arn))
    return row


def shown(action: str, row: Record) -> Params:
    """Return what of a record an action's output has room for."""
    output = _MODEL.operation_model(action).output_shape
    return {member: row[member] for member in (output.members if output else {}) if row.get(member) is not None}


def register(kind: Kind) -> None:
    """Take over the Create, Describe, Update, Delete and List actions of a kind, as far as SageMaker has them."""
    made = _Actions(kind)
    verbs = {"Create": made.create, "Describe": made.describe, "Update": made.update, "Delete": made.delete}
    for verb, handler in verbs.items():
        if verb + kind.name in _MODEL.operation_names:
            handles("sagemaker", verb + kind.name)(handler)
    handles("sagemaker", f"List{kind.name}s")(made.list)


class _Actions:
    """The handlers of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def _refuse_taken(self, call: Call, name: str) -> None:
        kind = self._kind
        if name in records.table(kind.name):
            arn = arn_of(call, kind.path, name)
            raise AwsError(kind.taken, f'Cannot create already existing {kind.spoken} "{arn}".')

    def create(self, call: Call) -> Params:
        kind, name = self._kind, call.params[self._kind.key]
        self._refuse_taken(call, name)
        row = {**copy.deepcopy(kind.born), **_kept(call.params), kind.arn: arn_of(call, kind.path, name)}
        row["CreationTime"] = row["LastModifiedTime"] = now()
        kind.create(call, row)
        with records.LOCK:
            self._refuse_taken(call, name)
            records.table(kind.name)[name] = row
        tags.put(row[kind.arn], call.params.get("Tags", []))
        try:
            kind.created(call, row)
        except Exception:
            records.table(kind.name).pop(name, None)
            tags.forget(row[kind.arn])
            raise
        return shown(call.action, row)

    def describe(self, call: Call) -> Params:
        with records.LOCK:
            row = copy.deepcopy(find(self._kind, call, call.params[self._kind.key]))
        self._kind.describe(call, row)
        return shown(call.action, row)

    def update(self, call: Call) -> Params:
        kind = self._kind
        with records.LOCK:
            row = copy.deepcopy(find(kind, call, call.params[kind.key]))
        row.update({**_kept(call.params), kind.key: row[kind.key], "LastModifiedTime": now()})
        kind.update(call, row)
        with records.LOCK:
            find(kind, call, row[kind.key]).update(row)
        records.changed()
        return shown(call.action, row)

    def delete(self, call: Call) -> Params:
        kind = self._kind
        with records.LOCK:
            row = find(kind, call, call.params[kind.key])
            kind.unused(call, row)
            records.table(kind.name).pop(row[kind.key])
        kind.deleted(call, row)
        tags.forget(row[kind.arn])
        records.changed()
        return shown(call.action, row)

    def list(self, call: Call) -> Params:
        kind = self._kind
        with records.LOCK:
            rows = [copy.deepcopy(row) for row in records.table(kind.name).values()]
        for row in rows:
            kind.describe(call, row)
        rows = [row for row in rows if _agrees(row, call.params, kind)]
        chosen, token = listing.page(listing.ordered(rows, call.params, kind.key, descending=True), call.params)
        output = _MODEL.operation_model(call.action).output_shape
        member = next(name for name, shape in output.members.items() if shape.type_name == "list")
        room = output.members[member].member.members
        return {member: [{part: row[part] for part in room if part in row} for row in chosen], "NextToken": token}


def _kept(params: Params) -> Record:
    return {member: value for member, value in params.items() if member not in _NOT_KEPT}


def _agrees(row: Record, params: Params, kind: Kind) -> bool:
    """Apply the filters that only some List calls have: a prefix of the name, a member's exact value."""
    for member, value in params.items():
        if member.endswith("NamePrefix") and not str(row[kind.key]).startswith(value):
            return False
        exact = re.sub("Equals$", "", member)
        if (member.endswith("Equals") or exact in ("TrackingServerStatus", "MlflowVersion")) and row.get(
            exact
        ) != value:
            return False
    return True
