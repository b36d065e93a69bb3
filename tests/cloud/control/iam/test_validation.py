"""AWS's own validators, as the local cloud has them: never kinder, and never louder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.control.iam.validation import findings
from tests.cloud.local import Cloud

BUCKET = "arn:aws:s3:::bucket/*"


def _policy(**statement: Any) -> str:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": BUCKET, **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in whole.items() if v is not None}]})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "JSON_SYNTAX_ERROR"),
        ("{}", "MISSING_STATEMENT"),
        (_policy().replace("2012-10-17", "2012-10-18"), "INVALID_VERSION"),
        (_policy(Effect="allow"), "INVALID_EFFECT"),
        (_policy(Action=None), "MISSING_ACTION"),
        (_policy(Resource=None), "MISSING_RESOURCE"),
        (_policy(Principal="*"), "UNSUPPORTED_PRINCIPAL"),
        (_policy(Actions=["s3:GetObject"]), "UNSUPPORTED_ELEMENT"),
        (_policy(NotAction="s3:PutObject"), "UNSUPPORTED_ELEMENT_COMBINATION"),
        (_policy(Action="s3:FetchObject"), "INVALID_ACTION"),
        (_policy(Action=["s3:GetObject", "s3:Fetch*"]), "INVALID_ACTION"),
        (_policy(Action="s4:GetObject"), "INVALID_SERVICE_IN_ACTION"),
        (_policy(Action="GetObject"), "INVALID_SERVICE_IN_ACTION"),
        (_policy(Resource="bucket"), "INVALID_ARN_PREFIX"),
        (_policy(Resource="arn:aws:s3:bucket"), "INVALID_ARN_FORMAT"),
        (_policy(Resource="arn:aws:sagemaker:eu-west-1:111122223333:ending/x"), "INVALID_ARN_RESOURCE"),
        (_policy(Resource="arn:aws:sagemaker::111122223333:endpoint/x"), "INVALID_ARN_RESOURCE"),
        (_policy(Condition={"StringIs": {"aws:SourceAccount": "1"}}), "INVALID_CONDITION_OPERATOR"),
        (_policy(Condition={"StringEquals": {"s3:colour": "red"}}), "INVALID_SERVICE_CONDITION_KEY"),
        (_policy(Condition={"StringEquals": {"aws:SourceAcount": "1"}}), "INVALID_GLOBAL_CONDITION_KEY"),
        (_policy(Action="iam:PassRole", Resource="*"), "PASS_ROLE_WITH_STAR_IN_RESOURCE"),
    ],
)
def test_what_iam_refuses_of_an_identitys_policy_is_found(document: str, code: str) -> None:
    assert [finding.code for finding in findings(document, "IDENTITY_POLICY")] == [code]


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (None, "MISSING_PRINCIPAL"),
        ("root", "INVALID_PRINCIPAL_FORMAT"),
        ({"Role": "x"}, "UNSUPPORTED_PRINCIPAL_KEY"),
        ({"AWS": "arn:aws:s3:::bucket"}, "INVALID_ARN_PRINCIPAL"),
        ({"Service": "sagemaker"}, "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    ],
)
def test_what_iam_refuses_of_a_resources_policy_is_found(principal: Any, code: str) -> None:
    assert [finding.code for finding in findings(_policy(Principal=principal), "RESOURCE_POLICY")] == [code]


@pytest.mark.parametrize(
    "document",
    [
        _policy(),
        _policy(Action="s3:Get*", Resource="*"),
        _policy(Action="sagemaker:BatchWriteRecord", Resource="arn:aws:sagemaker:*:*:feature-group/*"),
        _policy(Condition={"ForAllValues:StringNotEqualsIfExists": {"aws:RequestTag/a": "1"}}),
        _policy(Condition={"Null": {"s3:prefix": "true"}}),
        _policy(Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:*"}}),
        _policy(Resource="arn:aws:s3:::${aws:PrincipalAccount}-bucket/*"),
        _policy(Action="iam:PassRole", Resource="*", Condition={"StringEquals": {"iam:PassedToService": "x"}}),
    ],
)  # fmt: skip
def test_what_iam_takes_is_left_alone(document: str) -> None:
    assert findings(document, "IDENTITY_POLICY") == []


def test_findings_say_where(cloud: Cloud) -> None:
    said = cloud.client("accessanalyzer").validate_policy(
        policyDocument=_policy(Action=["s3:GetObject", "s3:FetchObject"]), policyType="IDENTITY_POLICY"
    )
    (finding,) = said["findings"]
    assert (finding["findingType"], finding["issueCode"]) == ("ERROR", "INVALID_ACTION")
    assert finding["locations"][0]["path"] == [
        {"value": "Statement"},
        {"index": 0},
        {"value": "Action"},
        {"index": 1},
    ]


def test_policies_are_simulated_by_the_evaluator_that_judges_calls(cloud: Cloud) -> None:
    secured = {"Bool": {"aws:SecureTransport": "true"}}
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "Resource": BUCKET, "Condition": secured},
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
    ]

    def simulated(secure: str) -> dict[tuple[str, str], str]:
        said = cloud.client("iam").simulate_custom_policy(
            PolicyInputList=[json.dumps({"Version": "2012-10-17", "Statement": statements})],
            ActionNames=["s3:GetObject", "s3:DeleteObject"],
            ResourceArns=["arn:aws:s3:::bucket/key", "arn:aws:s3:::other/key"],
            ContextEntries=[
                {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": [secure], "ContextKeyType": "boolean"}
            ],
        )
        return {
            (one["EvalActionName"], one["EvalResourceName"]): one["EvalDecision"] for one in said["EvaluationResults"]
        }

    assert simulated("true") == {
        ("s3:GetObject", "arn:aws:s3:::bucket/key"): "allowed",
        ("s3:GetObject", "arn:aws:s3:::other/key"): "implicitDeny",
        ("s3:DeleteObject", "arn:aws:s3:::bucket/key"): "explicitDeny",
        ("s3:DeleteObject", "arn:aws:s3:::other/key"): "explicitDeny",
    }
    assert simulated("false")["s3:GetObject", "arn:aws:s3:::bucket/key"] == "implicitDeny"
    with pytest.raises(ClientError, match="Invalid Entry for ActionNames"):
        cloud.client("iam").simulate_custom_policy(PolicyInputList=[_policy()], ActionNames=["s3:*"])


@pytest.fixture
def quotas(cloud: Cloud) -> Iterator[None]:
    path = cloud.settings.folder / "quotas.json"
    path.write_text(json.dumps({"ml.m5.large for endpoint usage": 0}))
    yield
    path.unlink()


@pytest.mark.usefixtures("quotas")
def test_quotas_are_those_that_were_set(cloud: Cloud) -> None:
    client = cloud.client("service-quotas")
    applied, default = (
        {
            quota["QuotaName"]: quota
            for page in client.get_paginator(name).paginate(ServiceCode="sagemaker")
            for quota in page["Quotas"]
        }
        for name in ("list_service_quotas", "list_aws_default_service_quotas")
    )
    quota = applied["ml.m5.large for endpoint usage"]
    assert quota["Value"] == 0
    assert default["ml.m5.large for endpoint usage"]["Value"] > 0
    assert applied["ml.m5.large for training job usage"]["Value"] > 0
    one = client.get_service_quota(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])["Quota"]
    assert (one["QuotaName"], one["Value"]) == ("ml.m5.large for endpoint usage", 0)
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")


def _machine(states: dict[str, Any], start: str = "A") -> str:
    return json.dumps({"StartAt": start, "States": states})


END = {"Type": "Pass", "End": True}
CHOICE = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Gone"}], "Default": "A"}


@pytest.mark.parametrize(
    ("definition", "code", "location"),
    [
        (_machine({"A": END}, "B"), "MISSING_TRANSITION_TARGET", "/StartAt"),
        (_machine({"A": {"Type": "Pass", "Next": "Gone"}}), "MISSING_TRANSITION_TARGET", "/States/A/Next"),
        (_machine({"A": CHOICE}), "MISSING_TRANSITION_TARGET", "/States/A/Choices[0]/Next"),
        (
            _machine({"A": {"Type": "Map", "ItemProcessor": json.loads(_machine({"A": END}, "B")), "End": True}}),
            "MISSING_TRANSITION_TARGET",
            "/States/A/ItemProcessor/StartAt",
        ),
        (_machine({"A": {"Type": "Pass"}}), "SCHEMA_VALIDATION_FAILED", "/States/A"),
        (_machine({"A": END, "B": END}), "MISSING_TRANSITION", "/States/B"),
    ],
)
def test_a_transition_that_leads_nowhere_is_found_and_refused(
    cloud: Cloud, name: str, definition: str, code: str, location: str
) -> None:
    client = cloud.client("stepfunctions")
    said = client.validate_state_machine_definition(definition=definition)
    assert said["result"] == "FAIL"
    assert (code, location) in {(found["code"], found["location"]) for found in said["diagnostics"]}
    role = cloud.role(f"{name}-states", "states.amazonaws.com")
    with pytest.raises(ClientError, match="InvalidDefinition.*" + code):
        client.create_state_machine(name=name, definition=definition, roleArn=role)
