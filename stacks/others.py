"""Whether other stacks are deployed beside one: `python -m stacks.others STACK`, before a local cloud is stopped.

Exits with 0 where the stack is alone, else with 1 after saying which ones there are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, and say which others there are."""
    (stack,) = sys.argv[1:] if arguments is None else arguments
    listed = ["pulumi", "stack", "ls", "--json", "--non-interactive"]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"`{' '.join(listed[:3])}` failed, so nothing is stopped:\n{done.stderr.strip()}", file=sys.stderr)
        return 1
    found = others(done.stdout, stack)
    if found:
        print(f"kept       the local cloud runs on: {', '.join(found)} {'is' if len(found) == 1 else 'are'} in it")
    return 1 if found else 0


def others(listed: str, stack: str) -> list[str]:
    """Return the names of other stacks that hold resources, from what `pulumi stack ls --json` prints."""
    return [one["name"] for one in json.loads(listed) if one["name"] != stack and one.get("resourceCount")]


if __name__ == "__main__":
    sys.exit(main())
