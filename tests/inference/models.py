"""Small real models of the flights workload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from inference import plan
from workloads.spec import Workload


def save(workload: Workload, folder: Path) -> str:
    """Fit a tree on the departure's minute (late after noon), write it, and return its digest."""
    how = plan.Plan.of(workload)
    rows = np.zeros((200, len(workload.features)))
    column = workload.feature_names().index("departure_minute")
    rows[:, column] = np.linspace(0, 1439, 200)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(rows, rows[:, column] > 720)
    return plan.save(folder, workload, how, tree)
