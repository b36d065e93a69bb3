"""A local AWS and a way to the real Pulumi engine. Nothing outside this folder knows that it exists."""
