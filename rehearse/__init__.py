"""A rehearsal of a deployment: asks a real account what it would say to this environment, and creates nothing."""
