"""Rules for SageMaker."""
