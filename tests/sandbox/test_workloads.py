"""A second workload comes and goes, while the model of the first one answers and nothing of it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo import answers
from demo.story import Chapter
from status.environment import Environment
from tests import edits
from tests.sandbox import place as places
from tests.sandbox.changes import Caller, Copy, another
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place
from tests.sandbox.test_edits import question

__all__ = ["question"]  # the fixture

NAME = "other"
_BELOW = "::headrace:workload:Workload$"


@pytest.fixture
def copy(place: Place, tmp_path: Path) -> Copy:
    """A copy of the repository."""
    return Copy(replace(place, root=places.copy_of_the_repository(tmp_path / "copy")))


def its_own(urn: str) -> bool:
    """Tell whether a resource is the second workload's."""
    name = urn.rpartition("::")[2]
    return urn.endswith(f"::headrace:workload:Workload::{NAME}") or (_BELOW in urn and name.startswith(f"{NAME}-"))


def test_a_workload_comes_and_goes_and_nothing_of_another_changes(
    copy: Copy, environment: Environment, released: Released, question: bytes, chapter: Chapter
) -> None:
    file = another(copy.place.root, NAME)
    before = copy.state()
    settings = edits.settings_document()
    entry = {"file": file, "approval": "manual", "endpoint_instance_count": 2}
    with Caller(environment.own.endpoint_name, environment.outputs.region, question) as caller:
        copy.write(settings={**settings, "workloads": [*settings["workloads"], entry]})
        coming = copy.planned()
        assert set(coming.values()) == {"create"}
        assert [urn for urn in coming if not its_own(urn)] == []
        done = copy.up()
        assert done.succeeded, done.text

        other = Environment.told("local", copy.place.outputs(), NAME)
        assert answers.ask(other, [chapter.questions(1)[0].instance])["model_digest"] == "bootstrap"
        assert other.own.approver_state_machine_arn is None
        assert _instances(other) == 2
        assert _tags(other) == {"headrace:stack": "local", "headrace:workload": NAME}
        assert [found for found in copy.state() if not its_own(found[0])] == before

        copy.write()
        going = copy.planned()
        assert set(going.values()) == {"delete"}
        assert going.keys() == coming.keys()
        done = copy.up()
        assert done.succeeded, done.text
    assert caller.failures == []
    assert len(caller.models) == 1
    assert copy.state() == before
    assert _left(environment) == []


def _instances(environment: Environment) -> int:
    found = environment.client("sagemaker").describe_endpoint(EndpointName=environment.own.endpoint_name)
    (variant,) = found["ProductionVariants"]
    return int(variant["CurrentInstanceCount"])


def _tags(environment: Environment) -> dict[str, str]:
    sagemaker: Any = environment.client("sagemaker")
    arn = sagemaker.describe_pipeline(PipelineName=environment.own.pipeline_name)["PipelineArn"]
    return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def _left(environment: Environment) -> list[str]:
    """Return what AWS still shows of the second workload."""
    sagemaker: Any = environment.client("sagemaker")
    start = f"headrace-local-{NAME}"
    names = [one["EndpointName"] for one in sagemaker.list_endpoints(NameContains=start)["Endpoints"]]
    names += [one["ModelName"] for one in sagemaker.list_models(NameContains=start)["Models"]]
    names += [one["PipelineName"] for one in sagemaker.list_pipelines(PipelineNamePrefix=start)["PipelineSummaries"]]
    groups = sagemaker.list_feature_groups(NameContains=start)["FeatureGroupSummaries"]
    roles = environment.client("iam").get_paginator("list_roles").paginate()
    names += [one["FeatureGroupName"] for one in groups]
    return names + [one["RoleName"] for page in roles for one in page["Roles"] if one["RoleName"].startswith(NAME)]
