"""The metadata of a package: what SageMaker takes of the estimator's parameters."""

from __future__ import annotations

import pytest

from training.register import storable, with_parameters


def test_each_parameter_that_sagemaker_takes_is_a_property() -> None:
    parameters = {"max_iter": 150, "learning_rate": 0.06, "early_stopping": False, "layers": [1, 2], "note": "n" * 257}
    assert with_parameters({"gates": "passed"}, parameters) == {
        "gates": "passed",
        "parameter_early_stopping": "False",
        "parameter_learning_rate": "0.06",
        "parameter_max_iter": "150",
    }


def test_the_origin_of_a_model_comes_before_its_parameters() -> None:
    metadata = {f"key{number}": "1" for number in range(48)}
    found = with_parameters(metadata, {"b": 1, "a": 2, "c": 3})
    assert set(found) - set(metadata) == {"parameter_a", "parameter_b"}
    assert len(found) == 50


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("s3://bucket/packages/flights/execution-1/manifest.json", True),
        ("arn:aws:sagemaker:us-east-1:000000000000:pipeline/flights/execution/1", True),
        ("sha256:" + "a" * 64, True),
        ("q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", True),
        ('{"max_iter": 150}', False),
        ("[1, 2]", False),
        ("two\nlines", False),
        ("", False),
    ],
)
def test_values_are_told_apart(text: str, taken: bool) -> None:
    assert storable(text, 256) is taken
