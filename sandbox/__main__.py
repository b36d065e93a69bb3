"""``python -m sandbox``: the engine, the local cloud, and commands run with both."""

from sandbox.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
