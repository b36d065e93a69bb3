"""Bad weather: what AWS may do to its callers at any time and the local cloud, being one process, never does by itself.

docs/local-cloud.md tells the kinds and where each is documented. `front` stands before every request; `propagation`,
`deliveries` and `capacity` are asked by the parts that hold rights, events and instances. In fair weather none of them
does anything.
"""
