"""SageMaker's declared resources, driven by botocore's service model: what Create and Update got, Describe returns."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import get_service_model

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control import listing, tags
from sandbox.cloud.state import records
from sandbox.cloud.state.records import Record

_MODEL = get_service_model("sagemaker")
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
    create, update, describe : callable
        ``create(call, record)`` checks and completes a record before it is kept; it may be slow.
    unused : callable
        ``unused(call, record)`` refuses the deletion of a record; it runs under the lock.
    created, deleted : callable
        What follows once the record is kept, or gone.
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

    def create(call: Call) -> Params:
        name, rows = call.params[kind.key], records.table(kind.name)

        def refuse_taken() -> None:
            if name in rows:
                arn = arn_of(call, kind.path, name)
                raise AwsError(kind.taken, f'Cannot create already existing {kind.spoken} "{arn}".')

        refuse_taken()
        row = {**copy.deepcopy(kind.born), **_kept(call.params), kind.arn: arn_of(call, kind.path, name)}
        row["CreationTime"] = row["LastModifiedTime"] = now()
        kind.create(call, row)
        with records.LOCK:
            refuse_taken()
            rows[name] = row
        tags.put(row[kind.arn], call.params.get("Tags", []))
        try:
            kind.created(call, row)
        except Exception:
            rows.pop(name, None)
            tags.forget(row[kind.arn])
            raise
        return shown(call.action, row)

    def describe(call: Call) -> Params:
        with records.LOCK:
            row = dict(find(kind, call, call.params[kind.key]))
        kind.describe(call, row)
        return shown(call.action, row)

    def update(call: Call) -> Params:
        before = find(kind, call, call.params[kind.key])
        row = {**before, **_kept(call.params), kind.key: before[kind.key], "LastModifiedTime": now()}
        kind.update(call, row)
        with records.LOCK:
            find(kind, call, row[kind.key]).update(row)
        records.changed()
        return shown(call.action, row)

    def delete(call: Call) -> Params:
        with records.LOCK:
            row = find(kind, call, call.params[kind.key])
            kind.unused(call, row)
            records.table(kind.name).pop(row[kind.key])
        kind.deleted(call, row)
        tags.forget(row[kind.arn])
        records.changed()
        return shown(call.action, row)

    def listed(call: Call) -> Params:
        with records.LOCK:
            rows = [dict(row) for row in records.table(kind.name).values()]
        rows = [row for row in rows if _agrees(row, call.params, kind)]
        rows = listing.ordered(rows, call.params, kind.key, descending=True)
        chosen, token = listing.page(rows, call.params)
        output = _MODEL.operation_model(call.action).output_shape
        member = next(name for name, shape in output.members.items() if shape.type_name == "list")
        room = output.members[member].member.members
        return {member: [{part: row[part] for part in room if part in row} for row in chosen], "NextToken": token}

    actions = {"Create": create, "Describe": describe, "Update": update, "Delete": delete}
    for verb, handler in actions.items():
        if verb + kind.name in _MODEL.operation_names:
            handles("sagemaker", verb + kind.name)(handler)
    handles("sagemaker", f"List{kind.name}s")(listed)


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
