"""The types of single values in a workload file: each with its rule, in the words that say how it was broken."""

from __future__ import annotations

import difflib
import math
import unicodedata
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from workloads.kinds import FeatureType, LabelType
from workloads.metrics import METRICS

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
# two hyphens in a row are kept for the names of jobs and releases: see training.pipeline_settings.job_prefix
WorkloadName = Annotated[str, StringConstraints(pattern=r"^[a-z](-?[a-z0-9])+$", max_length=22)]
ImportPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]


def _one_line(text: str) -> str:
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise PydanticCustomError("one_line", "be one line without control characters")
    return text


def _known_metric(name: str) -> str:
    if name not in METRICS:
        close = difflib.get_close_matches(name, METRICS, n=1, cutoff=0.5)
        known = f"be a metric, such as {close[0]}" if close else f"be one of {', '.join(METRICS)}"
        raise PydanticCustomError("metric", "{known}", {"known": known})
    return name


def _no_text(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in ("text", "string", "str", "varchar"):
        said = "be integer, number, boolean or category: free text is not taken, write what matters in it as numbers"
        raise PydanticCustomError("free_text", "{said}", {"said": said + " or categories in features.sql"})
    return value


def _amount(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _prior(value: Any) -> Any:
    if not (all(map(_amount, value.values())) if isinstance(value, dict) else _amount(value)):
        raise PydanticCustomError("prior", "be a number, or a number for each category")
    return value


def _weights(value: Any) -> Any:
    by_class = isinstance(value, dict) and bool(value)
    if value not in ("balanced", None) and not (by_class and all(_amount(w) and float(w) > 0 for w in value.values())):
        raise PydanticCustomError("weights", "be `balanced`, or a number above 0 for each class")
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError("zone", "name a time zone of the IANA database") from error
    return name


# AWS keeps these two: with the feature group's record identifier, and with the pipeline
EntityDescription = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_one_line)]
WorkloadDescription = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_one_line)]
Zone = Annotated[str, AfterValidator(_known_zone)]
MetricName = Annotated[
    str, AfterValidator(_known_metric), WithJsonSchema({"type": "string", "enum": list(METRICS), "title": "Metric"})
]
Number = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[Number | None, Number | None]
Prior = Annotated[float | dict[str, float], BeforeValidator(_prior)]
Weights = Annotated[Literal["balanced"] | dict[str, float] | None, BeforeValidator(_weights)]
FeatureKind = Annotated[FeatureType, BeforeValidator(_no_text)]
LabelKind = Annotated[LabelType, BeforeValidator(_no_text)]
TimestampForm = Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "start_of_day", "end_of_day"]
