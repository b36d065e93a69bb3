"""What a stack tells, and an environment whose AWS clients are the ones that a test gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from status.environment import Environment

OWN: dict[str, Any] = {
    "workload_digest": "f" * 64,
    "feature_groups": {},
    "model_package_group_name": "flights",
    "pipeline_name": "flights",
    "endpoint_name": "flights",
    "release_state_machine_arn": "release",
    "approver_state_machine_arn": "approver",
    "lease_table": "lease",
    "ledger_table": "ledger",
    "serving_policy_parameter": "/policy",
    "roles": {},
}
TOLD: dict[str, Any] = {
    "region": "us-east-1",
    **{f"{bucket}_bucket": bucket for bucket in ("raw", "curated", "artifacts", "logs")},
    "data_key_arn": "key",
    "database_name": "database",
    "workgroup_name": "workgroup",
    "image_uri": "image@sha256:1",
    "image_digest": "sha256:1",
    "code_digest": "1",
    "mlflow_tracking_server_arn": "server",
    "mlflow_tracking_server_url": "https://server.invalid",
    "alarm_topic_arn": "topic",
    "alarm_subscriptions_pending": [],
    "workloads": {"flights": OWN},
}
"""As `pulumi stack output --json` prints it."""


def environment() -> Environment:
    """Return the environment `local` and its flights."""
    return Environment.told("local", TOLD, "flights")


@dataclass(frozen=True)
class Stubbed(Environment):
    """An environment whose AWS answers what a test says."""

    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client that the test gave."""
        return self.clients[service]


def stubbed(**clients: Any) -> Stubbed:
    """Return the environment with these clients; an underscore in a client's name stands for a hyphen."""
    named = {name.replace("_", "-"): client for name, client in clients.items()}
    return Stubbed("local", environment().outputs, "flights", named)
