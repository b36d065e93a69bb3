"""Code that runs in jobs (prepare, check, train, evaluate, package, register) and the pipeline's definition."""
