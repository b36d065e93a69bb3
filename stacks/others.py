"""Whether other stacks are deployed beside one: `python -m stacks.others STACK`, before a local cloud is stopped.

Exits with 0 where the stack is alone, else with 1 after saying which ones there are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from machine.cli import PulumiError, pulumi


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, and say which others there are."""
    (stack,) = sys.argv[1:] if arguments is None else arguments
    try:
        listed = pulumi("stack", "ls", "--json")
        found = [name for name in others(listed, stack) if holds(pulumi("stack", "export", "--stack", name))]
    except PulumiError as error:
        print(f"`{error.command}` failed, so nothing is stopped:\n{error.said}", file=sys.stderr)
        return 1
    if found:
        print(f"kept       the local cloud runs on: {', '.join(found)} {'is' if len(found) == 1 else 'are'} in it")
    return 1 if found else 0


def holds(exported: str) -> bool:
    """Tell from a stack's state whether it has anything at AWS: an update that was refused leaves only itself."""
    resources = json.loads(exported)["deployment"].get("resources") or ()
    return any(str(one["type"]).startswith("aws:") for one in resources)


def others(listed: str, stack: str) -> list[str]:
    """Return the names of other stacks that hold resources, from what `pulumi stack ls --json` prints."""
    return [one["name"] for one in json.loads(listed) if one["name"] != stack and one.get("resourceCount")]


if __name__ == "__main__":
    sys.exit(main())
