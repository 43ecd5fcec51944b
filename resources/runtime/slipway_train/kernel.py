"""Entry script of the kernel process: `ENVPY kernel.py -f CONNECTION_FILE --launch LAUNCH_FILE`.

Runs in the user's environment, on Python 3.7 and newer. LAUNCH_FILE is JSON:
{"support": dir, "runtime": dir, "sysPath": [dir], "notebook": base name}.

The kernel and the pickler come from the support directory, which stands behind the user's packages, and this
package from the runtime directory behind that: the user's versions win and nothing is written to the
environment.
"""

from __future__ import annotations

import json
import os
import sys


def _end_with_parent() -> None:
    """Linux: the kernel is killed when the runner dies, also where orphans get another parent than process
    1.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


def _main() -> None:
    _end_with_parent()
    at = sys.argv.index("--launch")
    with open(sys.argv[at + 1], encoding="utf-8") as file:
        launch = json.load(file)
    del sys.argv[at : at + 2]
    own = os.path.dirname(os.path.abspath(__file__))
    users = [entry for entry in sys.path if os.path.abspath(entry) != own]
    sys.path[:] = launch["sysPath"] + users + [launch["support"], launch["runtime"]]
    from slipway_train import kernel_main

    kernel_main.start(launch)


_main()
