"""Stands in for the `docker` program in builds: ``build``, ``tag``, ``login`` and ``push``, acted out on files.

It runs as a process of the build, with the build role's credentials; what it "builds" and whether it is logged in
lies in the build's own folder (HEADRACE_DOCKER), as a build's docker daemon is the build's own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from sandbox.cloud.run.images import store
from sandbox.cloud.run.images.build import build as act_out
from sandbox.cloud.run.images.dockerfile import DockerfileError
from sandbox.cloud.run.images.environments import InstallError
from sandbox.cloud.run.shared.roles import describe_error


class DockerError(Exception):
    """A command cannot be done; the message goes to standard error."""


def _daemon(name: str) -> Path:
    folder = Path(os.environ["HEADRACE_DOCKER"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _read(name: str) -> dict[str, str]:
    path = _daemon(name)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _write(name: str, content: dict[str, str]) -> None:
    _daemon(name).write_text(json.dumps(content), "utf-8")


def _say(line: str) -> None:
    print(line, flush=True)


def build(options: argparse.Namespace) -> None:
    """``docker build [-t NAME]... [-f FILE] [--build-arg NAME=VALUE]... CONTEXT``."""
    context = Path(options.context).resolve()
    path = Path(options.file) if options.file else context / "Dockerfile"
    if not path.is_file():
        raise DockerError(f"failed to read dockerfile: open {path}: no such file or directory")
    given = dict(item.partition("=")[::2] if "=" in item else (item, os.environ.get(item, "")) for item in options.args)
    image = act_out(context, path, given, _say)
    _write("tags.json", _read("tags.json") | dict.fromkeys(options.tags, image.digest))
    _say(f"Successfully built {image.digest}")
    for name in options.tags:
        _say(f"Successfully tagged {name}")


def tag(options: argparse.Namespace) -> None:
    """``docker tag SOURCE TARGET``."""
    tags = _read("tags.json")
    if options.source not in tags:
        raise DockerError(f"No such image: {options.source}")
    _write("tags.json", tags | {options.target: tags[options.source]})


def login(options: argparse.Namespace) -> None:
    """``docker login --username AWS --password-stdin REGISTRY``."""
    password = sys.stdin.read().strip() if options.password_stdin else options.password
    if options.username != "AWS" or not password:
        raise DockerError(f"login to {options.registry}: need --username AWS and the password of `aws ecr "
                          "get-login-password` on standard input")  # fmt: skip
    _write("logins.json", _read("logins.json") | {options.registry: password})
    _say("Login Succeeded")


def push(options: argparse.Namespace) -> None:
    """``docker push NAME``."""
    digest = _read("tags.json").get(options.name)
    image = store.load(digest) if digest else None
    if image is None:
        raise DockerError(f"An image does not exist locally with the tag: {options.name}")
    reference = store.Reference.parse(options.name)
    if reference.registry not in _read("logins.json"):
        raise DockerError(f"no basic auth credentials for {reference.registry}: run docker login first")
    region = reference.registry.split(".")[3] if reference.registry.count(".") >= 3 else None
    try:
        store.push(boto3.client("ecr", region_name=region), image, reference)
    except ClientError as error:
        raise DockerError(f"denied: {describe_error(error)}") from error
    _say(f"{reference.tag}: digest: {image.digest} size: {len(image.manifest)}")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker")
    commands = parser.add_subparsers(required=True, metavar="build | tag | login | push")
    one = commands.add_parser("build")
    one.add_argument("-t", "--tag", dest="tags", action="append", default=[])
    one.add_argument("-f", "--file")
    one.add_argument("--build-arg", dest="args", action="append", default=[])
    one.add_argument("--platform", "--progress", "--provenance", "--sbom", help="accepted, no meaning here")
    one.add_argument("--pull", "--no-cache", action="store_true", help="accepted, no meaning here")
    one.add_argument("context")
    one.set_defaults(do=build)
    two = commands.add_parser("tag")
    two.add_argument("source")
    two.add_argument("target")
    two.set_defaults(do=tag)
    three = commands.add_parser("login")
    three.add_argument("-u", "--username")
    three.add_argument("-p", "--password")
    three.add_argument("--password-stdin", action="store_true")
    three.add_argument("registry")
    three.set_defaults(do=login)
    four = commands.add_parser("push")
    four.add_argument("name")
    four.set_defaults(do=push)
    return parser


def main() -> int:
    """Run one command and return its exit code."""
    options = _arguments().parse_args()
    try:
        options.do(options)
    except (DockerError, DockerfileError, InstallError, store.ImageError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
