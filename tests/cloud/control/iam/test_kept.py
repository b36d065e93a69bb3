"""What authorisation learns of users, roles and queues from what moto keeps."""

from __future__ import annotations

import json

import pytest

from sandbox.cloud.moto import iam, protection
from tests.cloud.control.inside import ACCOUNT, REGION, allow, client, document, role

pytestmark = pytest.mark.usefixtures("_inside")
READ, WRITE = document(allow("s3:GetObject")), document(allow("s3:PutObject"))


def test_a_user_has_its_own_policies_and_those_of_its_groups_alone() -> None:
    users = client("iam")
    arn = users.create_user(UserName="miller")["User"]["Arn"]
    for name, policy in (("of-the-mill", READ), ("of-others", WRITE)):
        users.create_group(GroupName=name)
        users.put_group_policy(GroupName=name, PolicyName="rights", PolicyDocument=policy)
    users.add_user_to_group(GroupName="of-the-mill", UserName="miller")
    assert [json.loads(found) for found in iam.user_policies(arn)] == [json.loads(READ)]
    assert iam.user_policies(f"{arn}-gone") == []


def test_a_key_has_a_secret_as_long_as_it_is_active() -> None:
    users = client("iam")
    users.create_user(UserName="miller")
    made = users.create_access_key(UserName="miller")["AccessKey"]
    assert iam.secret_of(made["AccessKeyId"]) == made["SecretAccessKey"]
    assert iam.secret_of("AKIAGONE") is None
    users.update_access_key(UserName="miller", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert iam.secret_of(made["AccessKeyId"]) is None


def test_a_role_is_found_by_its_name() -> None:
    role("one", allow("s3:GetObject"))
    role("two", allow("s3:PutObject"))
    for name, policy in (("one", READ), ("two", WRITE)):
        found = iam.rights_by_name(name)
        assert found is not None
        assert [json.loads(one) for one in found[1]] == [json.loads(policy)]
    assert iam.rights_by_name("three") is None


def test_a_queue_s_policy_is_text() -> None:
    queues, arn = client("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    queues.create_queue(QueueName="open", Attributes={"Policy": READ})
    queues.create_queue(QueueName="closed")
    assert json.loads(str(protection.queue_policy(ACCOUNT, f"{arn}:open"))) == json.loads(READ)
    assert protection.queue_policy(ACCOUNT, f"{arn}:closed") is None
    assert protection.queue_policy(ACCOUNT, f"{arn}:gone") is None
