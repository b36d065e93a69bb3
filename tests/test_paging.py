"""Whoever lists follows the pages: one may be empty and not the last, and the next one may hold what was looked for."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

ROOT = Path(__file__).parents[1]
FOLDERS = ("components", "stacks", "demo", "status", "training", "inference")
SERVICES = {"dynamodb", "ecr", "iam", "logs", "s3", "sagemaker", "sns", "stepfunctions"}
_MACHINES = {"sfn": "stepfunctions"}


@functools.cache
def paged(service: str) -> dict[str, Any]:
    """Return botocore's paginators of a service, by operation."""
    loader = botocore.session.get_session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    return found


def calls_without_pages(text: str) -> Iterator[str]:
    """Method calls that give one page of several and are made without a paginator."""
    methods = {xform_name(operation) for service in SERVICES for operation in paged(service)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield node.func.attr


def states_without_pages(states: dict[str, Any]) -> Iterator[str]:
    """Tasks that ask for a page and have no other task that asks for the next."""
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    follows = {
        (state["Resource"], key.removesuffix(".$"))
        for state in tasks.values()
        for key in state["Parameters"]
        if key.endswith(".$")
    }
    for name, state in tasks.items():
        service, _, operation = state["Resource"].rpartition(":")
        service = service.rsplit(":", maxsplit=1)[-1]
        service = _MACHINES.get(service, service)
        known = paged(service).get(operation[0].upper() + operation[1:]) if service in SERVICES else None
        # Without a filter the first item of the first page is the first of all.
        first_item = "Limit" in state["Parameters"] and "FilterExpression" not in state["Parameters"]
        if known and not (service == "dynamodb" and first_item) and (state["Resource"], _token(known)) not in follows:
            yield name
    for state in states.values():
        if "ItemProcessor" in state:
            yield from states_without_pages(state["ItemProcessor"]["States"])


def _token(paginator: dict[str, Any]) -> str:
    token = paginator["input_token"]
    return str(token if isinstance(token, str) else token[0])


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_lists_by_paginator(folder: str) -> None:
    wrong = {}
    for path in (ROOT / folder).rglob("*.py"):
        if found := set(calls_without_pages(path.read_text(encoding="utf-8"))):
            wrong[path.relative_to(ROOT).as_posix()] = found
    assert not wrong, "use get_paginator(...), or a page that is empty hides the rest"


def test_state_machines_follow_the_next_token() -> None:
    files = sorted((ROOT / "components").rglob("*.asl.json"))
    assert len(files) >= 2
    wrong = {path.name: list(states_without_pages(json.loads(path.read_text())["States"])) for path in files}
    assert not any(wrong.values()), wrong


def test_the_check_sees_a_list_without_pages() -> None:
    assert list(calls_without_pages("client.list_models(NameContains='x')")) == ["list_models"]
    assert not list(calls_without_pages("client.get_paginator('list_models').paginate()"))
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels", "Parameters": {}}
    assert list(states_without_pages({"List": task})) == ["List"]
    more = {**task, "Parameters": {"NextToken.$": "$.found.it.NextToken"}}
    assert not list(states_without_pages({"List": task, "More": more}))
