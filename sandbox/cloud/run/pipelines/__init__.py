"""Pipeline executions."""
