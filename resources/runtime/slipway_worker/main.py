"""The worker from start to end: load, report, serve, drain."""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import logging
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any, Dict

from . import collecting, counted, platform, standby
from .arguments import Arguments, parse
from .control import ControlChannel
from .serving import Serving, StartupFailed

Json = Dict[str, Any]
_IDLE_SECONDS = 10.0
_DRAIN_SECONDS = 5.0


class Reporter:
    """Sends events to the supervisor; without one its way stands in the log, and failures go to standard error."""

    def __init__(self, channel: ControlChannel | None) -> None:
        self.channel = channel
        self._loading = time.monotonic()

    def event(self, name: str, **details: Any) -> None:
        """Report something that happened."""
        if self.channel is not None:
            self.channel.send(name, **details)

    def loading(self) -> None:
        """Report that what is left is the user's: their libraries and their model."""
        self.event("loading")
        self._loading = time.monotonic()
        if self.channel is None:
            print(f"slipway: starting took {platform.age():.2f} s, loading now", flush=True)

    def accepting(self) -> None:
        """Report that requests are answered."""
        self.event("accepting")
        if self.channel is None:
            print(f"slipway: loading took {time.monotonic() - self._loading:.2f} s, answering now", flush=True)

    def failed(self, error: Json) -> int:
        """Report why the model cannot be served; returns the exit code."""
        self.event("failed", error=error)
        print((error.get("traceback") or error["message"]).rstrip(), file=sys.stderr, flush=True)
        return 1


def main(arguments: list[str]) -> int:
    """Serve one model until told to end. 0: drained; 1: the model cannot be served; 2: wrong command line."""
    options = parse(arguments)
    if options.control_fd is None:
        counted.count_lines()  # a supervisor counts by itself
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    listener, control = platform.inherited(options.listen_fd, options.control_fd)
    if control is not None:
        platform.die_with_parent()
    else:
        _end_while_loading()
    reporter = Reporter(ControlChannel(control) if control is not None else None)
    try:
        if options.bundle is None and reporter.channel is not None:
            with collecting.seldom():
                options = standby.wait(options, reporter.channel)
    except standby.Unsuited:
        return 0  # the supervisor starts a fresh worker
    try:
        # A probe that asks while the model loads waits for the answer, instead of asking again some time after it.
        listener = listener or _bind(options.host, options.port)
        reporter.loading()
        with collecting.seldom():
            app = _load(options)
        # Before Python 3.10 locks belong to the loop that is current when they are made; user code may have closed it.
        loop = _new_loop()
        serving = Serving(app, listener)
    except BaseException as error:  # also SystemExit of the user's code: a worker never ends without a word
        return reporter.failed(_describe(error))
    modules = standby.named_modules(options.bundle) if options.bundle is not None else []
    return loop.run_until_complete(_serve(serving, app, reporter, modules))


def _end_while_loading() -> None:
    """As process 1 of a container a program without handlers ignores signals, and loading may take minutes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: os._exit(128 + received))


def _load(options: Arguments) -> Any:
    server: Any = importlib.import_module("slipway_server")
    # Whoever starts it with a supervisor asks from the same machine.
    key = server.Key.from_environment() if options.control_fd is None else None
    about = {"model": options.model, "version": options.version, "metrics_dir": options.metrics_dir}
    root_path = server.below.from_environment()
    app = server.ModelApp(options.bundle, key=key, root_path=root_path, **about)
    app.load()
    return app


def _describe(error: BaseException) -> Json:
    """The error as the supervisor and the user see it; a ModelLoadError tells its own code, cell and line."""
    account = {
        "code": "LoadFailed",
        "message": f"{type(error).__name__}: {error}",
        "traceback": traceback.format_exc(),
    }
    for key in ("code", "message", "traceback", "cell", "line"):
        value = getattr(error, key, None)
        if isinstance(value, (str, int)) and hasattr(error, "traceback"):
            account[key] = value  # type: ignore[assignment]
    return account


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # socket.create_server came with Python 3.8.
    sock = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen()
    return sock


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        uvloop: Any = importlib.import_module("uvloop")
        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    except ImportError:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


async def _serve(serving: Serving, app: Any, reporter: Reporter, modules: list[str]) -> int:
    loop = asyncio.get_running_loop()
    orders: asyncio.Queue[Json] = asyncio.Queue()
    try:
        await serving.start()
    except StartupFailed as error:
        return reporter.failed({"code": "StartupFailed", "message": str(error)})
    rss, peak = platform.memory()
    reporter.event("ready", rss=rss, peakRss=peak, modules=modules)
    _on_signals(loop, lambda: orders.put_nowait({"op": "terminate"}))
    if reporter.channel is not None:
        reporter.channel.handle(lambda order: _pass_on(loop, orders, order))
    else:
        orders.put_nowait({"op": "accept"})
    await _obey(serving, app, reporter, orders)
    rss, peak = platform.memory()
    reporter.event("drained", rss=rss, peakRss=peak)
    return 0


async def _obey(serving: Serving, app: Any, reporter: Reporter, orders: asyncio.Queue[Json]) -> None:
    """Do what is asked until the last request is answered."""
    while True:
        order = await orders.get()
        if order.get("op") == "accept":
            serving.accept()
            reporter.accepting()
        elif order.get("op") in ("drain", "terminate"):
            break
    if order["op"] == "terminate" and reporter.channel is None:
        # A load balancer needs a moment to see that this worker is not ready any more.
        app.start_draining()
        await asyncio.sleep(_drain_seconds())
    serving.refuse()
    reporter.event("draining")
    await serving.drain(float(order.get("idleSeconds", _IDLE_SECONDS)))


def _pass_on(loop: asyncio.AbstractEventLoop, orders: asyncio.Queue[Json], order: Json) -> None:
    loop.call_soon_threadsafe(orders.put_nowait, order)


def _drain_seconds() -> float:
    try:
        return max(0.0, float(os.environ.get("SLIPWAY_DRAIN_SECONDS", _DRAIN_SECONDS)))
    except ValueError:
        return _DRAIN_SECONDS


def _on_signals(loop: asyncio.AbstractEventLoop, callback: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))
