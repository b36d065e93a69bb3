"""Rules for CloudWatch log groups."""
