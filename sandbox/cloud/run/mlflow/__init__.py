"""MLflow tracking servers."""
