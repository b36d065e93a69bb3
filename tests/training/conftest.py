from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from agreements import variables
from tests.training.chain import GROUPS, IMAGE, Chain, Job, OnlineStore
from tests.training.steps import MONTH, Cloud, evaluated_by, packaged_by, succeeded
from tests.training.streams import Streams, of_months
from tests.training.warm import Warm, warmed
from training import features
from training.features import Features
from workloads import spec
from workloads.flights import ingest
from workloads.spec import Workload

_MOTO = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
input()
"""


@pytest.fixture(scope="session")
def workload() -> Workload:
    return spec.named("flights")


@pytest.fixture(scope="session")
def january() -> Streams:
    return of_months(["2013-01"])


@pytest.fixture(scope="session")
def january_features(workload: Workload, january: Streams) -> Features:
    return features.compute(workload, january)


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    with warmed() as made:
        yield made


@pytest.fixture(scope="session")
def cloud(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    # in a process of its own: in this one any other test's `mock_aws` would empty it
    server = subprocess.Popen([sys.executable, "-c", _MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    online = OnlineStore()
    store = online.start()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    s3, sagemaker = (boto3.client(name, endpoint_url=url, **keys) for name in ("s3", "sagemaker"))
    folder = tmp_path_factory.mktemp("chain")
    for bucket in ("raw", "artifacts", "curated"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    sagemaker.create_model_package_group(ModelPackageGroupName="flights")
    for file in ingest.files(["2013-01"]):
        s3.put_object(Bucket="raw", Key=file.key, Body=file.body)
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME": online.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HEADRACE_PIPELINE_EXECUTION": "execution1",
        "HEADRACE_CODE_DIGEST": "c" * 64,
        "HEADRACE_IMAGE_URI": IMAGE,
        "RAW_BUCKET": "raw",
        "ARTIFACTS_BUCKET": "artifacts",
        "MODEL_PACKAGE_GROUP_NAME": "flights",
        **{variables.feature_group(entity): group for entity, group in GROUPS.items()},
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": "flights",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    yield Cloud(Chain(folder / "first", environment, warm=warm), s3, sagemaker, online)
    store.shutdown()
    store.server_close()
    server.communicate(timeout=60)  # it ends with its input


@pytest.fixture(scope="session")
def prepared(cloud: Cloud) -> Job:
    return succeeded(cloud.chain.processing("prepare", *MONTH))


@pytest.fixture(scope="session")
def trained(cloud: Cloud, prepared: Job) -> Job:
    return succeeded(cloud.chain.training(prepared.output("training")))


@pytest.fixture(scope="session")
def evaluated(cloud: Cloud, prepared: Job, trained: Job) -> Job:
    return succeeded(evaluated_by(cloud, cloud.chain, prepared, trained))


@pytest.fixture(scope="session")
def package(cloud: Cloud, prepared: Job, trained: Job, evaluated: Job) -> dict[str, Any]:
    packaged = succeeded(packaged_by(cloud.chain, prepared, trained, evaluated))
    inputs = {"package": packaged.output("package")}
    registered = succeeded(cloud.chain.processing("register", inputs=inputs))
    arn = json.loads(registered.output("registered", "registered.json").read_text())["model_package_arn"]
    return dict(cloud.sagemaker.describe_model_package(ModelPackageName=arn))
