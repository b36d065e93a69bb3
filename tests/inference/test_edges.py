"""The contract, the statistics and the archive where one step more would be another answer."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import artifact, plan
from inference.contract import MOST_PROBLEMS, describe, validate
from inference.estimators import Prior
from inference.statistics import statistics
from workloads.fields import Feature
from workloads.problems import ProblemsError
from workloads.spec import FeatureType, Workload


def with_feature(workload: Workload, **said: Any) -> Workload:
    """Return the workload with one feature alone."""
    feature = Feature.model_validate({"source": "request", "description": "It.", "nullable": False, **said})
    return workload.model_copy(update={"features": {"it": feature}})


def rules(workload: Workload, *values: Any) -> list[str]:
    """Return what is wrong with each value of the one feature; nothing for a value that is taken."""
    told = []
    for value in values:
        try:
            validate(workload, [{"it": value}])
            told.append("")
        except ProblemsError as error:
            told.append(error.problems[0].as_dict()["rule"])
    return told


def test_a_number_on_its_bound_is_taken(workload: Workload) -> None:
    both = with_feature(workload, type="number", range=[1, 3])
    below, above = "must be at least 1", "must be at most 3"
    assert rules(both, 0.5, 1, 1.0, 2, 3, 3.5) == [below, "", "", "", "", above]
    assert rules(with_feature(workload, type="number", range=[1, None]), 0, 1, 1e9) == [below, "", ""]
    assert rules(with_feature(workload, type="number", range=[None, 3]), -1e9, 3, 4) == ["", "", above]


@pytest.mark.parametrize(
    ("type_", "taken", "rule"),
    [
        ("boolean", [True, False], "must be true or false"),
        ("integer", [1, 1.0, -3], "must be a whole number"),
        ("number", [1, 1.5, -3], "must be a finite number"),
    ],
)
def test_a_value_is_of_its_type(workload: Workload, type_: str, taken: list[Any], rule: str) -> None:
    single = with_feature(workload, type=type_)
    assert rules(single, *taken) == [""] * len(taken)
    wrong = {
        "boolean": [1, 0, "true"],
        "integer": [1.5, True, False, "1", [1]],
        "number": [float("inf"), float("nan"), True, "1"],
    }
    assert rules(single, *wrong[type_]) == [rule] * len(wrong[type_])


def test_up_to_twelve_categories_are_named(workload: Workload) -> None:
    names = [f"c{number:02}" for number in range(13)]
    for count, more in ((12, ""), (13, ", …")):
        several = with_feature(workload, type="category", categories=names[:count])
        assert rules(several, "c00", "zzz") == ["", f"must be one of {', '.join(names[:12])}{more}"]


def test_the_nearest_name_is_offered_where_there_is_one(workload: Workload) -> None:
    several = with_feature(workload, type="category", categories=["alpha", "alphas", "beta"])
    with pytest.raises(ProblemsError, match=r"Did you mean alpha\?"):
        validate(several, [{"it": "alpa"}])
    with pytest.raises(ProblemsError, match="Send a value that the model was trained on"):
        validate(several, [{"it": "zzz"}])
    with pytest.raises(ProblemsError, match="Leave it out"):
        validate(several, [{"it": "alpha", "zzzzzz": 1}])


def test_as_many_problems_as_can_be_read_are_said(workload: Workload) -> None:
    single = with_feature(workload, type="number")
    assert MOST_PROBLEMS == 100
    for wrong, said in ((99, 99), (100, 100), (101, 100)):
        with pytest.raises(ProblemsError) as refused:
            validate(single, [{"it": "x"}] * wrong)
        assert len(refused.value.problems) == said


def test_what_is_missing_is_told_from_what_is_null(workload: Workload) -> None:
    single = with_feature(workload, type="number")
    said = []
    for instance in ({}, {"it": None}):
        with pytest.raises(ProblemsError) as refused:
            validate(single, [instance])
        said.append("value" in refused.value.problems[0].as_dict())
    assert said == [False, True]


def test_the_contract_names_the_entity_whose_feature_it_is(workload: Workload) -> None:
    assert {entry["given_by"] for entry in describe(with_feature(workload, type="number"))} == {"caller"}


def test_statistics_of_two_features_are_whole(workload: Workload) -> None:
    kinds = {"letter": FeatureType.CATEGORY, "size": FeatureType.NUMBER, "count": FeatureType.INTEGER}
    features = {
        name: Feature.model_validate(
            {
                "type": kind,
                "source": "request",
                "description": "It.",
                **({"categories": ["a", "b", "c"]} if kind is FeatureType.CATEGORY else {}),
            }
        )
        for name, kind in kinds.items()
    }
    columns: dict[str, list[Any]] = {
        "letter": ["a", "a", None, "z"],
        "size": [1.0, 2.0, 3.0, np.nan],
        "count": [None] * 4,
    }
    described = statistics(workload.model_copy(update={"features": features}), columns)
    letter, size, count = described["features"]
    assert (described["version"], described["dataset"]) == (0, {"item_count": 4})
    assert [one["inferred_type"] for one in (letter, size, count)] == ["String", "Fractional", "Integral"]
    said = letter["string_statistics"]
    assert said["common"] == {"num_present": 3, "num_missing": 1}
    assert said["distinct_count"] == 2
    buckets = said["distribution"]["categorical"]["buckets"]
    assert [(one["value"], one["count"]) for one in buckets] == [("a", 2), ("b", 0), ("c", 0), ("z", 1)]
    numbers = size["numerical_statistics"]
    histogram = numbers["distribution"]["histogram"]["buckets"]
    assert (len(histogram), numbers["sum"], numbers["common"]) == (20, 6.0, {"num_present": 3, "num_missing": 1})
    assert (histogram[0]["lower_bound"], histogram[0]["upper_bound"]) == (1.0, pytest.approx(1.1))
    assert histogram[-1]["upper_bound"] == 3.0
    assert count["numerical_statistics"] == {"common": {"num_present": 0, "num_missing": 4}}


def test_an_archive_carries_no_time_and_the_rights_to_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    artifact.write_manifest(tmp_path, "flights")
    packed = artifact.archive(tmp_path)
    assert packed[4:8] == b"\0\0\0\0"  # gzip's time
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        members = {member.name: (member.mode, member.mtime, member.size) for member in tar.getmembers()}
    assert members["a"] == (0o644, 0, 1)
    assert next(iter(members)) == artifact.MANIFEST


def test_an_archive_is_unpacked_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    digest = artifact.write_manifest(tmp_path, "flights")
    folder = tmp_path / "deep" / "deeper"
    artifact.unpack(artifact.archive(tmp_path), folder)
    assert artifact.verify(folder) == artifact.verify(folder, digest) == digest


def test_a_model_is_saved_into_a_folder_that_is_not_there(workload: Workload, tmp_path: Path) -> None:
    digest = plan.save(tmp_path / "deep" / "deeper", workload, plan.Plan.of(workload), Prior((0.75, 0.25)))
    model = plan.model_fn(tmp_path / "deep" / "deeper", digest)
    assert model.answers({name: [None] * 2 for name in workload.features}).tolist() == [[0.25]] * 2


def test_a_column_without_a_number_has_zero_as_its_median() -> None:
    columns: dict[str, list[Any]] = {"empty": [None, None], "some": [1.0, None], "letter": ["a", "b"]}
    inputs = (plan.Input("empty", "number"), plan.Input("some", "number"), plan.Input("letter", "category", ("a", "b")))
    fitted = plan.Plan(inputs, one_hot=True, medians={}).fitted(columns)
    assert fitted.medians == {"empty": 0.0, "some": 1.0}
    assert fitted.categorical == [False, False, True]


def test_categories_are_codes_where_the_estimator_takes_them(workload: Workload) -> None:
    named = workload.estimator.model_copy(update={"categorical_parameter": "categorical_features"})
    plain = workload.estimator.model_copy(update={"categorical_parameter": None})
    assert plan.Plan.of(workload.model_copy(update={"estimator": named})).one_hot is False
    assert plan.Plan.of(workload.model_copy(update={"estimator": plain})).one_hot is True
