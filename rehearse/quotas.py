"""Service quotas: what the environment needs at once, against what the account has.

Quotas are found by name, because their codes differ by instance type and are listed nowhere else.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rehearse.asking import Aws
from rehearse.checks import Check, UnknownAnswerError
from rehearse.plan import Plan
from workloads.problems import Problem

_BUILD_SIZES = {
    "BUILD_GENERAL1_SMALL": "Small",
    "BUILD_GENERAL1_MEDIUM": "Medium",
    "BUILD_GENERAL1_LARGE": "Large",
    "BUILD_GENERAL1_XLARGE": "XLarge",
    "BUILD_GENERAL1_2XLARGE": "2XLarge",
}
_BUILD_TYPES = {"LINUX_CONTAINER": "Linux", "ARM_CONTAINER": "ARM", "LINUX_GPU_CONTAINER": "Linux GPU"}
# A job's section in a pipeline step, and the word in its quota's name.
_JOBS = {
    "Processing": (("ProcessingResources", "ClusterConfig"), "processing"),
    "Training": (("ResourceConfig",), "training"),
    "Transform": (("TransformResources",), "transform"),
}


@dataclass(frozen=True)
class Need:
    """What the environment needs of one quota.

    Attributes
    ----------
    service, quota : str
        The service's code and the quota's name, as Service Quotas lists them.
    amount : int
    why : str
        What takes it.
    """

    service: str
    quota: str
    amount: int
    why: str


def needs(plan: Plan) -> Iterator[Need]:
    """Yield the quotas that a plan needs, with all of its workloads at work at once."""
    serving: Counter[str] = Counter()
    for found in plan.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration"):
        for variant in found.inputs["productionVariants"]:
            serving[variant["instanceType"]] += int(variant["initialInstanceCount"])
    for kind, count in serving.items():
        why = f"an update runs the new {count} beside the old {count} until it has switched over"
        yield Need("sagemaker", f"{kind} for endpoint usage", 2 * count, why)
    jobs: Counter[str] = Counter()
    for found in plan.of("aws:sagemaker/pipeline:Pipeline"):
        jobs += _largest_jobs(json.loads(found.inputs["pipelineDefinition"])["Steps"])
    for name, count in jobs.items():
        yield Need("sagemaker", name, count, "the pipelines' largest jobs may run at once")
    for found in plan.of("aws:codebuild/project:Project"):
        environment = found.inputs["environment"]
        system, size = _BUILD_TYPES.get(environment["type"]), _BUILD_SIZES.get(environment["computeType"])
        if system and size:
            name = f"Concurrently running builds for {system}/{size} environment"
            yield Need("codebuild", name, 1, "the image is built")


def _largest_jobs(steps: list[dict[str, Any]]) -> Counter[str]:
    """Return, by quota, the most instances that one step of a pipeline takes."""
    most: Counter[str] = Counter()
    for step in _steps(steps):
        for name, count in _instances(step):
            most[name] = max(most[name], count)
    return most


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step.get("Arguments", {}).get(branch, []))


def _instances(step: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if step["Type"] in _JOBS:
        path, word = _JOBS[step["Type"]]
        where = step["Arguments"]
        for part in path:
            where = where[part]
        kind, count = where["InstanceType"], where["InstanceCount"]
        if isinstance(kind, str) and isinstance(count, int):
            yield f"{kind} for {word} job usage", count


def checks(aws: Aws, plan: Plan) -> Iterator[Check]:
    """Yield a check for each quota."""
    quotas = _Quotas(aws)
    for need in needs(plan):
        yield Check(f"quota {need.quota}", partial(_enough, quotas, need, plan))
    if plan.of("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"):
        yield Check("quota of MLflow tracking servers", partial(_servers, quotas))


def _enough(quotas: _Quotas, need: Need, plan: Plan) -> str | list[Problem]:
    values = quotas.of(need.service)
    if need.quota not in values:
        if need.service == "sagemaker":
            kind = need.quota.partition(" ")[0]
            rule, remedy = f"be offered in {plan.settings.region}", "Choose another instance type in the settings."
            return [Problem(field=need.quota, rule=rule, value=kind, remedy=remedy)]
        raise UnknownAnswerError(f"Service Quotas lists no such quota of {need.service}")
    has = values[need.quota]
    if has >= need.amount:
        return f"{has:g}, needs {need.amount}"
    remedy = f"Ask for {need.amount} in Service Quotas, {need.service}; it may take a day. Needed because {need.why}."
    return [Problem(field=need.quota, rule=f"be at least {need.amount}", value=has, remedy=remedy)]


def _servers(quotas: _Quotas) -> str | list[Problem]:
    """Look for the quota of tracking servers, whose exact name no document gives."""
    found = {
        name: value
        for name, value in quotas.of("sagemaker").items()
        if "mlflow" in name.lower() and "server" in name.lower()
    }
    if not found:
        raise UnknownAnswerError("Service Quotas lists no quota of that kind")
    name, value = min(found.items(), key=lambda entry: entry[1])
    if value >= 1:
        return f"{name}: {value:g}, needs 1"
    return [Problem(field=name, rule="be at least 1", value=value, remedy="Ask for 1 in Service Quotas, sagemaker.")]


class _Quotas:
    """Quotas by name: AWS's defaults, and over them what was granted to the account. Asked once a service."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._known: dict[str, dict[str, float]] = {}
        self._asking = threading.Lock()

    def of(self, service: str) -> dict[str, float]:
        with self._asking:
            if service not in self._known:
                values: dict[str, float] = {}
                for operation in ("ListAWSDefaultServiceQuotas", "ListServiceQuotas"):
                    listed = self._aws.every("service-quotas", operation, "Quotas", ServiceCode=service)
                    values |= {quota["QuotaName"]: float(quota["Value"]) for quota in listed}
                self._known[service] = values
            return self._known[service]
