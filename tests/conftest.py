"""What holds for every test."""

from __future__ import annotations

import os

# Also where the tests are killed: no local cloud that they started outlives them.
os.environ["HEADRACE_ENDS_WITH"] = str(os.getpid())
