"""The training pipeline's definition, made by the sagemaker SDK's pipeline classes without a call to AWS.

prepare -> check -> train -> score -> evaluate -> gates -> package -> register, or gates_failed with the reason. Beside
them approved fetches the newest approved model, and champion scores it.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from training.pipeline_settings import PipelineSettings
from workloads.spec import Workload

if TYPE_CHECKING:
    from training.pipeline_steps import Steps


def definition(workload: Workload, settings: PipelineSettings[str]) -> str:
    """Write the pipeline's definition.

    Parameters
    ----------
    workload : Workload
        What is trained.
    settings : PipelineSettings
        Where it runs.

    Returns
    -------
    str
        JSON; the same arguments give the same text. Its parameters are DataStart and DataEnd, ISO dates.
    """
    with _offline(settings.region), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the SDK's own imports complain of is not ours to mend
        # it takes seconds and 245 MB to import, and wants a region while it does
        from training.pipeline_steps import Steps  # noqa: PLC0415

        steps = Steps(workload, settings)
        text = steps.pipeline(_steps(workload, steps)).definition()
    content = {name: value for name, value in json.loads(text).items() if value is not None}
    return json.dumps(content, indent=1, sort_keys=True)


def _steps(workload: Workload, steps: Steps) -> list[Any]:
    # SageMaker fails a job whose input is an address where nothing lies, as no entity's history would.
    histories = ["histories"] if workload.entities else []
    prepare = steps.processing(
        "prepare",
        arguments=["--data-start", steps.data_start, "--data-end", steps.data_end],
        outputs=["training", "holdout", "labels", *histories],
        hours=2,
    )
    parts = {name: steps.output(prepare, name) for name in ("training", "holdout", "labels")}
    known = {name: steps.output(prepare, name) for name in histories}
    check = steps.processing("check", inputs={**parts, **known}, outputs=["check"])
    train = steps.training("train", {"training": parts["training"]}, depends_on=[check], hours=4)
    model = train.properties.ModelArtifacts.S3ModelArtifacts
    score = steps.processing(
        "score", inputs={"model": model, "holdout": parts["holdout"]}, outputs=["scores"], isolated=True
    )
    approved = steps.processing("approved", outputs=["champion"])
    champion = steps.processing(
        "champion",
        module="score",
        arguments=["--champion"],
        inputs={"model": steps.output(approved, "champion"), "holdout": parts["holdout"]},
        outputs=["scores"],
        isolated=True,
    )
    evaluate = steps.processing(
        "evaluate",
        arguments=["--model", model],
        inputs={
            "model": model,
            "scores": steps.output(score, "scores"),
            "labels": parts["labels"],
            "champion": steps.output(approved, "champion"),
            "champion_scores": steps.output(champion, "scores"),
        },
        outputs=["evaluation"],
        report="evaluation.json",
    )
    package = steps.processing(
        "package",
        inputs={"training": parts["training"], "model": model, "evaluation": steps.output(evaluate, "evaluation")},
        outputs=["package"],
    )
    register = steps.processing(
        "register", inputs={"package": steps.output(package, "package")}, outputs=["registered"]
    )
    failed = steps.fail("gates_failed", f"The {workload.name} model is not registered: ", evaluate, "failure_message")
    gates = steps.condition("gates", evaluate, "gates.passed", 1, if_steps=[package, register], else_steps=[failed])
    return [prepare, check, approved, train, champion, score, evaluate, gates]


@contextmanager
def _offline(region: str) -> Iterator[None]:
    """Set what the SDK's clients read while they are made: a region, and no instance metadata to wait for."""
    wanted = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
