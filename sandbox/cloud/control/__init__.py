"""What moto lacks, drops or gets wrong: one AWS service a file."""
