"""The kinds of columns, of features and of labels."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

ColumnType = Literal["string", "integer", "number", "boolean", "timestamp"]


class FeatureType(StrEnum):
    """Kinds of feature values."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"


class LabelType(StrEnum):
    """Kinds of questions: is it so, which one is it, how much is it."""

    BOOLEAN = "boolean"
    CATEGORY = "category"
    NUMBER = "number"
