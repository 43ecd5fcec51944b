"""Entry script of the notebook runner: `RUNNERPY train.py`; the request comes on standard input, see
slipway_train.

Standard input stays open: its end, SIGTERM or SIGINT cancels. Exit status 0 done, 1 failed, 130 cancelled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

# Behind the installed packages, as in every entry script: a folder of ours never hides one of theirs.
_RUNTIME = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _RUNTIME] + [str(_RUNTIME)]

from slipway_train import processes, redaction, request, runner  # noqa: E402
from slipway_train.events import Events  # noqa: E402


def main() -> int:
    """Read the request and run it."""
    events = Events()
    # Not sys.stdin: a thread that waits in it would hold its lock when the interpreter ends.
    line, rest_open = _first_line()
    wanted = request.parse(line)
    events.secrets = redaction.values(wanted.secret_names)
    processes.adopt_orphans()
    return asyncio.run(_run(wanted, events, rest_open))


async def _run(wanted: request.Request, events: Events, rest_open: bool) -> int:
    cancelled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(cancelled.set))
    if not rest_open:
        cancelled.set()
    threading.Thread(target=_wait_for_end, args=(loop, cancelled), daemon=True).start()
    code = await runner.run(wanted, _RUNTIME, events, cancelled)
    # Waiting tasks and sockets of a kernel that was killed have nothing left to do and may wait for
    # it forever.
    os._exit(code)


def _first_line() -> tuple[bytes, bool]:
    data = bytearray()
    while b"\n" not in data:
        chunk = os.read(0, 65536)
        if not chunk:
            return bytes(data), False
        data += chunk
    return bytes(data).split(b"\n", 1)[0], True


def _wait_for_end(loop: asyncio.AbstractEventLoop, cancelled: asyncio.Event) -> None:
    while os.read(0, 65536):
        pass
    loop.call_soon_threadsafe(cancelled.set)


if __name__ == "__main__":
    sys.exit(main())
