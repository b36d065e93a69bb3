"""An edited workload: no image is built, nothing but its pipeline changes, and an older package keeps its contract.

Late among these tests, because the environment has the edited workload afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from demo import answers, release
from demo.story import Chapter
from status import packages
from status.environment import Environment
from status.packages import Package
from tests.sandbox import place as places
from tests.sandbox.changes import Copy
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place

THRESHOLD = 0.001
"""Below every probability that is asked for here: by the edited contract, each flight is late."""


@pytest.fixture(scope="module")
def copy(place: Place, environment: Environment, released: Released, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the repository."""
    return Copy(replace(place, root=places.copy_of_the_repository(tmp_path_factory.mktemp("older"))))


def another_package(environment: Environment, package: Package) -> str:
    """Register what a package holds once more, set aside until somebody approves it."""
    sagemaker = environment.client("sagemaker")
    found: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=package.arn)
    given = ("ModelPackageGroupName", "InferenceSpecification", "CustomerMetadataProperties")
    made = sagemaker.create_model_package(**{name: found[name] for name in given}, ModelApprovalStatus="Rejected")
    return str(made["ModelPackageArn"])


def test_an_edit_changes_the_pipeline_alone_and_a_package_of_before_it_is_released_with_its_own_contract(
    copy: Copy, place: Place, environment: Environment, chapter: Chapter, released: Released
) -> None:
    asked, workload = chapter.questions(1)[0].instance, chapter.workload
    earlier = another_package(environment, released.package)
    text = copy.workload_file.read_text()
    assert f"threshold: {workload.label.threshold}" in text
    copy.workload_file.write_text(text.replace(f"threshold: {workload.label.threshold}", f"threshold: {THRESHOLD}"))
    with copy.sql_file.open("a") as sql:
        sql.write("-- The same columns as ever.\n")

    planned = {urn.rpartition("::")[2] for urn in copy.planned()}
    files = {f"flights-files-{name}" for name in ("features.sql", "workload.yaml", "bootstrap")}
    assert planned - files == {"flights-training-pipeline"}
    up = copy.up()
    assert up.succeeded, up.text
    after = place.environment()
    assert after.outputs.image_uri == environment.outputs.image_uri
    assert after.outputs.code_digest == environment.outputs.code_digest
    assert after.own.workload_digest != environment.own.workload_digest
    definition = after.client("sagemaker").describe_pipeline(PipelineName=after.own.pipeline_name)["PipelineDefinition"]
    assert f"workloads/flights/{after.own.workload_digest}/" in definition
    old = f"workloads/flights/{environment.own.workload_digest}/features.sql"
    s3 = after.client("s3")
    assert s3.head_object(Bucket=after.outputs.artifacts_bucket, Key=old), "an execution that runs may still mount it"

    after.client("sagemaker").update_model_package(ModelPackageArn=earlier, ModelApprovalStatus="Approved")
    entry = release.release(after, packages.describe_package(after, earlier))
    assert (entry["outcome"], entry["package"]) == ("released", earlier)
    assert entry["workload_digest"] == environment.own.workload_digest
    assert entry["code_digest"] == environment.outputs.code_digest
    (prediction,) = answers.ask(after, [asked])["predictions"]
    assert THRESHOLD < prediction["probability"] < workload.label.threshold
    assert prediction["late"] is False
