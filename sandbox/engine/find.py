"""Where the parts of an engine may already be on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine import pins

PROVIDER_SETTING = "HEADRACE_TERRAFORM_AWS_PROVIDER"
_PROVIDER_FILE = "terraform-provider-aws_v{}"
_PLUGIN_DOWNLOADS = "https://get.pulumi.com/releases/plugins/"


@dataclass(frozen=True)
class Missing:
    """A part that cannot be had: what, where it was looked for, and what to do."""

    part: str
    looked: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        """Return the paragraph that a user reads."""
        places = "".join(f"\n      - {place}" for place in self.looked)
        return f"{self.part}\n    looked in:{places}\n    what to do: {self.remedy}"


class MissingPartsError(Exception):
    """No engine can be made here; the message names every part that is missing."""

    def __init__(self, missing: list[Missing]) -> None:
        self.missing = missing
        count = "1 part of the engine is" if len(missing) == 1 else f"{len(missing)} parts of the engine are"
        super().__init__(f"{count} missing on this machine:\n" + "\n".join(f"  * {one}" for one in missing))


@dataclass(frozen=True)
class OfficialCli:
    """A `pulumi` that somebody installed, new enough for the SDK that programs here use."""

    executable: Path
    version: str


def official_cli(environ: Mapping[str, str], cache: Path) -> OfficialCli | None:
    """Find the official `pulumi` with its Python language host on PATH; engines of our own below `cache` do not count.

    Parameters
    ----------
    environ : mapping of str to str
        The environment whose PATH is searched.
    cache : Path
        The folder of the engines built here.
    """
    folders = [place for place in environ.get("PATH", "").split(":") if place and not _below(Path(place), cache)]
    search = ":".join(folders)
    found = shutil.which("pulumi", path=search)
    if found is None or shutil.which("pulumi-language-python", path=f"{Path(found).parent}:{search}") is None:
        return None
    said = _output([found, "version"])
    version = re.fullmatch(r"v?(\d+\.\d+\.\d+)\S*", said.strip())
    if version is None or _numbers(version[1]) < _numbers(pins.PULUMI):
        return None
    return OfficialCli(Path(found), version[1])


def terraform_provider(environ: Mapping[str, str]) -> Path | Missing:
    """Find the Terraform AWS provider's binary, in the setting's place if there is one, else where Terraform looks."""
    chosen = environ.get(PROVIDER_SETTING)
    places = [Path(chosen).expanduser()] if chosen else list(_provider_places(environ))
    for place in places:
        for candidate in _providers_in(place, pins.TERRAFORM_AWS + "*"):
            return candidate.resolve()
    looked = [f"{place} (from {PROVIDER_SETTING})" if chosen else str(place) for place in places]
    if not chosen:
        looked.append("/opt/*/hashicorp/aws and /opt/*/*/hashicorp/aws")
    looked += [f"{other}: another version" for place in places for other in _providers_in(place, "*")]
    name = _PROVIDER_FILE.format(pins.TERRAFORM_AWS)
    return Missing(
        part=f"Terraform AWS provider {pins.TERRAFORM_AWS}, the file {name} or {name}_x5",
        looked=tuple(looked),
        remedy=f"set {PROVIDER_SETTING} to the file or to a folder that holds it; where a Terraform registry answers, "
        f"`terraform init` with TF_PLUGIN_CACHE_DIR=~/.terraform.d/plugins and the required provider hashicorp/aws "
        f"= {pins.TERRAFORM_AWS} fetches it",
    )


def installed_plugin(environ: Mapping[str, str]) -> Path | None:
    """Find the official AWS plug-in in the user's own Pulumi home."""
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folder = home / "plugins" / f"resource-aws-v{pins.AWS_PLUGIN}"
    return folder if (folder / "pulumi-resource-aws").is_file() else None


def plugin_downloads() -> Missing | None:
    """Tell whether the official AWS plug-in can be downloaded; None means that it can."""
    try:
        request = urllib.request.Request(_PLUGIN_DOWNLOADS, method="HEAD")
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError:
        return None  # somebody answers there; the folder itself has no listing
    except OSError as error:
        return Missing(
            part=f"Pulumi's AWS plug-in {pins.AWS_PLUGIN} (in place of the Terraform provider)",
            looked=("~/.pulumi/plugins, or PULUMI_HOME/plugins", f"{_PLUGIN_DOWNLOADS} ({error})"),
            remedy=f"on a machine with internet: `pulumi plugin install resource aws {pins.AWS_PLUGIN}`; "
            "either this or the Terraform provider is enough",
        )
    return None


def go(environ: Mapping[str, str]) -> Path | Missing:
    """Find a Go that can build the engine."""
    search = f"{environ.get('PATH', '')}:/usr/local/go/bin:/usr/lib/go/bin"
    wanted = ".".join(map(str, pins.GO))
    looked = ["PATH", "/usr/local/go/bin", "/usr/lib/go/bin"]
    found = shutil.which("go", path=search)
    if found is not None:
        version = re.search(r"go(\d+)\.(\d+)", _output([found, "version"]))
        have = (int(version[1]), int(version[2])) if version else (0, 0)
        fetches = _output([found, "env", "GOTOOLCHAIN"]).strip() != "local"
        if have >= pins.GO or (fetches and have >= pins.GO_WITH_TOOLCHAINS):
            return Path(found)
        looked[0] = f"PATH: {found} is {have[0]}.{have[1]}, older than {wanted}"
    return Missing(
        part=f"Go {wanted} or newer, to build the engine",
        looked=tuple(looked),
        remedy=f"install Go {wanted} (go.dev/doc/install, or your package manager) and put it on PATH; or install the "
        f"official pulumi {pins.PULUMI} or newer (pulumi.com/docs/install), for which nothing is built but the AWS "
        "bridge",
    )


def _provider_places(environ: Mapping[str, str]) -> Iterator[Path]:
    if cache := environ.get("TF_PLUGIN_CACHE_DIR"):
        yield Path(cache).expanduser()
    data = environ.get("XDG_DATA_HOME")
    yield Path.home() / ".terraform.d/plugins"
    yield (Path(data) if data else Path.home() / ".local/share") / "terraform/plugins"
    yield Path("/usr/local/share/terraform/plugins")
    yield Path("/usr/share/terraform/plugins")
    # Add-on software that follows no Terraform convention but its folder names.
    for pattern in ("*/hashicorp", "*/*/hashicorp"):
        for found in sorted(Path("/opt").glob(pattern)):
            yield found.parent


def _providers_in(place: Path, version: str) -> Iterator[Path]:
    """Yield the providers of a version (a pattern) in a folder laid out as Terraform does, or the file itself."""
    name = _PROVIDER_FILE.format(version)
    if place.is_file():
        if place.match(name):
            yield place
        return
    for folders in ("", "*/*/", "hashicorp/aws/*/*/", "*/hashicorp/aws/*/*/"):
        yield from (found for found in sorted(place.glob(folders + name)) if found.is_file())


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
