"""Code that runs in jobs (prepare, check, train, score, evaluate, package, ...) and the pipeline's definition."""

import gc

# By default the libraries' million objects are looked over again and again while they load: a third of that time.
gc.set_threshold(100_000, 20, 20)
