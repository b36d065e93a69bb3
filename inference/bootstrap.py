"""The bootstrap model: a workload under a manifest and no estimator. It answers the declared prior by that contract."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from inference import artifact
from workloads import folder
from workloads.spec import Workload


@dataclass(frozen=True)
class Bootstrap:
    """What an endpoint is born with.

    Attributes
    ----------
    archive : bytes
        Its ``model.tar.gz``; the same workload gives the same bytes on every machine.
    digest : str
        Of its manifest, in hex.
    """

    archive: bytes
    digest: str


def of(workload: Workload) -> Bootstrap:
    """Pack the bootstrap model of a workload."""
    with tempfile.TemporaryDirectory() as made:
        folder.write(folder.files(workload.folder), Path(made) / artifact.WORKLOAD)
        digest = artifact.write_manifest(Path(made), workload.name)
        return Bootstrap(artifact.archive(Path(made), compressed=False), digest.partition(":")[2])
