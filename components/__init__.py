"""Reusable ComponentResources, one noun a file. They know nothing of environments or of the workload file."""
