"""Which components an environment gets, its settings and its providers. No resources of its own."""
