"""Which key a topic, a queue, a table or a volume is under, by whichever of its names, and what its service asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.cloud.control.iam import encryption
from sandbox.cloud.control.iam.resource_policies import policy_of
from sandbox.cloud.moto import protection
from sandbox.cloud.state import records
from tests.cloud.control.inside import ACCOUNT, REGION, ROOT, allow, call, client, document

pytestmark = pytest.mark.usefixtures("_inside")
BASE = f"arn:aws:kms:{REGION}:{ACCOUNT}:"


@pytest.fixture
def key(_inside: None) -> str:
    """The ARN of a customer's key with an alias."""
    made = client("kms").create_key(Policy=document(allow("kms:*", Principal={"AWS": ROOT})))["KeyMetadata"]
    client("kms").create_alias(AliasName="alias/ours", TargetKeyId=made["KeyId"])
    return str(made["Arn"])


@pytest.fixture
def of_aws(_inside: None) -> str:
    """The ARN of a key that AWS manages."""
    made = client("kms").create_key()["KeyMetadata"]
    from moto.kms.models import kms_backends

    kms_backends[ACCOUNT][REGION].keys[made["KeyId"]].aliases = ["alias/other", "alias/aws/sns"]
    return str(made["Arn"])


def topic(**attributes: str) -> str:
    return str(client("sns").create_topic(Name="t", Attributes=attributes)["TopicArn"])


def queue(**attributes: str) -> str:
    client("sqs").create_queue(QueueName="q", Attributes=attributes)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"


def table(**specification: Any) -> str:
    client("dynamodb").create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **({"SSESpecification": specification} if specification else {}),
    )
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"


def under(kind: str, key: str | None) -> str:
    """Make something under a key; return its ARN."""
    if kind == "table":
        return table(**({"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {}))
    return {"topic": topic, "queue": queue}[kind](**({"KmsMasterKeyId": key} if key else {}))


@pytest.mark.parametrize("kind", ["topic", "queue", "table"])
def test_the_key_of_what_is_encrypted(kind: str, key: str) -> None:
    assert encryption.key_of(ACCOUNT, under(kind, key)) == key


@pytest.mark.parametrize("kind", ["topic", "queue", "table"])
def test_a_key_is_found_by_its_alias(kind: str, key: str) -> None:
    assert encryption.key_of(ACCOUNT, under(kind, "alias/ours")) == key


@pytest.mark.parametrize("kind", ["topic", "queue", "table"])
@pytest.mark.parametrize("named", [None, "alias/aws/sns", f"{BASE}alias/aws/sns"])
def test_what_is_under_no_key_or_under_aws_s_needs_none(kind: str, named: str | None) -> None:
    assert encryption.key_of(ACCOUNT, under(kind, named)) is None


def test_aws_s_own_key_is_known_by_any_of_its_aliases(of_aws: str) -> None:
    assert encryption.key_of(ACCOUNT, under("topic", of_aws)) is None


def test_a_key_that_is_gone_is_still_the_customer_s() -> None:
    gone = f"{BASE}key/11111111-1111-1111-1111-111111111111"
    assert encryption.key_of(ACCOUNT, under("topic", gone)) == gone


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "t",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:gone",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/gone",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
    ],
)
def test_what_is_not_there_or_knows_no_key_needs_none(arn: str) -> None:
    assert encryption.key_of(ACCOUNT, arn) is None


@pytest.mark.parametrize("name", ["ARN", "ID", "alias/ours", f"{BASE}alias/ours"])
def test_every_name_of_a_key_means_its_arn(name: str, key: str) -> None:
    named = name.replace("ARN", key).replace("ID", key.rpartition("/")[2])
    assert encryption.arn_of(ACCOUNT, REGION, named) == key
    assert encryption.key_arn(call("kms", "DescribeKey"), named) == key


def test_a_key_s_policy(key: str) -> None:
    assert ROOT in str(protection.key_policy(ACCOUNT, key))
    assert protection.key_policy(ACCOUNT, f"{BASE}key/gone") is None
    assert protection.key_policy(ACCOUNT, "arn:aws:kms:::key/gone") is None
    assert policy_of(ACCOUNT, "kms:Decrypt", (key,)) == protection.key_policy(ACCOUNT, key)


def through(service: str) -> dict[str, list[str]]:
    return {"kms:viaservice": [f"{service}.{REGION}.amazonaws.com"], "kms:calleraccount": [ACCOUNT]}


@pytest.mark.parametrize("action", ["Publish", "PublishBatch"])
def test_publishing_reads_the_key_and_makes_a_data_key(action: str, key: str) -> None:
    found = list(encryption.uses(call("sns", action, TopicArn=under("topic", key))))
    assert found == [(what, key, through("sns")) for what in ("kms:Decrypt", "kms:GenerateDataKey")]


def test_only_publishing_uses_a_topic_s_key(key: str) -> None:
    arn = under("topic", key)
    assert list(encryption.uses(call("sns", "Subscribe", TopicArn=arn))) == []
    assert list(encryption.uses(call("sns", "Publish", PhoneNumber="1"))) == []
    assert list(encryption.uses(call("sqs", "Publish", TopicArn=arn))) == []


@pytest.mark.parametrize("named", ["t", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"])
def test_a_table_s_key_is_read(named: str, key: str) -> None:
    under("table", key)
    found = list(encryption.uses(call("dynamodb", "GetItem", TableName=named)))
    assert found == [("kms:Decrypt", key, through("dynamodb"))]
    assert list(encryption.uses(call("dynamodb", "ListTables"))) == []
    assert list(encryption.uses(call("glue", "GetTable", TableName=named))) == []


@pytest.fixture
def configured(key: str) -> Iterator[str]:
    """An endpoint configuration with a key, and one without."""
    kept = {"with": {"KmsKeyId": key}, "without": {}}
    records.table("EndpointConfig").update(kept)
    yield key
    for name in kept:
        records.table("EndpointConfig").pop(name)


@pytest.mark.parametrize(
    ("action", "params", "used"),
    [
        ("CreateTrainingJob", {"ResourceConfig": {"VolumeKmsKeyId": "alias/ours"}}, True),
        ("CreateTrainingJob", {"ResourceConfig": {}}, False),
        ("CreateProcessingJob", {"ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": "alias/ours"}}}, True),
        ("CreateProcessingJob", {}, False),
        ("CreateEndpoint", {"EndpointConfigName": "with"}, True),
        ("UpdateEndpoint", {"EndpointConfigName": "with"}, True),
        ("UpdateEndpoint", {"EndpointConfigName": "without"}, False),
        ("UpdateEndpoint", {"EndpointConfigName": "gone"}, False),
        ("DescribeEndpointConfig", {"EndpointConfigName": "with"}, False),
        ("DescribeTrainingJob", {"ResourceConfig": {"VolumeKmsKeyId": "alias/ours"}}, False),
    ],
)
def test_who_makes_a_volume_looks_at_its_key_and_grants_its_use(
    configured: str, action: str, params: dict[str, Any], used: bool
) -> None:
    found = list(encryption.uses(call("sagemaker", action, **params)))
    granted = {**through("sagemaker"), "kms:grantisforawsresource": ["true"]}
    wanted = [("kms:DescribeKey", configured, through("sagemaker")), ("kms:CreateGrant", configured, granted)]
    assert found == (wanted if used else [])
