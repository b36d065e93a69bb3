"""What an endpoint answers with now, as SageMaker says it: nobody asks the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agreements import variables
from status.environment import Environment
from status.patience import known


@dataclass(frozen=True)
class Serving:
    """An endpoint and the model that it answers with.

    Attributes
    ----------
    status, reason : str
        ``InService``, or another status of SageMaker's, with its reason where it gives one.
    model_digest : str
        ``bootstrap`` before the first release, empty where the model names none.
    changed : datetime
        When the endpoint changed last.
    """

    status: str
    reason: str
    model_digest: str
    changed: datetime


def serving(environment: Environment) -> Serving:
    """Look at the workload's endpoint."""
    sagemaker, name = environment.client("sagemaker"), environment.own.endpoint_name
    endpoint = known(lambda: sagemaker.describe_endpoint(EndpointName=name))
    config = known(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"]))
    model = known(lambda: sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"]))
    given = (model.get("PrimaryContainer") or model["Containers"][0]).get("Environment", {})
    return Serving(
        endpoint["EndpointStatus"],
        endpoint.get("FailureReason", ""),
        given.get(variables.MODEL_DIGEST, ""),
        endpoint["LastModifiedTime"],
    )
