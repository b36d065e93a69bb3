"""Serve the policy pack to the engine; `pulumi preview --policy-pack policies` starts this file."""

import sys
from pathlib import Path

# The engine starts the pack by its folder, so the folder's own name is not importable yet.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.pack import serve

if __name__ == "__main__":
    serve()
