"""What may differ between the workloads of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from components.instance_types import takes_volume_key


@dataclass(frozen=True)
class Rule:
    """What a setting must be, and how to mend it; said to whoever broke it."""

    must_be: str
    remedy: str


def _takes_volume_key(instance_type: str) -> str:
    if not takes_volume_key(instance_type):
        raise ValueError
    return instance_type


InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
_INSTANCE = Rule(
    "a SageMaker instance type without local NVMe storage, for which SageMaker refuses a volume key",
    "Give a name such as ml.m5.large; for a GPU, ml.p3.2xlarge. A family that this program does not know is added to "
    "components/instance_types.py.",
)


class Choices(BaseModel):
    """What may differ between the workloads of an environment.

    Attributes
    ----------
    approval : {"manual", "automatic"}
        Who approves model packages that passed every gate: a person, or the approver.
    training_instance_type, training_volume_gb
        What each job of the training pipeline runs on.
    endpoint_instance_type, endpoint_instance_count
        What the endpoint runs on. From two instances on, one may fail.
    reconcile_minutes : int
        How often the release machine looks whether what serves is what is wanted, because events may be lost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approval: Annotated[
        Literal["manual", "automatic"], Rule("manual or automatic", "Say manual where a person must approve.")
    ] = "manual"
    training_instance_type: Annotated[InstanceType, AfterValidator(_takes_volume_key), _INSTANCE] = "ml.m5.large"
    training_volume_gb: Annotated[
        int, Field(ge=5, le=16384), Rule("whole gigabytes from 5 to 16384", "Twice the data is enough.")
    ] = 30
    endpoint_instance_type: Annotated[InstanceType, AfterValidator(_takes_volume_key), _INSTANCE] = "ml.m5.large"
    endpoint_instance_count: Annotated[
        int, Field(ge=1, le=100), Rule("a whole number from 1 to 100", "Give 2 or more where one instance may fail.")
    ] = 1
    reconcile_minutes: Annotated[
        int, Field(ge=1, le=1440), Rule("whole minutes from 1 to 1440", "15 is a good start.")
    ] = 15


CHOICES = tuple(Choices.model_fields)


class WorkloadEntry(Choices):
    """A workload of an environment; what is not said here is as the environment says it.

    Attributes
    ----------
    file : str
        Path of the workload's file, from the project's folder. An entry that is text is this path.
    """

    file: Annotated[
        str, Field(pattern=r"\.ya?ml$"), Rule("the path of a workload file", "See workloads/flights/workload.yaml.")
    ]

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, given: Any) -> Any:
        return {"file": given} if isinstance(given, str) else given

    def over(self, environment: Choices) -> Choices:
        """Return the choices of this entry, and the environment's where it makes none."""
        chosen = {name: getattr(self if name in self.model_fields_set else environment, name) for name in CHOICES}
        return Choices.model_validate(chosen)
