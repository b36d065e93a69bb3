"""A job as a step of the sagemaker SDK's pipelines; importing this imports the SDK.

The SDK's Processor and ModelTrainer look at buckets, roles and default configuration, so jobs are written as the
requests that they are, in a Step of the SDK, which keeps what the SDK knows of properties and dependencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker.core.workflow.properties import Properties, PropertyFile
from sagemaker.mlops.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
from sagemaker.mlops.workflow.steps import ConfigurableRetryStep, StepTypeEnum

# SageMaker itself repeats only what failed before a job was made.
_UNTIL_THERE_ARE_INSTANCES = SageMakerJobStepRetryPolicy(
    exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
    failure_reason_types=[SageMakerJobExceptionTypeEnum.CAPACITY_ERROR, SageMakerJobExceptionTypeEnum.INTERNAL_ERROR],
    interval_seconds=15,
    backoff_rate=2.0,
    max_attempts=6,
)


class JobStep(ConfigurableRetryStep):  # type: ignore[misc]
    """A job, given as its request.

    Parameters
    ----------
    name : str
        Of the step.
    kind : StepTypeEnum
        PROCESSING or TRAINING.
    request : dict
        CreateProcessingJob's or CreateTrainingJob's; its name is the beginning of the job's.
    report : PropertyFile, optional
        The JSON file of its output that conditions may look into.
    depends_on : sequence of JobStep, optional
        Steps that must have succeeded, beside those whose outputs the request names.
    """

    def __init__(
        self,
        name: str,
        kind: StepTypeEnum,
        request: dict[str, Any],
        report: PropertyFile | None = None,
        depends_on: Sequence[JobStep] = (),
    ) -> None:
        super().__init__(name, kind, depends_on=list(depends_on) or None, retry_policies=[_UNTIL_THERE_ARE_INSTANCES])
        shape = "DescribeTrainingJobResponse" if kind is StepTypeEnum.TRAINING else "DescribeProcessingJobResponse"
        self._request = request
        self._properties = Properties(step_name=name, step=self, shape_name=shape)
        self.report = report

    @property
    def arguments(self) -> dict[str, Any]:
        """The job's request."""
        return self._request

    @property
    def properties(self) -> Properties:
        """What DescribeTrainingJob or DescribeProcessingJob will answer."""
        return self._properties

    def to_request(self) -> dict[str, Any]:
        """Return the step as the definition holds it."""
        request = super().to_request()
        if self.report is not None:
            request["PropertyFiles"] = [self.report.expr]
        return dict(request)
