"""Steps of the training pipeline as the sagemaker SDK's classes; importing this imports the SDK."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from sagemaker.core.shapes.shapes import MlflowConfig
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import StepTypeEnum

from agreements import variables
from training.job import WORKLOAD
from training.job_step import JobStep
from training.pipeline_settings import PipelineSettings, job_prefix, step_prefix
from workloads.spec import Workload

_BASE = "/opt/ml/processing"
_HOUR = 3600
logging.getLogger("sagemaker.config").setLevel(logging.WARNING)  # it reports each configuration file that is not there


class Steps:
    """Makes the steps of one workload in one environment."""

    def __init__(self, workload: Workload, settings: PipelineSettings[str]) -> None:
        self._workload = workload
        self._settings = settings
        self.data_start = ParameterString("DataStart")
        self.data_end = ParameterString("DataEnd")

    def pipeline(self, steps: Sequence[Any]) -> Pipeline:
        """Put the steps together."""
        session = PipelineSession(
            boto_session=boto3.Session(region_name=self._settings.region), default_bucket=self._settings.curated_bucket
        )
        return Pipeline(
            name=self._settings.name,
            parameters=[self.data_start, self.data_end],
            steps=list(steps),
            sagemaker_session=session,
            pipeline_experiment_config=None,
            # without one SageMaker makes an MLflow App of its own
            mlflow_config=MlflowConfig(
                mlflow_resource_arn=self._settings.mlflow_tracking_server_arn,
                mlflow_experiment_name=self._workload.name,
            ),
        )

    def processing(
        self,
        name: str,
        *,
        outputs: Sequence[str],
        inputs: Mapping[str, Any] | None = None,
        arguments: Sequence[Any] = (),
        report: str | None = None,
        hours: int = 1,
        module: str | None = None,
        isolated: bool = False,
    ) -> JobStep:
        """Make a step that runs a module of ``training``.

        Parameters
        ----------
        name : str
            Of the step.
        outputs : sequence of str
            Folders under processing/output that are kept; each becomes an output of its name.
        inputs : mapping of str to S3 address, optional
            Folders under processing/input, by name.
        arguments : sequence, optional
            Of the command line.
        report : str, optional
            File of the first output that conditions may look into.
        hours : int
            After which SageMaker stops the job.
        module : str, optional
            By default named like the step.
        isolated : bool
            Whether the container gets neither network nor credentials; SageMaker brings its inputs and outputs.
        """
        settings = self._settings
        request: dict[str, Any] = {
            "ProcessingJobName": job_prefix(settings.name, name),
            "RoleArn": self._role(name),
            "AppSpecification": {
                "ImageUri": settings.image_uri,
                "ContainerEntrypoint": ["python", "-m", f"training.{module or name}"],
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": settings.instance_type,
                    "InstanceCount": 1,
                    "VolumeSizeInGB": settings.volume_size_gb,
                    "VolumeKmsKeyId": settings.data_key_arn,
                }
            },
            "ProcessingInputs": [
                self._input(folder, uri) for folder, uri in {WORKLOAD: settings.workload_uri, **(inputs or {})}.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [self._output(name, folder) for folder in outputs],
                "KmsKeyId": settings.data_key_arn,
            },
            "Environment": self._environment(name, isolated),
            "StoppingCondition": {"MaxRuntimeInSeconds": hours * _HOUR},
        }
        if arguments:
            request["AppSpecification"]["ContainerArguments"] = list(arguments)
        network: dict[str, Any] = {"EnableNetworkIsolation": True} if isolated else {}
        if settings.subnet_ids:
            network |= {"EnableInterContainerTrafficEncryption": True, "VpcConfig": self._network()}
        if network:
            request["NetworkConfig"] = network
        file = PropertyFile(name=name, output_name=outputs[0], path=report) if report else None
        return JobStep(name, StepTypeEnum.PROCESSING, request, file)

    def training(self, name: str, channels: Mapping[str, Any], depends_on: Sequence[JobStep], hours: int) -> JobStep:
        """Make a step that runs the image's ``train`` on channels, by name."""
        settings = self._settings
        request: dict[str, Any] = {
            "TrainingJobName": job_prefix(settings.name, name),
            "RoleArn": self._role(name),
            "AlgorithmSpecification": {"TrainingImage": settings.image_uri, "TrainingInputMode": "File"},
            "InputDataConfig": [
                {
                    "ChannelName": channel,
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": uri,
                            "S3DataDistributionType": "FullyReplicated",
                        }
                    },
                }
                for channel, uri in {WORKLOAD: settings.workload_uri, **channels}.items()
            ],
            "OutputDataConfig": {"S3OutputPath": self._uri(name, "model"), "KmsKeyId": settings.data_key_arn},
            "ResourceConfig": {
                "InstanceType": settings.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": settings.volume_size_gb,
                "VolumeKmsKeyId": settings.data_key_arn,
            },
            "Environment": self._environment(name),
            "StoppingCondition": {"MaxRuntimeInSeconds": hours * _HOUR},
            "EnableInterContainerTrafficEncryption": True,
        }
        if settings.subnet_ids:
            request["VpcConfig"] = self._network()
        return JobStep(name, StepTypeEnum.TRAINING, request, depends_on=depends_on)

    def condition(
        self,
        name: str,
        step: JobStep,
        path: str,
        expected: int,
        *,
        if_steps: Sequence[Any],
        else_steps: Sequence[Any],
    ) -> ConditionStep:
        """Go one way if a value of a step's report is the expected one, else the other."""
        condition = ConditionEquals(left=self._value(step, path), right=expected)
        return ConditionStep(name=name, conditions=[condition], if_steps=list(if_steps), else_steps=list(else_steps))

    def fail(self, name: str, text: str, step: JobStep, path: str) -> FailStep:
        """End the execution with a text and a value of a step's report."""
        return FailStep(name=name, error_message=Join(on="", values=[text, self._value(step, path)]))

    @staticmethod
    def output(step: JobStep, name: str) -> Any:
        """Return the address of a processing step's output."""
        return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri

    @staticmethod
    def _value(step: JobStep, path: str) -> JsonGet:
        return JsonGet(step_name=step.name, property_file=step.report, json_path=path)

    def _role(self, step: str) -> str:
        settings = self._settings
        return {
            "prepare": settings.features_role_arn,
            "check": settings.features_role_arn,
            "train": settings.training_role_arn,
            "score": settings.scoring_role_arn,
            "champion": settings.scoring_role_arn,
            "approved": settings.evaluating_role_arn,
            "evaluate": settings.evaluating_role_arn,
            "package": settings.registering_role_arn,
            "register": settings.registering_role_arn,
        }[step]

    def _uri(self, step: str, output: str) -> Join:
        prefix = step_prefix(self._workload.name, step, output).rstrip("/")
        start = f"s3://{self._settings.curated_bucket}/{prefix}"
        return Join(on="/", values=[start, ExecutionVariables.PIPELINE_EXECUTION_ID])

    @staticmethod
    def _input(folder: str, uri: Any) -> dict[str, Any]:
        source = {
            "S3Uri": uri,
            "LocalPath": f"{_BASE}/input/{folder}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        return {"InputName": folder, "S3Input": source}

    def _output(self, step: str, folder: str) -> dict[str, Any]:
        target = {
            "S3Uri": self._uri(step, folder),
            "LocalPath": f"{_BASE}/output/{folder}",
            "S3UploadMode": "EndOfJob",
        }
        return {"OutputName": folder, "S3Output": target}

    def _environment(self, step: str, isolated: bool = False) -> dict[str, Any]:
        settings = self._settings
        common = {
            "AWS_DEFAULT_REGION": settings.region,
            variables.PIPELINE_EXECUTION: ExecutionVariables.PIPELINE_EXECUTION_ID,
            variables.CODE_DIGEST: settings.code_digest,
            variables.WORKLOAD_DIGEST: settings.workload_digest,
            variables.IMAGE_URI: settings.image_uri,
        }
        if isolated:
            return common
        groups = {variables.feature_group(entity): group for entity, group in settings.feature_groups.items()}
        if step in ("prepare", "check"):
            return {**common, variables.RAW_BUCKET: settings.raw_bucket, **groups}
        return {
            **common,
            **(groups if step == "register" else {}),
            variables.ARTIFACTS_BUCKET: settings.artifacts_bucket,
            variables.MODEL_PACKAGE_GROUP_NAME: settings.model_package_group_name,
            variables.MLFLOW_TRACKING_URI: settings.mlflow_tracking_server_arn,
            variables.MLFLOW_EXPERIMENT_NAME: self._workload.name,
        }

    def _network(self) -> dict[str, list[str]]:
        return {"Subnets": list(self._settings.subnet_ids), "SecurityGroupIds": list(self._settings.security_group_ids)}
