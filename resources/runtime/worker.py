"""Entry script of a worker: `worker.py --bundle DIR --support DIR …` in the user's environment."""

from __future__ import annotations

import sys


def arrange_path(arguments: list[str]) -> None:
    """Put this folder and then the support folder behind the user's packages, to hide none of them."""
    sys.path.append(sys.path.pop(0))
    if "--support" in arguments[:-1]:
        sys.path.append(arguments[arguments.index("--support") + 1])


if __name__ == "__main__":
    # Byte code goes to the folder that was named for it, never into the bundle or the environment.
    sys.dont_write_bytecode = getattr(sys, "pycache_prefix", None) is None
    arrange_path(sys.argv[1:])
    from slipway_worker.main import main

    sys.exit(main(sys.argv[1:]))
