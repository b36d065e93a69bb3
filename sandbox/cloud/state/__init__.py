"""What the local cloud remembers, and the snapshot that survives kill -9."""
