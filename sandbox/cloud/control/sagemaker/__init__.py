"""SageMaker's declared resources."""
