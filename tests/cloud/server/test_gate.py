"""What a page on the web can make its reader's browser send, or anybody without the keys, gets nothing."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import psutil
import pytest
from botocore.awsrequest import AWSRequest

from sandbox.cloud import process
from tests.cloud.local import Cloud
from tests.cloud.server.local import Said, signed

JSON = {"Content-Type": "application/x-amz-json-1.1"}
PROJECT = {
    "name": "shell",
    "source": {"type": "S3", "location": "evil/bundle.zip"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
    "serviceRole": "arn:aws:iam::000000000000:role/builder",
}


def ask(cloud: Cloud, method: str, path: str, headers: dict[str, str], body: str = "") -> Said:
    """Send exactly these headers, which no library would let through."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.settings.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if "Content-Length" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        got = connection.getresponse()
        return Said(got.status, dict(got.headers), got.read().decode())
    finally:
        connection.close()


def create_project(cloud: Cloud, **headers: str) -> Said:
    """CreateProject, signed with the account's own keys, as if a page had them."""
    target = {"X-Amz-Target": "CodeBuild_20161006.CreateProject", **JSON}
    here = f"127.0.0.1:{cloud.settings.port}"
    url = cloud.settings.endpoint_url + "/"
    request = AWSRequest("POST", url, {**target, "Host": headers.get("Host", here)}, json.dumps(PROJECT))
    request = signed(cloud.settings, "codebuild", request)
    return ask(cloud, "POST", "/", {**dict(request.headers.items()), **headers}, json.dumps(PROJECT))


@pytest.fixture(scope="module")
def builder(cloud: Cloud) -> None:
    """The role that the project names, so that nothing but the page itself is wrong with the request."""
    cloud.role("builder", "codebuild.amazonaws.com")


def listed(cloud: Cloud) -> list[str]:
    """The build projects."""
    return list(cloud.client("codebuild").list_projects()["projects"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},  # of a sandboxed frame or a file
        {"Origin": "http://127.0.0.1:1"},  # another program's page on this machine
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},  # rebound to 127.0.0.1
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:{port}.evil.example"},
        {"Host": "0.0.0.0:{port}"},
        {"Host": "000000000000.evil.example:{port}"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},  # a form that posts
    ],
)
@pytest.mark.usefixtures("builder")
def test_a_foreign_page_is_refused_even_with_a_right_signature(cloud: Cloud, headers: dict[str, str]) -> None:
    before = listed(cloud)
    said = create_project(cloud, **{name: value.format(port=cloud.settings.port) for name, value in headers.items()})
    assert said.status == 403
    assert said.text.startswith("Refused: ")
    assert not _cors(said)
    assert listed(cloud) == before


@pytest.mark.usefixtures("builder")
def test_the_local_cloud_s_own_names_are_taken(cloud: Cloud) -> None:
    port = cloud.settings.port
    for headers in (
        {"Host": f"localhost:{port}"},
        {"Host": f"000000000000.localhost:{port}"},  # S3 Control
        {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
    ):
        said = create_project(cloud, **headers)
        assert said.status == 200, said.text
        cloud.client("codebuild").delete_project(name="shell")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:{port}"])
def test_no_preflight_is_answered_and_no_cors_header_sent(cloud: Cloud, origin: str, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    rule = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
    cloud.client("s3").put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    asked = {"Origin": origin.format(port=cloud.settings.port), "Access-Control-Request-Method": "PUT"}
    said = ask(cloud, "OPTIONS", f"/{name}/key", asked)
    assert said.status == 403
    assert not _cors(said)


@pytest.mark.parametrize(
    "path", ["/moto-api/reset", "/moto-api/data.json", "/moto-api/seed?a=1", "/moto-api/", "/moto-api/state-manager/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_moto_s_own_api_is_gone(cloud: Cloud, method: str, path: str, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    assert ask(cloud, method, path, {}).status == 403
    request = signed(cloud.settings, "s3", AWSRequest(method, cloud.settings.endpoint_url + path, {}, ""))
    said = ask(cloud, method, path, dict(request.headers.items()))
    assert said.status >= 400
    assert name in [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize("path", ["/latest/meta-data/iam/security-credentials/", "/latest/api/token", "/favicon.ico"])
def test_no_instance_metadata_is_handed_out(cloud: Cloud, path: str) -> None:
    for method in ("GET", "PUT"):
        request = signed(cloud.settings, "s3", AWSRequest(method, cloud.settings.endpoint_url + path, {}, ""))
        for headers in ({}, dict(request.headers.items())):
            said = ask(cloud, method, path, headers)
            assert said.status == 403 or (headers and not said.text) or "<Code>NoSuch" in said.text, said.text


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({**JSON, "X-Amz-Target": "CodeBuild_20161006.ListProjects"}, "{}", 400, "MissingAuthenticationTokenException"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "Action=ListUsers&Version=2010-05-08",
            403,
            "<Code>MissingAuthenticationToken</Code>",
        ),
        ({}, "", 403, "<Code>AccessDenied</Code>"),
        (
            {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.Scan"},
            "{}",
            400,
            "Missing",
        ),
    ],
)
def test_who_does_not_sign_hears_so_as_from_aws(
    cloud: Cloud, headers: dict[str, str], body: str, status: int, code: str
) -> None:
    said = ask(cloud, "POST", "/", headers, body)
    assert (said.status, code in said.text) == (status, True), said.text


def test_everybody_reads_what_a_bucket_s_policy_gives_to_everybody_and_nothing_else(cloud: Cloud, name: str) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="open/page", Body=b"for all")
    s3.put_object(Bucket=name, Key="closed", Body=b"for some")
    assert ask(cloud, "GET", f"/{name}/open/page", {}).status == 403
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{name}/open/*"}]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    assert ask(cloud, "GET", f"/{name}/open/page", {}).text == "for all"
    for method, path in (
        ("GET", f"/{name}/closed"),
        ("GET", f"/{name}"),
        ("PUT", f"/{name}/open/page"),
        ("DELETE", f"/{name}"),
        ("GET", "/"),
    ):
        said = ask(cloud, method, path, {})
        assert (said.status, "AccessDenied" in said.text) == (403, True), (method, path, said.text)
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    assert ask(cloud, "GET", f"/{name}/open/page", {}).status == 403


def test_everything_listens_on_this_machine_alone(cloud: Cloud) -> None:
    running = psutil.Process(process.status(cloud.settings).pid)
    family: list[Any] = [running, *running.children(recursive=True)]
    listening = [one.laddr for each in family for one in each.net_connections("inet") if one.status == "LISTEN"]
    assert listening == [("127.0.0.1", cloud.settings.port)]
    with socket.socket() as outside, pytest.raises(OSError):
        outside.settimeout(2)
        outside.connect((socket.gethostbyname(socket.gethostname()), cloud.settings.port))
        if outside.getpeername()[0].startswith("127."):  # this machine has no other name for itself
            raise OSError


def _cors(said: Said) -> list[str]:
    return [name for name in said.headers if name.lower().startswith("access-control-")]
