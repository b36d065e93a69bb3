"""The real engine, and a stand-in for Go with which builds take no time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.engine import install, pins

# Says what each `go` command says, and writes a program where one is to be built. GO_PAUSE makes builds last.
_GO = """#!/bin/sh
echo "$*" >> "$GO_CALLS"
case "$1" in
version) echo "go version ${GO_VERSION:-go1.26.8} linux/amd64" ;;
env) echo "${GO_TOOLCHAIN:-auto}" ;;
list)
  if [ "$2" = "-m" ]; then echo "$GO_SDK"; exit; fi
  echo "go: downloading example.com/module v1.0.0"; echo one; echo two ;;
build)
  if [ -n "$GO_FAILS" ]; then echo "no route to the module proxy"; exit 1; fi
  while [ "$1" != "-o" ]; do shift; done
  shift
  for name in pulumi headrace; do echo "#!/bin/sh" > "$1$name"; chmod +x "$1$name"; done
  sleep "${GO_PAUSE:-0}" ;;
esac
"""


@pytest.fixture(scope="session")
def engine() -> install.Engine:
    """Return the engine of this machine, built if it is not there yet."""
    return install.install(os.environ)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of a machine with a Go and a Terraform provider, both of them stand-ins."""
    tools = tmp_path / "tools"
    provider = tmp_path / "terraform" / f"terraform-provider-aws_v{pins.TERRAFORM_AWS}_x5"
    sdk = tmp_path / "sdk"
    for folder in (tools, provider.parent, sdk / "python/cmd", sdk / "python/dist"):
        folder.mkdir(parents=True)
    (tools / "go").write_text(_GO)
    (tools / "go").chmod(0o755)
    provider.write_bytes(b"provider")
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        (sdk / "python" / script).write_text("#!/bin/sh\n")
    variables = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HEADRACE_TERRAFORM_AWS_PROVIDER": str(provider.parent),
        "GO_CALLS": str(tmp_path / "calls"),
        "GO_SDK": str(sdk),
    }
    for name in ("TF_PLUGIN_CACHE_DIR", "XDG_DATA_HOME", "PULUMI_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)
