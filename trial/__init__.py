"""A workload tried in seconds: the jobs' own code in one process, without engine, cloud or deployment.

>>> import trial
>>> found = trial.run("flights", "data", start="2013-01-01")  # doctest: +SKIP
>>> found.metrics, found.importance  # doctest: +SKIP
"""

from trial.lake import run as run_on_lake
from trial.running import Gates, Trial, run

__all__ = ["Gates", "Trial", "run", "run_on_lake"]
