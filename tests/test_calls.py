"""Every call of AWS that our code makes, held against botocore's models as far as it can be read from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from tests import shapes

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("components", "stacks", "training", "inference", "demo", "status")
SERVICES = (
    "cloudwatch", "codebuild", "dynamodb", "ecr", "glue", "iam", "logs", "s3", "sagemaker",
    "sagemaker-featurestore-runtime", "sagemaker-runtime", "sns", "ssm", "stepfunctions", "sts",
)  # fmt: skip
UNKNOWN = object()
_TOKEN = re.compile(r"(idempotency|client|clientrequest)token$", re.IGNORECASE)
_WITH_TOKEN = ("", ', idempotencyToken="one"')
_OURS = {"get_caller_identity"}  # has no parameters by which it would be known


@dataclass(frozen=True)
class Call:
    """One call as it is written.

    Attributes
    ----------
    given : dict
        The literal arguments, and `UNKNOWN` for the others.
    open : bool
        Whether more is given than the source says.
    """

    line: int
    method: str
    services: frozenset[str]
    given: dict[str, Any]
    open: bool


def operations(service: str) -> dict[str, str]:
    """Return AWS's names of a service's operations by boto3's."""
    return {xform_name(name): name for name in shapes.service(service).operation_names}


def calls(source: str) -> Iterator[Call]:
    """Yield the calls of AWS in a module: what is called like one, or is given arguments as AWS writes them."""
    tree = ast.parse(source)
    named = frozenset(_services(tree)) or frozenset(SERVICES)
    known = {method for service in SERVICES for method in operations(service)}
    paginators = {
        ast.unparse(node.targets[0]): found
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and (found := _paginated(node.value))
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        method, keywords = _method(node, paginators)
        capital = any(keyword.arg and keyword.arg[0].isupper() for keyword in keywords)
        if method and (capital or (method in known and (keywords or method in _OURS))):
            given = {keyword.arg: _literal(keyword.value) for keyword in keywords if keyword.arg}
            more = any(keyword.arg is None for keyword in keywords)
            yield Call(node.lineno, method, _service_of(node) or named, given, more)


def _services(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (found := _client(node)):
            yield found


def _client(node: ast.expr) -> str | None:
    """Return the service of `client("service")`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "client" and node.args:
        name = node.args[0]
        return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None
    return None


def _service_of(node: ast.Call) -> frozenset[str]:
    """Return the service whose client is made in the call itself, or whose name the variable has."""
    if not isinstance(node.func, ast.Attribute):
        return frozenset()
    on = node.func.value
    if found := _client(on):
        return frozenset({found})
    name = ast.unparse(on).split(".")[-1].lstrip("_")
    return frozenset({name}) & frozenset(SERVICES)


def _method(node: ast.Call, paginators: dict[str, str]) -> tuple[str, list[ast.keyword]]:
    """Return the operation's method and its arguments, also of a paginator and of a partial."""
    if not isinstance(node.func, ast.Attribute):
        if ast.unparse(node.func) == "partial" and node.args and isinstance(node.args[0], ast.Attribute):
            return node.args[0].attr, node.keywords
        return "", []
    if node.func.attr == "paginate":
        on = node.func.value
        return _paginated(on) or paginators.get(ast.unparse(on), "paginate"), node.keywords
    return node.func.attr, node.keywords


def _paginated(node: ast.expr) -> str | None:
    """Return the operation of `get_paginator("operation")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
        return str(ast.literal_eval(node.args[0]))
    return None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict):
        if any(key is None for key in node.keys):
            return UNKNOWN
        return {_literal(key): _literal(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, ast.List):
        return (
            UNKNOWN if any(isinstance(one, ast.Starred) for one in node.elts) else [_literal(one) for one in node.elts]
        )
    return node.value if isinstance(node, ast.Constant) else UNKNOWN


def problems(call: Call) -> list[str]:
    """Return why no service that may be meant takes the call; nothing if one does."""
    told = []
    for service in sorted(call.services):
        name = operations(service).get(call.method)
        if name is None:
            continue
        model = shapes.operation(service, name)
        assert model is not None
        later = tuple(model.input_shape.required_members) if call.open and model.input_shape else ()
        later += tuple(model.idempotent_members)  # botocore makes them up
        found = list(shapes.problems(model.input_shape, call.given, lambda value: value is not UNKNOWN, "", later))
        if not found:
            return []
        told += [f"{call.method} of {service}: {problem}" for problem in found]
    return told or [f"{call.method} is no operation of {', '.join(sorted(call.services))}"]


def lacks_token(call: Call) -> bool:
    """Say whether a call gives no token where AWS takes one and botocore makes none up: repeated, it is done twice."""
    for service in sorted(call.services):
        shape = shapes.operation(service, operations(service).get(call.method, ""))
        if shape is None or call.method.startswith(("list_", "describe_", "get_", "search_", "query", "scan")):
            continue
        members = shape.input_shape.members if shape.input_shape else {}
        tokens = {name for name in members if _TOKEN.search(name)} - set(shape.idempotent_members)
        if tokens and not call.open and not tokens & call.given.keys():
            return True
    return False


def every_call() -> list[tuple[Path, Call]]:
    """Return the calls of all our code, with the file."""
    return [
        (path, call)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for call in calls(path.read_text(encoding="utf-8"))
    ]


def test_a_call_that_is_repeated_without_an_answer_is_done_once() -> None:
    lacking = [
        f"{path.relative_to(ROOT)}:{call.line} {call.method}" for path, call in every_call() if lacks_token(call)
    ]
    assert not lacking
    without, within = (next(calls(f'client("codebuild").start_build(projectName="p"{more})')) for more in _WITH_TOKEN)
    assert lacks_token(without)
    assert not lacks_token(within)


def test_every_call_of_aws_is_one_that_aws_takes() -> None:
    found = every_call()
    assert {path.relative_to(ROOT).parts[0] for path, _ in found} == {"components", "training", "demo", "status"}
    wrong = [f"{path.relative_to(ROOT)}:{call.line} {problem}" for path, call in found for problem in problems(call)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('client("sagemaker").describe_model(ModelName=name)', None),
        ('client("sagemaker").describe_model(Name=name)', "Name is no member of DescribeModelInput"),
        ('client("sagemaker").describe_model(**given)', None),
        ('client("sagemaker").describe_models(ModelName=name)', "describe_models is no operation of sagemaker"),
        ('client("s3").describe_model(ModelName=name)', "describe_model is no operation of s3"),
        ('s3 = client("s3"); s3.get_object(Bucket="b")', "Key is required"),
        ('sagemaker = client("sagemaker"); sagemaker.list_models(SortOrder="Up")', "must be one of Ascending, Descend"),
        ('sagemaker = client("sagemaker"); sagemaker.list_models(MaxResults="1")', "must be of type integer"),
        ('sagemaker = client("sagemaker"); sagemaker.list_models(MaxResults=101)', "must be at most 100"),
        ('client("sagemaker").get_paginator("list_models").paginate(Prefix="a")', "Prefix is no member"),
        ('pages = client("s3").get_paginator("list_objects_v2"); pages.paginate(Key="a")', "Key is no member"),
        ('partial(client("sagemaker").delete_model, Model=name)', "Model is no member"),
        ('client("s3").put_object(Bucket="b", Key="k", Tagging={"a": 1})', "Tagging must be of type string"),
    ],
)  # fmt: skip
def test_calls_are_read_and_judged(source: str, said: str | None) -> None:
    *_, call = calls(source)
    found = problems(call)
    assert (not found) if said is None else any(said in problem for problem in found), found
