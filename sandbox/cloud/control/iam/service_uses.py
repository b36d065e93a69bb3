"""Which condition keys a service sends when it assumes a role: one row for each use that is made of roles here.

A trust policy with StringEquals on ``aws:SourceAccount`` is false where the key is not sent, and then the role cannot
be assumed. The rows therefore follow AWS's own pages alone; where a page does not name a use, nothing is sent, which is
the stricter reading, and the doubt stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

_SAGEMAKER = "SageMaker developer guide, 'Cross-service confused deputy prevention'"


@dataclass(frozen=True)
class Use:
    """One use that a service makes of a role.

    Attributes
    ----------
    principal : str
        The service that a role's trust policy has to name.
    source_arn : str or None
        What ``aws:SourceArn`` is, with ``{region}``, ``{account}`` and the resource's ``{name}``; the account is then
        sent as ``aws:SourceAccount`` too. None: neither key is sent.
    page : str
        Where AWS says so, or what is in doubt.
    """

    principal: str
    source_arn: str | None
    page: str

    def context(self, account: str, region: str, name: str) -> dict[str, list[str]]:
        """Return the keys that are sent for a resource, in lower case."""
        if self.source_arn is None:
            return {}
        arn = self.source_arn.format(account=account, region=region, name=name)
        return {"aws:sourceaccount": [account], "aws:sourcearn": [arn]}


def _sagemaker(resource: str | None, page: str) -> Use:
    arn = f"arn:aws:sagemaker:{{region}}:{{account}}:{resource}" if resource else None
    return Use("sagemaker.amazonaws.com", arn, page)


TRAINING_JOB = _sagemaker("training-job/{name}", f"{_SAGEMAKER}, SageMaker Training Jobs")
PROCESSING_JOB = _sagemaker("processing-job/{name}", f"{_SAGEMAKER}, SageMaker Processing Jobs")
PIPELINE = _sagemaker(
    "pipeline/{name}",  # PIPELINE/execution/ID
    f"{_SAGEMAKER}, SageMaker Pipelines: 'pipeline/mypipeline/*' covers all executions",
)
INFERENCE = _sagemaker(
    "*",  # these letters: "The asterisk in the ARN template does not stand for wildcard"
    f"{_SAGEMAKER}, SageMaker Inference: models and endpoints send no ARN of their own",
)
FEATURE_STORE = _sagemaker(
    None, f"{_SAGEMAKER} lists no Feature Store, and the page of its roles prints a trust policy without conditions"
)
MLFLOW = _sagemaker(
    None, f"{_SAGEMAKER} lists no MLflow; 'Set up IAM permissions for MLflow' prints a trust policy without conditions"
)
CODEBUILD = Use(
    "codebuild.amazonaws.com",
    "arn:aws:codebuild:{region}:{account}:project/{name}",
    "CodeBuild user guide, 'Allow CodeBuild to interact with other AWS services': the ARN is the project's",
)
STATES = Use(
    "states.amazonaws.com",
    "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "Step Functions developer guide, 'Creating an IAM role for your state machine'",
)
EVENTS = Use(
    "events.amazonaws.com",
    "arn:aws:events:{region}:{account}:rule/{name}",
    "EventBridge user guide, 'Cross-service confused deputy prevention': the ARN 'must be the rule ARN'",
)
SCHEDULER = Use(
    "scheduler.amazonaws.com",
    "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
    "EventBridge Scheduler user guide, 'Confused deputy prevention': the ARN 'must be a schedule group'",
)
