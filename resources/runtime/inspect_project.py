"""Entry script: a JSON request a line on stdin, a JSON answer a line on stdout (see slipway_inspect.facts)."""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH100, PTH120

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
# First, not last: this script imports nothing of the user's, and a project's own `ast.py` must not reach it.
sys.path[:] = [_HERE] + [entry for entry in sys.path if entry not in ("", _HERE)]

from slipway_inspect.facts import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
