"""The endpoint: its birth, what it is served by, and its end."""

from components.endpoint.endpoint import CAPTURE_PREFIX, LONGEST_NAME, Endpoint, EndpointArgs, EndpointMetric
from components.endpoint.policy import ServingPolicy

__all__ = ["CAPTURE_PREFIX", "LONGEST_NAME", "Endpoint", "EndpointArgs", "EndpointMetric", "ServingPolicy"]
