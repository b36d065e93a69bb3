"""Code that runs in jobs (prepare, check, train, score, evaluate, package, ...) and the pipeline's definition."""
