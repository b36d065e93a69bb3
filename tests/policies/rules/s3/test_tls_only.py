import json

import pytest

from tests.policies.buckets import RAW, setting
from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "s3-tls-only"
INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::raw-1234", "arn:aws:s3:::raw-1234/*"],
    "Condition": INSECURE,
}


def policy(*statements: object) -> Declared:
    return setting("BucketPolicy", {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})})


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
        {"Action": ["s3:*"]},
        {"Action": "*"},
        {"Resource": "*"},
        {"Resource": ["arn:aws-cn:s3:::raw-*", "arn:aws-cn:s3:::raw-1234/*"]},
        {"Condition": {"Bool": {"AWS:SecureTransport": ["false"]}}},
        {"Condition": {"BoolIfExists": {"aws:SecureTransport": False}}},
    ],
)
def test_passes_when_everyone_is_denied_without_tls(changed: dict[str, object]) -> None:
    assert judge(RULE, RAW, policy({"Effect": "Allow"}, {**DENY, **changed})).silent


def test_passes_with_a_single_statement_that_is_no_list() -> None:
    assert judge(RULE, RAW, setting("BucketPolicy", {"policy": json.dumps({"Statement": DENY})})).silent


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Effect": "Allow"}, "no statement of raw denies"),
        ({"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}, "no statement of raw denies"),
        ({"Action": "s3:GetObject"}, "no statement of raw denies"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "no statement of raw denies"),
        ({"Condition": {**INSECURE, "StringEquals": {"aws:SourceVpc": "v"}}}, "no statement of raw denies"),
        ({"Condition": {"Bool": {**INSECURE["Bool"], "aws:ViaAWSService": "false"}}}, "no statement of raw denies"),
        ({"Resource": "arn:aws:s3:::raw-1234/*"}, "does not name both the bucket and its objects"),
        ({"Resource": "arn:aws:s3:::raw-1234"}, "does not name both the bucket and its objects"),
        ({"Resource": ["arn:aws:s3:::raw-1234", "arn:aws:s3:::raw-1234/in/*"]}, "does not name both"),
    ],
)
def test_fails_when_a_request_without_tls_gets_through(changed: dict[str, object], reason: str) -> None:
    report = judge(RULE, RAW, policy({**DENY, **changed}))
    assert report.urns == {RAW.urn}
    assert "S3.5" in report.text
    assert reason in report.text
    assert "Remedy: declare aws.s3.BucketPolicy" in report.text


def test_fails_without_a_policy() -> None:
    assert "the stack has no BucketPolicy for it" in judge(RULE, RAW).text


def test_fails_when_the_policy_cannot_be_read() -> None:
    assert "the policy of raw is not JSON" in judge(RULE, RAW, setting("BucketPolicy", {"policy": "{"})).text


def test_unknown_policy_is_an_advisory() -> None:
    report = judge(RULE, RAW, setting("BucketPolicy", {"policy": UNKNOWN}))
    assert not report.violations
    assert "raw (policy)" in report.advisories[0]


def test_unknown_bucket_name_is_an_advisory() -> None:
    nameless = Declared("aws:s3/bucket:Bucket", "raw", {"bucket": UNKNOWN})
    mine = Declared("aws:s3/bucketPolicy:BucketPolicy", "raw", policy(DENY).properties, {"bucket": (nameless,)})
    report = judge(RULE, nameless, mine)
    assert not report.violations
    assert "raw (bucket)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, RAW, setting("BucketPolicy", {"policy": secret(json.dumps({"Statement": [SECRET]}))}))
    assert len(report.violations) == 1
    assert SECRET not in report.text
    assert SECRET not in judge(RULE, RAW, setting("BucketPolicy", {"policy": secret()})).text
