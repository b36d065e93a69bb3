"""What a person wrote: settings and workload, and what is wrong with them, without a traceback."""

from __future__ import annotations

import pulumi

from stacks.settings import Settings, SettingsError
from workloads.problems import ProblemsError
from workloads.spec import Workload, load


def read() -> tuple[Settings, Workload]:
    """Read the selected stack's settings and the workload that they name.

    Raises
    ------
    pulumi.RunError
        With everything that is wrong, as Pulumi shows it: the message alone.
    """
    try:
        settings = Settings.from_pulumi()
        return settings, load(settings.workload)
    except (SettingsError, ProblemsError) as error:
        raise pulumi.RunError(str(error)) from error
