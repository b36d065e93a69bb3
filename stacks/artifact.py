"""A workload's files as what they are uploaded as."""

from __future__ import annotations

from components.workload_files import WorkloadFiles, WorkloadFilesArgs
from inference import bootstrap
from stacks.site import Site
from workloads import folder


def workload_files(site: Site) -> WorkloadFiles:
    """Register the upload of a workload's files, and of what answers before its first model."""
    files, born = folder.files(site.workload.folder), bootstrap.of(site.workload)
    return WorkloadFiles(
        site.part("files"),
        WorkloadFilesArgs(
            bucket=site.platform.lake.artifacts,
            files_key_arn=site.platform.keys.data_arn,
            workload_name=site.workload.name,
            files=files,
            digest=folder.digest(files),
            bootstrap=born.archive,
            bootstrap_digest=born.digest,
        ),
        site.opts,
    )
