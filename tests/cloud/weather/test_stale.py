"""Reads show what was a moment ago, but nothing older, and nothing old where AWS promises the newest."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud.weather.stale import LAGS
from tests.cloud.local import Cloud
from tests.cloud.weather.conftest import Clients


def test_a_changed_value_is_old_for_a_while_and_never_after(patient: Clients) -> None:
    ssm = patient("ssm")

    def read() -> str:
        return str(ssm.get_parameter(Name="wheel")["Parameter"]["Value"])

    ssm.put_parameter(Name="wheel", Value="old", Type="String")
    time.sleep(LAGS["ssm"] + 0.1)
    ssm.put_parameter(Name="wheel", Value="new", Type="String", Overwrite=True)
    until = time.monotonic() + LAGS["ssm"]
    seen = {read() for _ in range(20)}
    assert seen == {"old", "new"}
    time.sleep(max(until - time.monotonic(), 0) + 0.1)
    assert {read() for _ in range(20)} == {"new"}


def test_what_was_just_made_may_be_unknown(patient: Clients) -> None:
    sagemaker = patient("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="fresh")

    def known() -> bool:
        try:
            return bool(sagemaker.describe_model_package_group(ModelPackageGroupName="fresh"))
        except ClientError as error:
            assert "does not exist" in str(error)
            return False

    assert {known() for _ in range(20)} == {True, False}
    time.sleep(LAGS["sagemaker"] + 0.1)
    assert {known() for _ in range(20)} == {True}


def test_what_was_listed_before_is_listed_as_it_was(patient: Clients) -> None:
    sagemaker = patient("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="filled")
    pages = sagemaker.get_paginator("list_model_packages")

    def count() -> int:
        return sum(len(page["ModelPackageSummaryList"]) for page in pages.paginate(ModelPackageGroupName="filled"))

    assert count() == 0
    time.sleep(LAGS["sagemaker"] + 0.1)
    specification = {"Containers": [{"Image": "image"}]}
    sagemaker.create_model_package(ModelPackageGroupName="filled", InferenceSpecification=specification)
    assert {count() for _ in range(20)} == {0, 1}


def test_the_provider_never_sees_a_thing_vanish_that_it_saw(patient: Clients) -> None:
    iam = patient("iam", "aws-sdk-go-v2")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam.create_role(RoleName="miller", AssumeRolePolicyDocument=trust)
    seen = []
    for _ in range(40):
        try:
            seen.append(bool(iam.get_role(RoleName="miller")))
        except iam.exceptions.NoSuchEntityException:
            seen.append(False)
    assert True in seen
    assert False in seen
    assert all(seen[seen.index(True) :])


def test_a_consistent_read_and_an_object_are_the_newest(patient: Clients) -> None:
    table, s3 = patient("dynamodb"), patient("s3")
    key = [{"AttributeName": "k", "KeyType": "HASH"}]
    types = [{"AttributeName": "k", "AttributeType": "S"}]
    table.create_table(TableName="sacks", KeySchema=key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    s3.create_bucket(Bucket="grain")

    def item(consistent: bool) -> Any:
        read = table.get_item(TableName="sacks", Key={"k": {"S": "a"}}, ConsistentRead=consistent)
        return int(read.get("Item", {"n": {"N": "0"}})["n"]["N"])

    lagged = False
    for number in range(1, 16):
        table.put_item(TableName="sacks", Item={"k": {"S": "a"}, "n": {"N": str(number)}})
        s3.put_object(Bucket="grain", Key="sack", Body=str(number).encode())
        lagged |= item(consistent=False) < number
        assert item(consistent=True) == number
        assert s3.get_object(Bucket="grain", Key="sack")["Body"].read() == str(number).encode()
    assert lagged


def test_the_log_says_what_was_done(cloud: Cloud, patient: Clients) -> None:
    ssm = patient("ssm")
    for value in range(10):
        ssm.put_parameter(Name="logged", Value=str(value), Type="String", Overwrite=True)
        ssm.get_parameters(Names=["logged"])
    log = (cloud.settings.folder / "weather.log").read_text()
    assert 'stale      ssm:GetParameters {"Names": ["logged"]' in log
