"""Stands in for the `aws` program in builds, for the one command that an image build needs.

``aws ecr get-login-password [--region REGION]`` asks the local ECR with the build role's credentials.
"""

from __future__ import annotations

import base64
import sys

import boto3
from botocore.exceptions import ClientError

from sandbox.cloud.run.shared.roles import describe_error


def main(words: list[str]) -> int:
    """Run one command and return its exit code."""
    region = None
    if "--region" in words:
        at = words.index("--region")
        region = words[at + 1]
        words = words[:at] + words[at + 2 :]
    if words != ["ecr", "get-login-password"]:
        print(f"aws: the local cloud's builds know only `aws ecr get-login-password`, got {words}", file=sys.stderr)
        return 252
    try:
        answer = boto3.client("ecr", region_name=region).get_authorization_token()
    except ClientError as error:
        print(f"aws: {describe_error(error)}", file=sys.stderr)
        return 254
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    print(token.partition(":")[2])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
