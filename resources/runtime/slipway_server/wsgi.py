"""WSGI apps (PEP 3333) in an ASGI server: each request runs in a thread, its answer is streamed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, BinaryIO, Callable, Dict, cast

from .body import Receive, next_part, too_large
from .errors import ClientGone
from .limits import Limits

Send = Callable[[Dict[str, Any]], Awaitable[None]]
_THREADS = 8
_IN_MEMORY = 1 << 20


class WsgiBridge:
    """An ASGI app around a WSGI app. Bodies over 1 MiB wait in a temporary file, bounded by the request limit."""

    def __init__(self, app: Callable[..., Any], limits: Limits) -> None:
        self._app = app
        self._limit = limits.request_bytes
        self._threads = ThreadPoolExecutor(min(_THREADS, limits.concurrency), "wsgi")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            more, size = True, 0
            while more:
                part, more = await next_part(receive)
                size += len(part)
                if size > self._limit:
                    raise too_large(self._limit)
                body.write(part)
            body.seek(0)
            loop = asyncio.get_running_loop()

            def put(message: dict[str, Any]) -> None:
                asyncio.run_coroutine_threadsafe(_forward(send, message), loop).result()

            call = _Call(put)
            environ = environ_of(scope, cast(BinaryIO, body), size)
            with contextlib.suppress(ClientGone):
                await loop.run_in_executor(self._threads, call.run, self._app, environ)


class _Call:
    """One call of the app; `start_response` keeps the head back until the first part of the body, as PEP 3333 says."""

    def __init__(self, put: Callable[[dict[str, Any]], None]) -> None:
        self._put = put
        self._head: dict[str, Any] | None = None
        self._sent = False

    def run(self, app: Callable[..., Any], environ: dict[str, Any]) -> None:
        parts = app(environ, self.start_response)
        try:
            for part in parts:
                if part:
                    self.write(part)
            self._send_head()
            self._put({"type": "http.response.body", "body": b""})
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None and self._sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._head is not None and exc_info is None:
            raise RuntimeError("start_response was called twice")
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._head = {"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": pairs}
        return self.write

    def write(self, part: bytes) -> None:
        self._send_head()
        self._put({"type": "http.response.body", "body": part, "more_body": True})

    def _send_head(self) -> None:
        if self._sent:
            return
        if self._head is None:
            raise RuntimeError("the WSGI app answered without calling start_response")
        self._sent = True
        self._put(self._head)


async def _forward(send: Send, message: dict[str, Any]) -> None:
    await send(message)


def environ_of(scope: Any, body: BinaryIO, size: int) -> dict[str, Any]:
    """The WSGI environ of an ASGI scope and its complete body."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode().decode("latin-1"),
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        environ[key] = f"{environ[key]},{value}" if key in environ and key != "CONTENT_LENGTH" else value
    environ["CONTENT_LENGTH"] = str(size)
    return environ
