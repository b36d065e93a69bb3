"""What a data scientist says about a workload: the typed description (spec) and the reference workload (flights)."""
