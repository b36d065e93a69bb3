"""What is found on a machine, and what a user reads where it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox.engine import find, install, pins

Machine = dict[str, str]
PROVIDER = f"terraform-provider-aws_v{pins.TERRAFORM_AWS}_x5"


def _put(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_setting_may_name_the_provider_itself(machine: Machine, tmp_path: Path) -> None:
    file = _put(tmp_path / "elsewhere" / PROVIDER)
    assert find.terraform_provider(machine | {find.PROVIDER_SETTING: str(file)}) == file


@pytest.mark.parametrize("layout", [".", "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"])
def test_a_provider_is_found_in_terraforms_plugin_cache(machine: Machine, tmp_path: Path, layout: str) -> None:
    del machine[find.PROVIDER_SETTING]
    file = _put(tmp_path / "plugins" / layout / PROVIDER)
    assert find.terraform_provider(machine | {"TF_PLUGIN_CACHE_DIR": str(tmp_path / "plugins")}) == file


def test_another_version_of_the_provider_is_named_and_not_taken(machine: Machine, tmp_path: Path) -> None:
    other = _put(tmp_path / "old" / "terraform-provider-aws_v5.80.0_x5")
    found = find.terraform_provider(machine | {find.PROVIDER_SETTING: str(other.parent)})
    assert isinstance(found, find.Missing)
    assert f"{other}: another version" in str(found)


def test_every_missing_part_is_told_at_once(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "tools" / "go").unlink()
    environ = machine | {find.PROVIDER_SETTING: str(tmp_path / "nowhere"), "PATH": str(tmp_path / "tools")}
    if any(Path(place, "go").exists() for place in ("/usr/local/go/bin", "/usr/lib/go/bin")):
        environ["PATH"] = str(_put(tmp_path / "old" / "go", "#!/bin/sh\necho go version go1.20.1 linux/amd64\n").parent)
    with pytest.raises(find.MissingPartsError) as raised:
        install.install(environ)
    message = str(raised.value)
    assert message.startswith("2 parts of the engine are missing")
    assert "Go 1.26 or newer" in message
    assert f"Terraform AWS provider {pins.TERRAFORM_AWS}" in message
    assert str(tmp_path / "nowhere") in message
    assert message.count("what to do:") == 2


def test_an_old_go_that_fetches_its_toolchains_is_good_enough(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_VERSION", "go1.22.2")
    assert isinstance(find.go(machine), Path)
    monkeypatch.setenv("GO_TOOLCHAIN", "local")
    refused = find.go(machine)
    assert isinstance(refused, find.Missing)
    assert "is 1.22, older than 1.26" in str(refused)


@pytest.mark.parametrize(("said", "taken"), [("v3.259.0", True), ("v3.300.1", True), ("v3.100.0", False), ("", False)])
def test_an_official_pulumi_is_taken_if_it_is_new_enough(
    machine: Machine, tmp_path: Path, said: str, taken: bool
) -> None:
    pulumi = _put(tmp_path / "official" / "pulumi", f"#!/bin/sh\necho {said}\n")
    _put(tmp_path / "official" / "pulumi-language-python")
    machine["PATH"] = f"{pulumi.parent}:{machine['PATH']}"
    found = find.official_cli(machine, tmp_path / "cache")
    assert (found is not None and found.executable == pulumi) is taken


def test_an_engine_of_ours_on_path_is_not_taken_for_the_official_one(machine: Machine, tmp_path: Path) -> None:
    pulumi = _put(tmp_path / "cache" / "abc" / "bin" / "pulumi", "#!/bin/sh\necho v3.259.0\n")
    _put(pulumi.parent / "pulumi-language-python")
    assert find.official_cli({"PATH": str(pulumi.parent)}, tmp_path / "cache") is None


def test_a_pulumi_without_its_python_host_is_not_taken(machine: Machine, tmp_path: Path) -> None:
    pulumi = _put(tmp_path / "official" / "pulumi", "#!/bin/sh\necho v3.259.0\n")
    assert shutil.which("pulumi", path=str(pulumi.parent))
    assert find.official_cli({"PATH": str(pulumi.parent)}, tmp_path / "cache") is None
