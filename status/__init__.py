"""What became of each workload of an environment: `make status`, and what the demo tells when something fails."""
