"""Where the local cloud lives: one folder, one port, one account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

BAD, FAIR = "bad", "fair"
DEFAULT_PORT = 4599
LOCAL_ACCOUNT = "000000000000"  # no real account has it


@dataclass(frozen=True)
class Settings:
    """What the local cloud is started with; every field has an environment variable of the same meaning.

    Attributes
    ----------
    folder : Path
        All state: HEADRACE_STATE, by default ``.headrace/cloud`` below the working directory.
    port : int
        HEADRACE_PORT, by default 4599, on 127.0.0.1.
    account, region : str
        HEADRACE_ACCOUNT (by default 000000000000) and AWS_REGION (by default us-east-1).
    cache : Path
        Installed image environments, shared between clones: XDG_CACHE_HOME/headrace.
    weather, seed : str, int
        HEADRACE_WEATHER, ``fair`` or ``bad`` (what AWS may do to its callers: docs/local-cloud.md), and
        HEADRACE_WEATHER_SEED, by default 1: the same seed does the same.
    ends_with : int, optional
        HEADRACE_ENDS_WITH: the process after whose end nobody would stop the local cloud, so that it stops by itself.
    """

    folder: Path
    port: int
    account: str
    region: str
    cache: Path
    weather: str = FAIR
    seed: int = 1
    ends_with: int | None = None

    @property
    def endpoint_url(self) -> str:
        """The address that AWS_ENDPOINT_URL is set to."""
        return f"http://127.0.0.1:{self.port}"


def current() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    ValueError
        Naming the variable and what it may be.
    """
    weather = os.environ.get("HEADRACE_WEATHER") or FAIR
    if weather not in (FAIR, BAD):
        raise ValueError(f"`HEADRACE_WEATHER` must be {FAIR} or {BAD}, got {weather!r}. Unset it for {FAIR}.")
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Settings(
        folder=Path(os.environ.get("HEADRACE_STATE", ".headrace/cloud")).absolute(),
        port=_number("HEADRACE_PORT", "a port number", DEFAULT_PORT),
        account=os.environ.get("HEADRACE_ACCOUNT", LOCAL_ACCOUNT),
        region=os.environ.get("AWS_REGION", "us-east-1"),
        cache=cache_home / "headrace",
        weather=weather,
        seed=_number("HEADRACE_WEATHER_SEED", "a whole number", 1),
        ends_with=_number("HEADRACE_ENDS_WITH", "a process id", 0) or None,
    )


def _number(name: str, what: str, default: int) -> int:
    given = os.environ.get(name) or str(default)
    try:
        return int(given)
    except ValueError as error:
        raise ValueError(f"`{name}` must be {what}, got {given!r}. Unset it for {default}.") from error
