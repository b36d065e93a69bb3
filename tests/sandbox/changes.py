"""A deployed environment that is edited: a copy of the repository, a caller who must not notice, what arrived."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stacks.choices import Choices
from stacks.settings import Settings
from status.environment import Environment
from tests import fitting
from tests.cloud.local import eventually
from tests.sandbox.place import Place
from workloads.spec import Workload

_BESIDE = re.compile(r"Feature group (\S+): .*made beside it")
_CHANGED = re.compile(r"^\s+[+~-]+\s?(\d+) (created|updated|deleted|replaced)", re.MULTILINE)
UP = ("up", "--stack", "local", "--yes", "--skip-preview")
PACK = ("--policy-pack", "policies")
_PAUSE_SECONDS = 0.2


@dataclass
class Caller:
    """Asks the endpoint again and again, once each, and counts."""

    endpoint_name: str
    region: str
    body: bytes
    answers: int = 0
    failures: list[str] = field(default_factory=list)
    models: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _ask(self) -> None:
        once = Config(retries={"total_max_attempts": 1})
        runtime = boto3.client("sagemaker-runtime", region_name=self.region, config=once)
        while not self._stopping.wait(_PAUSE_SECONDS):
            try:
                answer = runtime.invoke_endpoint(
                    EndpointName=self.endpoint_name,
                    ContentType="application/json",
                    Accept="application/json",
                    Body=self.body,
                )
                self.models.add(json.loads(answer["Body"].read())["model_digest"])
                self.answers += 1
            except (ClientError, BotoCoreError) as error:
                self.failures.append(str(error))


@dataclass(frozen=True)
class Deployed:
    """What an `up` did.

    Attributes
    ----------
    text : str
        All that pulumi printed.
    succeeded : bool
        Whether it ended well.
    """

    text: str
    succeeded: bool

    @property
    def changed(self) -> int:
        """How many resources changed."""
        return sum(int(count) for count, _ in _CHANGED.findall(self.text.rpartition("Resources:")[2]))

    @property
    def beside(self) -> set[str]:
        """Feature groups that another one was made beside."""
        return set(_BESIDE.findall(self.text))


class Copy:
    """A copy of the repository that deploys to an environment's stack.

    Attributes
    ----------
    pack : bool
        Whether the policy pack judges each deployment. Tests whose edits the fields' one makes too go without.
    """

    def __init__(self, place: Place, pack: bool = False) -> None:
        self.place, self.pack = place, pack
        self.settings_file = place.root / "Pulumi.local.yaml"
        self.workload_file = place.root / "workloads" / "flights" / "workload.yaml"
        self.sql_file = self.workload_file.with_name("features.sql")
        self._settings_text, self._workload_text = self.settings_file.read_text(), self.workload_file.read_text()
        self._sql_text = self.sql_file.read_text()

    def write(self, workload: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None) -> None:
        """Write the two files; as in the repository where nothing is given."""
        if workload is None:
            self.workload_file.write_text(self._workload_text)
            self.sql_file.write_text(self._sql_text)
        else:
            fitting.write(self.workload_file.parent, workload, self._sql_text)
        if settings is None:
            self.settings_file.write_text(self._settings_text)
            return
        file = yaml.safe_load(self._settings_text)
        file["config"] = {f"headrace:{key}": _text(value) for key, value in settings.items() if key != "environment"}
        self.settings_file.write_text(yaml.safe_dump(file))

    def up(self, stack: str = "local") -> Deployed:
        """Deploy what is written."""
        words = (stack if word == "local" else word for word in UP)
        done = self.place.pulumi(*words, *(PACK if self.pack else ()), check=False)
        return Deployed(done.stdout + done.stderr, done.returncode == 0)

    def planned(self) -> dict[str, str]:
        """Preview what is written; return what would be done to each resource that would not stay as it is, by URN."""
        shown = self.place.pulumi("preview", "--stack", "local", "--json").stdout
        steps = {step["urn"]: step["op"] for step in json.loads(shown)["steps"]}
        return {urn: op for urn, op in steps.items() if op not in ("same", "read")}

    def nothing_to_change(self) -> None:
        """Ask AWS how everything is, and compare it with what is written."""
        preview = ("preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff")
        self.place.pulumi(*preview, *PACK)

    def state(self) -> list[tuple[str, Any]]:
        """What Pulumi knows to be deployed; its provider of dynamic resources only carries the settings as written."""
        known = json.loads(self.place.pulumi("stack", "export", "--stack", "local").stdout)["deployment"]["resources"]
        carrier = "pulumi:providers:pulumi-python"
        return sorted((found["urn"], found.get("inputs")) for found in known if found["type"] != carrier)

    def moved(self, root: Any) -> Copy:
        """The same environment, deployed from another folder."""
        return Copy(replace(self.place, root=root))


def another(root: Path, name: str) -> str:
    """Make a workload like the flights under another name in a copy of the repository; return its file."""
    folder = root / "workloads" / name
    shutil.copytree(folder.with_name("flights"), folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "workload.yaml"
    document = {**yaml.safe_load(file.read_text(encoding="utf-8")), "name": name}
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file.relative_to(root).as_posix()


def _text(value: Any) -> Any:
    return value if isinstance(value, list) else json.dumps(value) if isinstance(value, bool) else str(value)


def arrived(environment: Environment, workload: Workload, text: str, settings: Settings) -> None:
    """Look in AWS whether it is as a workload, the first of some settings, and the settings say."""
    choices = settings.workloads[0].over(settings)
    sagemaker = environment.client("sagemaker")
    digest = environment.own.workload_digest
    key = f"workloads/flights/{digest}/workload.yaml"
    uploaded = environment.client("s3").get_object(Bucket=environment.outputs.artifacts_bucket, Key=key)
    assert uploaded["Body"].read().decode() == text
    pipeline = sagemaker.describe_pipeline(PipelineName=environment.own.pipeline_name)
    assert pipeline["PipelineDescription"] == workload.description
    image, kind = environment.outputs.image_uri, choices.training_instance_type
    for word in (image, digest, kind, str(choices.training_volume_gb)):
        assert word in pipeline["PipelineDefinition"]
    assert environment.own.feature_groups.keys() == workload.entities.keys()
    for entity, group in environment.own.feature_groups.items():
        assert group in pipeline["PipelineDefinition"]
        _group(sagemaker, group, workload, entity)
    _tables(environment, workload)
    _operations(environment, settings, choices)


def _group(sagemaker: Any, name: str, workload: Workload, entity: str) -> None:
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    has = {one["FeatureName"]: one["FeatureType"] for one in found["FeatureDefinitions"]}
    wanted = {one["FeatureName"]: one["FeatureType"] for one in workload.feature_definitions(entity)}
    assert wanted.items() <= has.items(), name
    known = workload.entities[entity]
    assert found["RecordIdentifierFeatureName"] == known.record_identifier
    assert found["EventTimeFeatureName"] == known.event_time
    described = sagemaker.describe_feature_metadata(FeatureGroupName=name, FeatureName=known.record_identifier)
    assert described["Description"] == known.description


def _tables(environment: Environment, workload: Workload) -> None:
    found = environment.client("glue").get_tables(DatabaseName=environment.outputs.database_name)["TableList"]
    tables = {table["Name"]: table for table in found}
    for name, source in workload.sources.items():  # the first workload that names a source describes it
        assert tables[name]["Description"] == source.description
        columns = [column["Name"] for column in tables[name]["StorageDescriptor"]["Columns"]]
        assert columns[: len(source.columns)] == list(source.columns)


def _operations(environment: Environment, settings: Settings, choices: Choices) -> None:
    groups = environment.client("logs").get_paginator("describe_log_groups").paginate()
    logs = {group["logGroupName"]: group.get("retentionInDays") for page in groups for group in page["logGroups"]}
    assert {logs[f"/aws/sagemaker/Endpoints/{environment.own.endpoint_name}"]} == {settings.log_retention_days}
    assert ("/aws/sagemaker/TrainingJobs" in logs) == settings.owns_job_logs
    assert (environment.own.approver_state_machine_arn is None) == (choices.approval == "manual")
    ledger = environment.client("dynamodb").describe_table(TableName=environment.own.ledger_table)["Table"]
    assert ledger["DeletionProtectionEnabled"] != settings.force_destroy
    schedules = environment.client("scheduler")
    names = [
        one["Name"]
        for one in schedules.list_schedules(NamePrefix=f"{environment.workload}-release-reconciler")["Schedules"]
    ]
    rates = [schedules.get_schedule(Name=name)["ScheduleExpression"] for name in names]
    assert rates == [f"rate({choices.reconcile_minutes} minutes)"]
    eventually(lambda: _serves(environment, choices), 60)


def _serves(environment: Environment, choices: Choices) -> bool:
    """Tell whether the release that a changed serving policy starts has come to its end."""
    sagemaker = environment.client("sagemaker")
    found = sagemaker.describe_endpoint(EndpointName=environment.own.endpoint_name)
    configuration = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    (variant,) = configuration["ProductionVariants"]
    wanted = (choices.endpoint_instance_type, choices.endpoint_instance_count)
    return (
        found["EndpointStatus"] == "InService" and (variant["InstanceType"], variant["InitialInstanceCount"]) == wanted
    )
