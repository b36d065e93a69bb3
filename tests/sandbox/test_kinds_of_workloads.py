"""Three workloads of three kinds in one environment: each answers in its own form, and says how it stands.

The delays are LightGBM's here, and the penguins' Pipeline ends in a class of the workload's own folder.
"""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from typing import Any

import pytest
import yaml

from demo import answers, data, pipeline, release
from demo.console import StoryError
from demo.story import Chapter
from status import report
from status.environment import Environment
from status.report import Report
from tests.sandbox import place as places
from tests.sandbox.conftest import Released
from tests.sandbox.place import ROOT, Place
from workloads import spec

Others = dict[str, tuple[Chapter, Released]]
LIGHTGBM = {
    "type": "lightgbm.LGBMRegressor",
    "parameters": {"n_estimators": 120, "num_leaves": 20, "min_child_samples": 50, "verbose": -1},
}
OWN = '''
import numpy as np
from sklearn.linear_model import LogisticRegression


class Clipped(LogisticRegression):
    """Takes nothing for further out than so many standard deviations."""

    def __init__(self, at=3.0, max_iter=100):
        super().__init__(max_iter=max_iter)
        self.at = at

    def fit(self, rows, labels):
        return super().fit(np.clip(rows, -self.at, self.at), labels)

    def predict_proba(self, rows):
        return super().predict_proba(np.clip(rows, -self.at, self.at))
'''
PIPELINE = {
    "type": "sklearn.pipeline.Pipeline",
    "parameters": {
        "steps": [
            ["scale", {"type": "sklearn.preprocessing.StandardScaler"}],
            ["classify", {"type": "workload.own.Clipped", "parameters": {"max_iter": 500, "at": 2.5}}],
        ]
    },
    "missing": "median",
}


@pytest.fixture(scope="module")
def whole(
    place: Place, environment: Environment, released: Released, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    """The shared environment with every workload of the repository's settings, beside the flights that answer."""
    made = replace(place, root=places.copy_of_the_repository(tmp_path_factory.mktemp("whole")))
    shutil.copy2(ROOT / "Pulumi.local.yaml", made.root)
    for name, estimator in (("delays", LIGHTGBM), ("penguins", PIPELINE)):
        file = made.root / "workloads" / name / "workload.yaml"
        document = yaml.safe_load(file.read_text("utf-8"))
        file.write_text(yaml.safe_dump({**document, "estimator": estimator}, sort_keys=False), "utf-8")
    (made.root / "workloads" / "penguins" / "own.py").write_text(OWN, "utf-8")
    made.pulumi("up", "--stack", "local", "--yes", "--skip-preview", "--policy-pack", "policies")
    return made


@pytest.fixture(scope="module")
def others(whole: Place) -> Others:
    """The other workloads by name, each with its first model; they were trained side by side."""
    outputs = whole.outputs()
    names = sorted(outputs["workloads"].keys() - {"flights"})
    workloads = [spec.load(whole.root / "workloads" / name / "workload.yaml") for name in names]
    chapters = [Chapter(Environment.told("local", outputs, one.name), one, data.loader(one)) for one in workloads]
    data.load(chapters[0].environment, [chapter.loader for chapter in chapters])
    executions = [pipeline.started(one.environment, one.workload, one.parameters) for one in chapters]
    found = {}
    for one, execution in zip(chapters, executions, strict=True):
        package = release.approval(one.environment, pipeline.finished(one.environment, execution))
        found[one.workload.name] = one, Released(package, release.release(one.environment, package))
    return found


def answered_in_csv(chapter: Chapter, instance: dict[str, Any]) -> list[str]:
    """Ask in CSV, and return the cells of the answer."""
    out = io.StringIO()
    csv.writer(out).writerow([instance[name] for name in chapter.workload.features])
    answer = chapter.environment.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=chapter.environment.own.endpoint_name,
        ContentType="text/csv",
        Accept="text/csv",
        Body=out.getvalue().encode(),
    )
    (row,) = csv.reader(io.StringIO(answer["Body"].read().decode()))
    return row


def test_the_environment_has_a_workload_of_each_kind(others: Others, chapter: Chapter) -> None:
    kinds = {str(one.workload.label.type) for one in (chapter, *(found for found, _ in others.values()))}
    assert kinds == {"boolean", "category", "number"}


@pytest.mark.parametrize("name", ["delays", "penguins"])
def test_each_answers_with_the_model_that_was_released_in_json_and_csv(others: Others, name: str) -> None:
    chapter, released = others[name]
    asked = chapter.questions(20)
    answer = answers.ask(chapter.environment, [question.instance for question in asked])
    assert answer["model_digest"] == released.entry["model_digest"] == released.package.metadata["model_digest"]
    first, cells = answer["predictions"][0], answered_in_csv(chapter, asked[0].instance)
    if name == "delays":
        low, high = first["quantiles"].values()
        assert low <= high
        assert [float(cell) for cell in cells] == [first["minutes_late"], low, high]
        assert answers.summary(chapter.workload, answer["predictions"], asked).startswith("off by ")
    else:
        assert [float(cell) for cell in cells[:-1]] == list(first["probabilities"].values())
        assert cells[-1] == first["species"]
        right = sum(found["species"] == one.truth for found, one in zip(answer["predictions"], asked, strict=True))
        assert right >= 0.9 * len(asked)


def told(found: Report) -> list[str]:
    """Return a report's lines as they are printed, without the blanks."""
    return [f"{title} {text}".strip() for title, text in report.lines(found)]


def test_before_the_first_run_there_is_nothing_to_tell(at_first: Report) -> None:
    assert told(at_first)[:3] == ["run none yet", "package none yet", "release none yet"]
    assert told(at_first)[3].startswith("serves model bootstrap, since ")
    assert len(told(at_first)) == 4


def test_a_released_workload_stands_well(others: Others) -> None:
    chapter, released = others["delays"]
    found = report.report(chapter.environment)
    assert found.run is not None
    assert found.run.status == "Succeeded"
    assert found.run.evaluation is not None
    assert found.run.evaluation.passed
    assert found.serving.model_digest == released.entry["model_digest"]
    assert list(report.problems(found)) == []


def test_a_run_that_fails_in_a_job_shows_what_the_job_said_and_where_its_log_is(others: Others) -> None:
    chapter, released = others["penguins"]
    sagemaker = chapter.environment.client("sagemaker")
    execution = sagemaker.start_pipeline_execution(
        PipelineName=chapter.environment.own.pipeline_name,
        PipelineParameters=[{"Name": "DataStart", "Value": "2007-11-01"}, {"Name": "DataEnd", "Value": "2007-11-12"}],
    )["PipelineExecutionArn"]
    with pytest.raises(StoryError) as failed:
        pipeline.follow(chapter.environment, execution)
    found = report.report(chapter.environment)
    assert found.run is not None
    (failure,) = found.run.failures
    assert failure.reason in str(failed.value)
    job = failure.job.removeprefix("processing-job/")
    described = sagemaker.describe_processing_job(ProcessingJobName=job)
    assert failure.reason == described["ExitMessage"]
    lines = chapter.environment.client("logs").get_log_events(
        logGroupName=failure.log_group, logStreamName=failure.log_stream
    )["events"]
    assert any(failure.reason.splitlines()[0] in line["message"] for line in lines)
    assert found.serving.model_digest == released.entry["model_digest"], "and the endpoint answers as before"
    assert [problem for problem in report.problems(found) if problem.startswith("The last run ended Failed.")]


def test_a_refresh_after_every_workload_was_released_finds_nothing_to_change(whole: Place, others: Others) -> None:
    whole.pulumi(
        "preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff", "--policy-pack", "policies"
    )


def test_the_flights_answer_as_before(chapter: Chapter, others: Others, released: Released) -> None:
    answer = answers.ask(chapter.environment, [chapter.questions(1)[0].instance])
    assert answer["model_digest"].startswith("sha256:")
    assert report.report(chapter.environment).serving.status == "InService"
