"""Parameter Store's changes, told on the bus as AWS tells them."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.events import bus
from sandbox.cloud.moto import backends


@handles("ssm", "PutParameter")
def put_parameter(call: Call) -> Params:
    """Let moto write the parameter, then tell whether it was made or changed."""
    answer = call.forward()
    name = call.params["Name"]
    found = backends.of("ssm", call.account, call.region).get_parameter(name)
    about = {"type": found.parameter_type, "description": found.description or ""} if found else {}
    _tell(call, name, "Create" if answer["Version"] == 1 else "Update", about)
    return answer


@handles("ssm", "DeleteParameter")
def delete_parameter(call: Call) -> Params:
    """Let moto delete the parameter, then tell."""
    answer = call.forward()
    _tell(call, call.params["Name"], "Delete", {})
    return answer


@handles("ssm", "DeleteParameters")
def delete_parameters(call: Call) -> Params:
    """Let moto delete the parameters, then tell of each that was there."""
    answer = call.forward()
    for name in answer.get("DeletedParameters", []):
        _tell(call, name, "Delete", {})
    return answer


def _tell(call: Call, name: str, operation: str, about: dict[str, Any]) -> None:
    arn = f"arn:aws:ssm:{call.region}:{call.account}:parameter/{name.lstrip('/')}"
    bus.emit("aws.ssm", "Parameter Store Change", {"operation": operation, "name": name, **about}, [arn])
