"""A local cloud with one image, whose server does what a model's environment and a request's body say."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.run.images import store
from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud, allow, eventually, started

SERVE = Path(__file__).with_name("serve.py")
REPOSITORY = f"{LOCAL_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/test/serve"


class Endpoints(Cloud):
    """A local cloud and short ways to make what an endpoint needs."""

    image: str
    role_arn: str

    def prepare(self, folder: Path) -> None:
        """Build and push the image; make the role and the bucket."""
        rootfs = folder / "rootfs"
        program = rootfs / "usr/local/bin/serve"
        program.parent.mkdir(parents=True)
        program.write_text(SERVE.read_text())
        program.chmod(0o755)
        (rootfs / "opt/program").mkdir(parents=True)
        image = store.save(rootfs, {"Env": {"IN_IMAGE": "yes"}, "WorkingDir": "/opt/program", "Lock": ""})
        self.client("ecr").create_repository(repositoryName="test/serve")
        store.push(self.client("ecr"), image, store.Reference.parse(f"{REPOSITORY}:one"))
        self.image = f"{REPOSITORY}@{image.digest}"
        self.client("s3").create_bucket(Bucket="models")
        pull = allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
        log = allow("ecr:GetAuthorizationToken", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
        data = allow("s3:GetObject", "s3:PutObject")
        self.role_arn = self.role("serving", "sagemaker.amazonaws.com", pull, log, data)

    def model_data(self, text: str) -> str:
        """Upload a model archive that holds a text; return its address."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo("answer.txt")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        self.client("s3").put_object(Bucket="models", Key=f"{text}/model.tar.gz", Body=packed.getvalue())
        return f"s3://models/{text}/model.tar.gz"

    def model(self, name: str, data: str | None = None, isolated: bool = False, **environment: str) -> None:
        """Make a model."""
        container = {"Image": self.image, "Environment": environment, **({"ModelDataUrl": data} if data else {})}
        self.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=self.role_arn,
            PrimaryContainer=container,
            EnableNetworkIsolation=isolated,
        )

    def config(self, name: str, *models: str, weights: tuple[float, ...] = (), **more: Any) -> None:
        """Make an endpoint configuration with a variant a model, called live, b, c..."""
        variants = [
            {
                "VariantName": "live" if at == 0 else chr(ord("a") + at),
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weights[at] if weights else 1.0,
                "ContainerStartupHealthCheckTimeoutInSeconds": 60,
            }
            for at, model in enumerate(models)
        ]
        self.client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **more)

    def simple(self, name: str, **environment: str) -> None:
        """Make a model and a configuration of one name."""
        self.model(name, None, False, **environment)
        self.config(name, name)

    def describe(self, name: str) -> dict[str, Any]:
        """Describe an endpoint."""
        found: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
        return found

    def settled(self, name: str, seconds: float = 90.0) -> dict[str, Any]:
        """Wait until an endpoint changes no more."""

        def still() -> dict[str, Any] | None:
            found = self.describe(name)
            return None if found["EndpointStatus"].endswith("ing") else found

        found: dict[str, Any] = eventually(still, seconds)
        return found

    def create(self, name: str, config: str) -> dict[str, Any]:
        """Create an endpoint and wait for it."""
        self.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
        return self.settled(name)

    def invoke(self, name: str, body: str = "", **more: Any) -> dict[str, Any]:
        """Invoke an endpoint; the body of the answer comes as text."""
        said = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=body, **{"ContentType": "text/csv", **more}
        )
        return {**said, "Body": said["Body"].read().decode()}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """One local cloud for the folder's tests."""
    folder = tmp_path_factory.mktemp("endpoints")
    with started(Endpoints, folder) as endpoints:
        endpoints.prepare(folder)
        yield endpoints
