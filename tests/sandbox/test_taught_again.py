"""A feature of another type: the model that serves keeps its feature groups until the release that needs the new ones.

The new one is XGBoost's, so that the release goes from one library's model to another's.

Late among these tests, because the endpoint answers with another model afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from demo import answers, pipeline, release
from demo.serving import feature_groups
from demo.story import Chapter
from status.environment import Environment
from tests import edits
from tests.edits import Edit
from tests.sandbox import place as places
from tests.sandbox.changes import Copy
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place
from workloads.spec import Workload

RETYPED = Edit("features.*.type", ((("features", "origin_flights_2h", "type"), "number"),))

XGBOOST = {"type": "xgboost.XGBClassifier", "parameters": {"n_estimators": 150, "max_depth": 5, "learning_rate": 0.1}}


@pytest.fixture(scope="module")
def copy(place: Place, environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(replace(place, root=places.copy_of_the_repository(tmp_path_factory.mktemp("again"))))


def _values(environment: Environment, group: str) -> dict[str, str]:
    found: dict[str, Any] = environment.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString="JFK"
    )
    return {one["FeatureName"]: one["ValueAsString"] for one in found.get("Record", [])}


def _groups(environment: Environment) -> set[str]:
    listed = environment.client("sagemaker").list_feature_groups(NameContains="-origin")["FeatureGroupSummaries"]
    return {found["FeatureGroupName"] for found in listed}


def test_the_release_switches_to_the_new_group_and_the_old_one_goes_with_its_last_package(
    copy: Copy, place: Place, environment: Environment, chapter: Chapter, released: Released
) -> None:
    old = feature_groups(environment)["origin"]
    values = _values(environment, old)
    assert values
    document = {**RETYPED.apply(edits.workload_document()), "estimator": XGBOOST}
    copy.write(document)
    up = copy.up()
    assert up.succeeded, up.text
    assert up.beside == {old}

    after = place.environment()
    new = after.own.feature_groups["origin"]
    assert new != old
    assert _values(after, new) == {}
    assert feature_groups(after)["origin"] == old, "before the release, who asks the model reads the old group"
    assert _values(after, old) == values
    asked = replace(chapter, environment=after).questions(1)[0].instance
    assert answers.ask(after, [asked])["model_digest"]
    with pytest.raises(answers.AnotherContractError, match="runway must be a known feature"):
        answers.ask(after, [{**asked, "runway": 4}])

    taught = Workload.model_validate(document).read_from(chapter.workload.folder)
    package = release.approval(after, pipeline.run(after, taught, chapter.parameters))
    assert package.metadata["feature_group_origin"] == new
    assert release.release(after, package)["outcome"] == "released"
    assert feature_groups(after)["origin"] == new
    assert _values(after, new).keys() == values.keys()
    asked = replace(chapter, environment=after, workload=taught).questions(1)[0].instance
    assert answers.ask(after, [asked])["model_digest"] == package.metadata["model_digest"]

    assert not copy.up().changed
    assert {old, new} <= _groups(after), "an older package that is approved may be released again"
    sagemaker = after.client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=after.own.model_package_group_name
    )
    for found in (one for page in pages for one in page["ModelPackageSummaryList"]):
        if found["ModelPackageArn"] != package.arn:
            sagemaker.update_model_package(ModelPackageArn=found["ModelPackageArn"], ModelApprovalStatus="Rejected")
    assert copy.up().changed
    assert old not in _groups(after)
    assert new in _groups(after)
