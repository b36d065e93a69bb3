"""What really runs: jobs, pipelines, endpoints, image builds, MLflow."""
