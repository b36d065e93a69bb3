"""What a pipeline's definition leaves open until it runs: parameters, properties of steps, functions, conditions."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.run.shared import transfer

_TOKEN = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class ValueFailure(Exception):  # noqa: N818 - the step fails with it, in SageMaker's words
    """A value cannot be had when the step starts."""


class Values:
    """The values of one execution.

    Parameters
    ----------
    parameters : mapping
        By name.
    execution : mapping
        PipelineExecutionId, PipelineExecutionArn, PipelineName, StartDateTime, ...
    outputs : mapping
        What the service said of each finished step's job, by step name; grows while the execution runs.
    property_files : mapping
        For each step and property file, where in the job's outputs it lies.
    s3 : client
        With the rights of the pipeline's role, to read property files.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        execution: Mapping[str, str],
        outputs: Mapping[str, Mapping[str, Any]],
        property_files: Mapping[str, Mapping[str, Mapping[str, str]]],
        s3: Any,
    ) -> None:
        self._roots = {"Parameters": parameters, "Execution": execution, "Steps": outputs}
        self._property_files = property_files
        self._s3 = s3

    def resolve(self, value: Any) -> Any:
        """Replace every ``Get``, ``Std:Join`` and ``Std:JsonGet`` inside a value.

        Raises
        ------
        ValueFailure
            If one of them names what is not there.
        """
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Get"}:
            return self._get(value["Get"])
        if set(value) == {"Std:Join"}:
            parts = self.resolve(value["Std:Join"]["Values"])
            return str(value["Std:Join"]["On"]).join(_text(part) for part in parts)
        if set(value) == {"Std:JsonGet"}:
            return self._json_get(value["Std:JsonGet"])
        return {name: self.resolve(inner) for name, inner in value.items()}

    def _get(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        if root not in self._roots:
            raise ValueFailure(f"ClientError: {path!r} must begin with one of {', '.join(self._roots)}")
        return walk(self._roots[root], rest, path)

    def _json_get(self, asked: Mapping[str, Any]) -> Any:
        source = asked.get("PropertyFile", asked.get("S3Uri"))
        if isinstance(source, dict) and str(source.get("Get", "")).count(".PropertyFiles."):
            step, _, name = source["Get"].removeprefix("Steps.").partition(".PropertyFiles.")
            uri = self._property_file(step, name)
        else:
            uri = str(self.resolve(source))
        bucket, key = transfer.split(uri)
        try:
            content = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ValueError as error:
            raise ValueFailure(f"ClientError: the property file {uri} is not JSON: {error}") from error
        except self._s3.exceptions.ClientError as error:
            raise ValueFailure(f"ClientError: cannot read the property file {uri}: {error}") from error
        path = str(self.resolve(asked["Path"]))
        return walk(content, path.removeprefix("$").removeprefix("."), f"{path} of {uri}")

    def _property_file(self, step: str, name: str) -> str:
        """Return the address of a property file: the job's output of that name, and the path in it."""
        try:
            file = self._property_files[step][name]
        except KeyError as error:
            raise ValueFailure(f"ClientError: step {step} declares no property file {name}") from error
        output = walk(
            self._roots["Steps"], f"{step}.ProcessingOutputConfig.Outputs['{file['OutputName']}'].S3Output.S3Uri", name
        )
        return f"{str(output).rstrip('/')}/{file['FilePath']}"

    def holds(self, condition: Mapping[str, Any]) -> bool:
        """Evaluate one condition.

        Raises
        ------
        ValueFailure
            If a value is missing, or two values cannot be compared.
        """
        kind = condition["Type"]
        if kind == "Not":
            return not self.holds(condition.get("Condition") or condition["Expression"])
        if kind == "Or":
            return any(self.holds(inner) for inner in condition["Conditions"])
        if kind == "In":
            return self.resolve(condition["QueryValue"]) in self.resolve(condition["Values"])
        left, right = self.resolve(condition["LeftValue"]), self.resolve(condition["RightValue"])
        if kind == "Equals":
            return bool(_class(left) == _class(right) and left == right)
        if kind not in _COMPARE:
            raise ValueFailure(f"ClientError: the condition type {kind} is not known")
        if _class(left) != _class(right):
            raise ValueFailure(f"ClientError: {kind} cannot compare {left!r} with {right!r}: their types differ")
        return _COMPARE[kind](left, right)


def walk(value: Any, path: str, asked: str) -> Any:
    """Follow ``a.b[0]['c']`` into a value; a name in brackets picks the item of a list that has that name.

    Raises
    ------
    ValueFailure
        If the path leads nowhere.
    """
    at = 0
    while at < len(path):
        token = _TOKEN.match(path, at)
        if token is None:
            raise ValueFailure(f"ClientError: cannot read the path {asked!r}")
        at = token.end()
        key = next(part for part in token.groups() if part is not None)
        if isinstance(value, list):
            value = _item(value, key, asked)
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            raise ValueFailure(f"ClientError: {asked!r} was not found: there is no {key!r}")
    return value


def _item(items: list[Any], key: str, asked: str) -> Any:
    if key.isdigit() and int(key) < len(items):
        return items[int(key)]
    named = [item for item in items if isinstance(item, Mapping) and key in _names(item)]
    if not named:
        raise ValueFailure(f"ClientError: {asked!r} was not found: the list has no {key!r}")
    return named[0]


def _names(item: Mapping[str, Any]) -> list[Any]:
    return [value for name, value in item.items() if name.endswith("Name")]


def _class(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
