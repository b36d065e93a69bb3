"""Answers of each kind: what is sent, what the contract says of it, and what is never sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import artifact, bootstrap, formats, plan
from inference.answers import AnswerForm
from inference.contract import describe_answer
from inference.headers import CSV, JSON
from tests.training import kinds


def test_answers_of_a_category_are_its_probabilities_and_the_likeliest() -> None:
    workload = kinds.workload("category")
    answers = np.array([[0.5, 0.25, 0.25], [0.125, 0.375, 0.5]])
    assert json.loads(formats.write(workload, answers, "sha256:abc", JSON))["predictions"] == [
        {"probabilities": {"small": 0.5, "middle": 0.25, "large": 0.25}, "answer": "small"},
        {"probabilities": {"small": 0.125, "middle": 0.375, "large": 0.5}, "answer": "large"},
    ]
    assert formats.write(workload, answers, "sha256:abc", CSV) == b"0.5,0.25,0.25,small\n0.125,0.375,0.5,large\n"


def test_answers_of_a_number_are_its_value_and_quantiles() -> None:
    workload = kinds.workload("number", quantiles=[0.1, 0.95])
    answers = np.array([[3.0, -1.5, 7.25]])
    assert json.loads(formats.write(workload, answers, "sha256:abc", JSON))["predictions"] == [
        {"answer": 3.0, "quantiles": {"0.1": -1.5, "0.95": 7.25}}
    ]
    assert formats.write(workload, answers, "sha256:abc", CSV) == b"3.0,-1.5,7.25\n"
    plain = kinds.workload("number")
    assert json.loads(formats.write(plain, answers[:, :1], "sha256:abc", JSON))["predictions"] == [{"answer": 3.0}]


@pytest.mark.parametrize("kind", kinds.PRIORS)
def test_the_contract_describes_what_is_answered(kind: str) -> None:
    workload = kinds.workload(kind, quantiles=[0.1, 0.9] if kind == "number" else None)
    form = AnswerForm.of(workload)
    answers = np.array([form.prior(workload.prior)])
    (prediction,) = json.loads(formats.write(workload, answers, "sha256:abc", JSON))["predictions"]
    cells = formats.write(workload, answers, "sha256:abc", CSV).decode().strip().split(",")
    described = {field["name"]: field for field in describe_answer(workload)}
    assert set(described) == set(prediction)
    assert sorted(column for field in described.values() for column in field["csv"]) == list(range(len(cells)))
    for name, field in described.items():
        value = prediction[name]
        values = list(value.values()) if field["type"] == "object" else [value]
        assert [cells[column] for column in field["csv"]] in ([], [str(one) for one in values])


@pytest.mark.parametrize(
    ("kind", "label", "answer", "said"),
    [
        ("category", {}, [0.5, 0.5, 0.1], "must sum to 1 within 1e-06, got 0.5, 0.5, 0.1"),
        ("category", {}, [0.5, 0.6, -0.1], "must be from 0 to 1"),
        ("category", {}, [0.5, 0.5, float("nan")], "must be from 0 to 1"),
        ("number", {}, [float("inf")], "must be finite"),
        ("number", {"range": [0, 5]}, [-0.5], "must be at least 0"),
        ("number", {"range": [None, 5]}, [5.5], "must be at most 5"),
        ("number", {"quantiles": [0.1, 0.9]}, [1, 3, 2], "The quantiles of a row must grow"),
    ],
)
def test_what_is_no_answer_is_never_sent(kind: str, label: dict[str, Any], answer: list[float], said: str) -> None:
    workload = kinds.workload(kind, **label)
    with pytest.raises(ValueError, match=said):
        formats.write(workload, np.array([answer]), "sha256:abc", JSON)


@pytest.mark.parametrize(
    ("kind", "label", "answer"),
    [
        ("boolean", {}, {"probability": 0.25, "answer": False}),
        ("category", {}, {"probabilities": {"small": 0.5, "middle": 0.25, "large": 0.25}, "answer": "small"}),
        ("number", {"quantiles": [0.1, 0.9]}, {"answer": 3.0, "quantiles": {"0.1": 3.0, "0.9": 3.0}}),
    ],
)
def test_before_the_first_model_each_kind_answers_its_prior(
    tmp_path: Path, kind: str, label: dict[str, Any], answer: dict[str, Any]
) -> None:
    workload = kinds.lying(kinds.workload(kind, **label), tmp_path / "workload-of-it")
    artifact.unpack(bootstrap.of(workload).archive, tmp_path / "model")
    model = plan.model_fn(tmp_path / "model", "bootstrap")
    rows = plan.input_fn(workload, b'{"instances": [{}]}', JSON)
    body, _ = plan.output_fn(workload, plan.predict_fn(rows, model), model, JSON)
    assert json.loads(body)["predictions"] == [answer]
