"""Lists begin with empty pages now and then, whose token leads to all that there is."""

from __future__ import annotations

import time

from tests.cloud.weather.conftest import Clients


def test_an_empty_page_leads_to_the_rest(patient: Clients) -> None:
    sagemaker = patient("sagemaker")
    specification = {"Containers": [{"Image": "image"}]}
    sagemaker.create_model_package_group(ModelPackageGroupName="paged")
    for _ in range(5):
        sagemaker.create_model_package(ModelPackageGroupName="paged", InferenceSpecification=specification)
    time.sleep(3.1)  # until the list is no more stale
    firsts, totals = set(), set()
    for _ in range(20):
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName="paged", PaginationConfig={"PageSize": 2}
        )
        counts = [len(page["ModelPackageSummaryList"]) for page in pages]
        firsts.add(counts[0])
        totals.add(sum(counts))
    assert firsts == {0, 2}
    assert len(totals) == 1
    assert totals.pop() >= 5  # a call whose answer was lost made one more


def test_lists_of_other_protocols_have_them_too(patient: Clients) -> None:
    ssm, states = patient("ssm"), patient("stepfunctions")
    ssm.put_parameter(Name="/mill/stone", Value="1", Type="String")
    time.sleep(2.1)
    found = [ssm.get_parameters_by_path(Path="/mill") for _ in range(20)]
    assert {len(answer["Parameters"]) for answer in found} == {0, 1}
    assert all(answer["Parameters"] or answer["NextToken"] for answer in found)
    assert any(answer.get("nextToken") for answer in (states.list_state_machines() for _ in range(20)))


def test_tags_come_at_once(patient: Clients) -> None:
    """There are at most 50, and Terraform's provider reads one page: an empty one would be a change of the stack."""
    table = patient("dynamodb").create_table(
        TableName="tagged",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "mill", "Value": "water"}],
    )["TableDescription"]["TableArn"]
    time.sleep(2.1)
    found = [patient("dynamodb").list_tags_of_resource(ResourceArn=table) for _ in range(20)]
    assert all(answer["Tags"] and "NextToken" not in answer for answer in found)
