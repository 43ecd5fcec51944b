"""An app that the user wrote, under our health and metrics routes, limits, counters and draining."""

from __future__ import annotations

import sys
from typing import Any, Awaitable, Callable, Dict, List, MutableMapping, Tuple

from .accesslog import write
from .answers import UserCodeError
from .body import Receive, too_large
from .errors import ClientGone, HttpError, cell_of, describe, traceback_of
from .limits import Limits
from .loading import MountedApp

Send = Callable[[Dict[str, Any]], Awaitable[None]]
Headers = List[Tuple[bytes, bytes]]


class Mount:
    """Calls the app for each request; what it answers goes through unchanged but for added headers."""

    def __init__(self, found: MountedApp, limits: Limits) -> None:
        self.app = found.app
        self.wants_lifespan = found.lifespan
        self._limits = limits

    async def answer(self, scope: Any, receive: Receive, send: Send, extra: Headers, in_flight: int) -> int:
        """Runs one request and returns its status. HttpError 413, 500 and 503 while nothing was sent yet."""
        if in_flight > self._limits.concurrency:
            message = f"The app is busy: {in_flight - 1} requests are in progress. Try again later"
            raise HttpError(503, message, ((b"retry-after", b"1"),))
        status = 0

        async def forward(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *extra]} if extra else message
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive, self._limits.request_bytes), forward)
        except (HttpError, ClientGone):
            if status:
                raise RuntimeError("the request ended after its answer had begun") from None
            raise
        except Exception as error:
            write(sys.stderr, traceback_of(error))
            if status:
                raise
            raise _as_http(error) from error
        return status


def _limited(scope: Any, receive: Receive, limit: int) -> Receive:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise too_large(limit)
    seen = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise too_large(limit)
        return message

    return counted


def _as_http(error: Exception) -> HttpError:
    return UserCodeError(describe(error), *cell_of(error))


async def lifespan(mount: Mount | None, scope: Any, receive: Receive, send: Send, at_end: Callable[[], None]) -> None:
    """Forwards lifespan events to an ASGI app; answers them itself for all else and for apps without lifespan."""
    seen: set[str] = set()

    async def observed() -> MutableMapping[str, Any]:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            at_end()
        seen.add(message["type"])
        return message

    async def answered(message: dict[str, Any]) -> None:
        seen.add(message["type"])
        await send(message)

    if mount is not None and mount.wants_lifespan:
        try:
            await mount.app(scope, observed, answered)
        except Exception as error:
            # The specification lets an app refuse lifespan by raising; after its start that is a failure.
            if "lifespan.startup.complete" in seen:
                write(sys.stderr, traceback_of(error))
        if "lifespan.startup.failed" in seen or "lifespan.shutdown.complete" in seen:
            return
    await _own_lifespan(seen, observed, send)


async def _own_lifespan(seen: set[str], receive: Receive, send: Send) -> None:
    if "lifespan.startup.complete" not in seen:
        if "lifespan.startup" not in seen:
            await receive()
        await send({"type": "lifespan.startup.complete"})
    if "lifespan.shutdown" not in seen:
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
