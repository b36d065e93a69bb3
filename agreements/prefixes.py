"""Where things lie in the lake's buckets: how their keys begin."""

from __future__ import annotations

RAW = "raw/"
"""In the raw bucket: events, by source."""
BUNDLES = "bundles/"
"""In the artifacts bucket: what images are built from."""
WORKLOADS = "workloads/"
"""In the artifacts bucket: the workloads' files, by name and digest."""
BOOTSTRAPS = "bootstraps/"
"""In the artifacts bucket: what answers before the first model, by the workload's name and the manifest's digest."""
PACKAGES = "packages/"
"""In the artifacts bucket: released models, by package group and execution; write-once."""


def source(name: str) -> str:
    """Return where a source's files are in the raw bucket."""
    return f"{RAW}{name}/"
