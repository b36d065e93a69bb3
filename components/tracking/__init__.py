"""Experiment tracking: an MLflow server, and its birth."""

from components.tracking.tracking import Tracking, TrackingArgs

__all__ = ["Tracking", "TrackingArgs"]
