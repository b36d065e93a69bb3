"""From a folder of data to a first workload: what can be read from the data is inferred, the rest is asked."""
