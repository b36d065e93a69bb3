"""The real Pulumi engine, found or made."""
