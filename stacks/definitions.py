"""The training pipeline's definition, made once for the same workload, code and settings.

Importing the sagemaker SDK takes 3 processor seconds beside a preview's 8 (medians of four pairs, November 2026), and
what it writes depends on nothing but its arguments and its version. So what was written is kept in the user's cache
folder, under the digest of those.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import logging
from importlib.metadata import version
from pathlib import Path

import pulumi

from machine.files import cache_folder, whole
from training.pipeline import definition
from training.pipeline_settings import PipelineSettings
from workloads.spec import Workload

_SDK = ("sagemaker-core", "sagemaker-mlops")


async def pipeline_definition(workload: Workload, settings: PipelineSettings[str]) -> str:
    """Return the definition, without holding up whatever else is being registered."""
    kept = cache_folder("definitions") / f"{_digest(workload, settings)}.json"
    with contextlib.suppress(OSError):
        return kept.read_text(encoding="utf-8")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # the SDK's import makes every logger speak
    text = await asyncio.to_thread(definition, workload, settings)
    _keep(kept, text)
    return text


def awaited(settings: PipelineSettings[pulumi.Output[str]]) -> pulumi.Output[PipelineSettings[str]]:
    """Return the settings once everything in them is known."""
    values = {one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)}
    return pulumi.Output.all(**values).apply(lambda known: PipelineSettings(**known))


def _digest(workload: Workload, settings: PipelineSettings[str]) -> str:
    # The settings hold the digest of the bundle, and with it that of the code that writes the definition.
    parts = [{name: version(name) for name in _SDK}, workload.model_dump(mode="json"), dataclasses.asdict(settings)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _keep(file: Path, text: str) -> None:
    with contextlib.suppress(OSError), whole(file) as unfinished:  # without a cache it takes longer, that is all
        unfinished.write_text(text, encoding="utf-8")
