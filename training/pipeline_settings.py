"""What an environment says about the training pipeline, and how its outputs and jobs are named.

It stands apart from the definition and its steps, which both need it, and imports no SDK.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Text = TypeVar("Text")
"""``str`` where a definition is written; what is not known yet where an environment is declared."""
_LONGEST_PREFIX = 24  # characters of a pipeline's name in those of its jobs


@dataclass(frozen=True, kw_only=True)
class PipelineSettings(Generic[Text]):
    """What an environment says about the pipeline; `Text` is what may be known only once it is made.

    Attributes
    ----------
    name, region : str
        Of the pipeline.
    image_uri : str
        ``repository@sha256:...`` of the image that every step runs.
    code_digest : str
        Of the bundle that the image was built from.
    workload_uri, workload_digest : str
        Where the workload's files lie, and the digest that every job compares them with.
    features_role_arn : str
        The role of prepare and check: raw data, curated data and feature groups.
    training_role_arn : str
        The role of train, which runs whatever estimator the workload names: it writes the model and nothing else.
    scoring_role_arn : str
        The role of score and champion, which load models: it reads them and the hold-out's features, and writes
        answers.
    evaluating_role_arn : str
        The role of approved and evaluate: reads the registry, the hold-out's labels and the scores, and alone writes
        the evaluation.
    registering_role_arn : str
        The role of package and register: model packages and registration. Neither loads a model.
    raw_bucket, curated_bucket, artifacts_bucket : str
        Names of the lake's buckets.
    model_package_group_name, mlflow_tracking_server_arn : str
        Registry and tracking.
    feature_groups : dict of str to str
        Feature group by entity.
    data_key_arn : str
        Customer key of volumes and curated data.
    instance_type : str
        Of every job.
    volume_size_gb : int
        Of every job.
    subnet_ids, security_group_ids : tuple of str
        The jobs' network; empty for none.
    """

    name: str
    region: str
    image_uri: Text
    code_digest: str
    workload_uri: Text
    workload_digest: str
    features_role_arn: Text
    training_role_arn: Text
    scoring_role_arn: Text
    evaluating_role_arn: Text
    registering_role_arn: Text
    raw_bucket: Text
    curated_bucket: Text
    artifacts_bucket: Text
    model_package_group_name: Text
    mlflow_tracking_server_arn: Text
    feature_groups: Mapping[str, Text] = field(hash=False)
    data_key_arn: Text
    instance_type: str = "ml.m5.large"
    volume_size_gb: int = 30
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()


def step_prefix(workload: str, step: str, output: str = "") -> str:
    """Return where a step of a workload's pipeline writes in the curated bucket, whatever the execution.

    The step and its output come before the execution, so that a role can be kept to the outputs of its own steps, and
    to those outputs of others that it may see.

    Parameters
    ----------
    workload, step : str
        Names.
    output : str
        One output of the step; empty for all of them.
    """
    return f"{workload}/{step}/{output}/" if output else f"{workload}/{step}/"


def job_prefix(pipeline: str, step: str = "") -> str:
    """Return how the names of a pipeline's jobs begin, so that a role can be kept to them.

    SageMaker adds ``-<execution>-<token>-<attempt>``, and AWS allows a name 63 characters: a long pipeline's name is
    cut, and told from others by a digest. No pipeline's name has two hyphens in a row, so ``flights--`` begins no job
    of ``flights-2``.

    Parameters
    ----------
    pipeline : str
        Its name.
    step : str
        One of its steps; empty for all of them.
    """
    if len(pipeline) > _LONGEST_PREFIX:
        digest = hashlib.sha256(pipeline.encode()).hexdigest()[:8]
        pipeline = f"{pipeline[: _LONGEST_PREFIX - 9].rstrip('-')}-{digest}"
    return f"{pipeline}--{step}"
