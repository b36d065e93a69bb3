"""AWS's own clients get in with the right keys in every way that they sign, and with wrong ones in none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.cloud import credentials
from sandbox.cloud.server import signatures
from sandbox.cloud.server.keys import Key, Keys
from sandbox.cloud.server.refusals import SignatureError, as_aws_says
from tests.cloud.local import REGION, Cloud, allow
from tests.cloud.server.local import Said, send, signed

# A call of each protocol: service, method, the error of an unknown key, the error of a wrong secret
CALLS: list[tuple[str, str, str, str]] = [
    ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ("iam", "list_users", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("sagemaker", "list_models", "UnrecognizedClientException", "InvalidSignatureException"),
    ("dynamodb", "list_tables", "UnrecognizedClientException", "InvalidSignatureException"),
    ("scheduler", "list_schedules", "UnrecognizedClientException", "InvalidSignatureException"),
]

_HALF = "AWS4-HMAC-SHA256 Credential=local/20260101/{}/s3/aws4_request, SignedHeaders=host"


def client(cloud: Cloud, service: str, key: str, secret: str, token: str | None = None, **more: Any) -> Any:
    """A client with keys of its own."""
    return boto3.client(
        service,
        endpoint_url=cloud.settings.endpoint_url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **more),
    )


def code(call: Any, **parameters: Any) -> str:
    """The error that a call ends with."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize(("service", "method", "unknown", "wrong"), CALLS)
def test_only_the_right_keys_get_in(cloud: Cloud, service: str, method: str, unknown: str, wrong: str) -> None:
    getattr(cloud.client(service), method)()
    own = credentials.secret(cloud.settings.folder)
    assert code(getattr(client(cloud, service, "local", "local"), method)) == wrong
    for key in ("test", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"):
        assert code(getattr(client(cloud, service, key, own), method)) == unknown


def test_each_cloud_has_a_secret_of_its_own(cloud: Cloud, tmp_path: Any) -> None:
    other = credentials.secret(tmp_path / "other")
    assert other == credentials.secret(tmp_path / "other")
    assert other != credentials.secret(cloud.settings.folder)
    assert len(other) >= 40


@pytest.fixture
def session(cloud: Cloud, name: str) -> dict[str, str]:
    """A role's session, which may do everything with S3."""
    role = cloud.role(name, "sagemaker.amazonaws.com", allow("s3:*"))
    keys: dict[str, str] = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    return keys


def test_a_session_needs_its_own_secret_and_token(cloud: Cloud, session: dict[str, str], name: str) -> None:
    key, secret, token = session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    client(cloud, "s3", key, secret, token).create_bucket(Bucket=name)
    assert code(client(cloud, "s3", key, secret).list_buckets) == "InvalidAccessKeyId"
    assert code(client(cloud, "s3", key, secret, token[:-1] + "x").list_buckets) == "InvalidToken"
    assert code(client(cloud, "s3", key, "wrong", token).list_buckets) == "SignatureDoesNotMatch"
    own = credentials.secret(cloud.settings.folder)
    assert code(client(cloud, "s3", "local", own, token).list_buckets) == "InvalidToken"


def test_a_user_s_keys_have_the_user_s_rights_until_they_are_switched_off(cloud: Cloud, name: str) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    user = client(cloud, "s3", keys["AccessKeyId"], keys["SecretAccessKey"])
    assert code(user.list_buckets) == "AccessDenied"
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="list", PolicyDocument=policy)
    user.list_buckets()
    assert code(user.create_bucket, Bucket=name) == "AccessDenied"
    wrong = client(cloud, "s3", keys["AccessKeyId"], "wrong")
    assert code(wrong.list_buckets) == "SignatureDoesNotMatch"
    iam.update_access_key(UserName=name, AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert code(user.list_buckets) == "InvalidAccessKeyId"


KEYS = ["plain", "with space+plus", "päth/ümlaut", "a//b", "q?m=1&n#f", "per%20cent", "dots/../x", "(brackets)'!*"]


@pytest.mark.parametrize("key", KEYS)
def test_keys_with_every_kind_of_character_are_signed_alike(cloud: Cloud, name: str, key: str) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key=key, Body=b"x", Metadata={"a-b": "two  spaces", "c": "1"}, ContentType="text/x; q=1")
    assert s3.get_object(Bucket=name, Key=key)["Body"].read() == b"x"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=name, Prefix=key)["Contents"]] == [key]


@pytest.mark.parametrize("key", KEYS[:2])
def test_presigned_urls_work_until_they_are_over(cloud: Cloud, name: str, key: str) -> None:
    own = credentials.secret(cloud.settings.folder)
    s3 = client(cloud, "s3", "local", own, signature_version="s3v4")
    s3.create_bucket(Bucket=name)
    put = s3.generate_presigned_url("put_object", {"Bucket": name, "Key": key}, ExpiresIn=60)
    assert send(AWSRequest("PUT", put, {}, b"by link")).status == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": name, "Key": key}, ExpiresIn=60)
    assert send(AWSRequest("GET", get)).text == "by link"
    other = send(AWSRequest("GET", get.replace(f"{name}/", f"{name}/other")))
    assert (other.status, "SignatureDoesNotMatch" in other.text) == (403, True)
    longer = send(AWSRequest("GET", get.replace("Expires=60", "Expires=6000")))
    assert (longer.status, "SignatureDoesNotMatch" in longer.text) == (403, True)
    old = send(_linked(cloud, f"/{name}/plain", datetime.now(UTC) - timedelta(seconds=61)))
    assert (old.status, "Request has expired" in old.text) == (403, True)
    future = send(_linked(cloud, f"/{name}/plain", datetime.now(UTC) + timedelta(minutes=20)))
    assert (future.status, "not valid yet" in future.text) == (403, True)


def _linked(cloud: Cloud, path: str, at: datetime) -> AWSRequest:
    request = AWSRequest("GET", cloud.settings.endpoint_url + path)
    keys = Credentials("local", credentials.secret(cloud.settings.folder))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: at)
        SigV4QueryAuth(keys, "s3", REGION, expires=60).add_auth(request)
    return request


@pytest.mark.parametrize(
    ("service", "minutes", "status", "said"),
    [
        ("s3", 14, 200, ""),
        ("s3", -14, 200, ""),
        ("s3", 16, 403, "RequestTimeTooSkewed"),
        ("s3", -16, 403, "RequestTimeTooSkewed"),
        ("iam", 4, 200, ""),
        ("iam", 6, 403, "Signature not yet current"),
        ("iam", -6, 403, "Signature expired"),
    ],
)
def test_a_request_is_good_for_some_minutes(cloud: Cloud, service: str, minutes: int, status: int, said: str) -> None:
    got = send(_at(cloud, service, datetime.now(UTC) + timedelta(minutes=minutes)))
    assert (got.status, said in got.text) == (status, True), got.text


def _at(cloud: Cloud, service: str, at: datetime) -> AWSRequest:
    body = "" if service == "s3" else "Action=ListUsers&Version=2010-05-08"
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    request = AWSRequest("POST" if body else "GET", cloud.settings.endpoint_url + "/", headers, body)
    keys = Credentials("local", credentials.secret(cloud.settings.folder))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: at)
        (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, REGION).add_auth(request)
    return request


def test_what_is_changed_on_the_way_is_refused(cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    url = f"{cloud.settings.endpoint_url}/{name}/key"

    def put(**changes: Any) -> Said:
        request = signed(cloud.settings, "s3", AWSRequest("PUT", url, {"x-amz-meta-a": "1"}, b"body"))
        for header, value in changes.get("headers", {}).items():
            del request.headers[header]
            request.headers[header] = value
        request.data = changes.get("body", b"body")
        request.url = changes.get("url", url)
        return send(request)

    assert put().status == 200
    assert "XAmzContentSHA256Mismatch" in put(body=b"evil").text
    assert "SignatureDoesNotMatch" in put(headers={"x-amz-meta-a": "2"}).text
    assert "not signed" in put(headers={"x-amz-meta-b": "2"}).text
    assert "SignatureDoesNotMatch" in put(url=url + "2").text
    assert "SignatureDoesNotMatch" in put(url=url + "?acl").text
    assert "Please use AWS4-HMAC-SHA256" in put(headers={"Authorization": "AWS local:signature"}).text
    assert "AuthorizationHeaderMalformed" in put(headers={"Authorization": _HALF.format(REGION)}).text
    assert cloud.client("s3").get_object(Bucket=name, Key="key")["Body"].read() == b"body"


def test_nobody_acts_with_another_s_rights_by_naming_two_keys(cloud: Cloud, session: dict[str, str], name: str) -> None:
    keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    target = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", cloud.settings.endpoint_url + "/", target, b"{}")
    SigV4Auth(keys, "sagemaker", REGION).add_auth(request)
    assert "AccessDenied" in send(request).text  # of S3 alone has the role any right
    right = request.headers["Authorization"]
    first = right.replace(session["AccessKeyId"], "local").partition(", SignedHeaders")[0]
    for both in (right.replace(" ", f" {first.partition(' ')[2]}, ", 1), f"{right}, {first.partition(' ')[2]}"):
        del request.headers["Authorization"]
        request.headers["Authorization"] = both
        said = send(request)
        assert (said.status, "IncompleteSignatureException" in said.text) == (400, True), said.text
    link = AWSRequest("GET", f"{cloud.settings.endpoint_url}/{name}")
    SigV4QueryAuth(keys, "s3", REGION, expires=60).add_auth(link)
    credential = f"X-Amz-Credential=local%2F{datetime.now(UTC):%Y%m%d}%2F{REGION}%2Fs3%2Faws4_request"
    for both in (f"{link.url}&{credential}", link.url.replace("?", f"?{credential}&")):
        assert "given twice" in send(AWSRequest("GET", both)).text


class OneKey(Keys):
    """A session that ends at a given time, whatever key is asked for."""

    def __init__(self, ends: datetime) -> None:
        self._ends = ends

    def find(self, access_key: str) -> Key:
        """Return the session's key."""
        return Key("secret", "token", self._ends)


def test_a_session_ends() -> None:
    request = AWSRequest("GET", "http://127.0.0.1:4599/")
    S3SigV4Auth(Credentials("ASIAKEY", "secret", "token"), "s3", REGION).add_auth(request)
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/", "PATH_INFO": "/", "HTTP_HOST": "127.0.0.1:4599"}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    now = datetime.now(UTC)
    signatures.check(environ, b"", OneKey(now + timedelta(seconds=1)), now)
    with pytest.raises(SignatureError) as refused:
        signatures.check(environ, b"", OneKey(now - timedelta(seconds=1)), now)
    errors = [as_aws_says(refused.value, *spoken) for spoken in (("s3", "rest-xml"), ("iam", "query"), ("ssm", "json"))]
    assert [error.code for error in errors] == ["ExpiredToken", "ExpiredToken", "ExpiredTokenException"]
