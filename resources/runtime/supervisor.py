"""Entry script of the supervisor. Python 3.9+, standard library only."""

from __future__ import annotations

import sys

sys.dont_write_bytecode = True  # the runtime copy is named by its content: nothing may be added to it

from slipway_supervisor.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
