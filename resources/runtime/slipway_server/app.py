"""The ASGI app of one model (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from . import below, mounted
from .accesslog import AccessLog
from .answers import Answer, error_answer
from .body import Receive, discard, read_body
from .direct import Direct
from .errors import ClientGone, HttpError, ModelLoadError, traceback_of
from .key import Key
from .loading import Bundle, MountedApp, load
from .metrics import IN_FLIGHT, Metrics
from .mounted import Send
from .pool import Pool
from .routes import Route, common_routes, model_routes, not_allowed, not_found
from .service import Service

_CLOSE = (b"connection", b"close")
_CLIENT_GONE = 499


class ModelApp:
    """Serves one bundle. `load()` first, then `await app(scope, receive, send)`; `in_flight` counts open requests."""

    def __init__(
        self,
        bundle: Path,
        *,
        model: str,
        version: str,
        metrics_dir: Path | None,
        key: Key | None = None,
        root_path: str = "",
    ) -> None:
        self.in_flight = 0
        self._root = root_path
        self._key = key or Key()
        self._folder = bundle
        self._name = model
        self._version = version
        self._metrics = Metrics(metrics_dir)
        self._log = AccessLog()
        self._loaded = False
        self._draining = False
        self._mounted: mounted.Mount | None = None
        self._pool: Pool | None = None
        self.direct: Direct | None = None
        """Set by `load` for a model that predicts."""
        self._limit = 0
        self._routes = common_routes(self._is_live, self._is_ready, self._render_metrics)

    def load(self) -> None:
        """Blocking, once, in the main thread: sets cwd, sys.path and environment, loads the entry and predicts the
        input example. ModelLoadError when the model cannot answer."""
        started = time.perf_counter()
        try:
            bundle = Bundle.read(self._folder)
            bundle.enter()
            found = load(bundle)
        except ModelLoadError:
            raise
        except Exception as error:
            message = f"The model could not be loaded: {type(error).__name__}: {error}"
            raise ModelLoadError("LoadFailed", message, traceback_of(error)) from error
        limits = bundle.limits
        self._limit = limits.request_bytes
        if isinstance(found, MountedApp):
            self._mounted = mounted.Mount(found, limits)
        else:
            self._pool = Pool(limits.threads, limits.concurrency, limits.timeout_seconds)
            self.direct = Direct(self._pool, self._find, self._count_direct, self._add_in_flight)
            service = Service(found, self._name, self._version)
            self._routes.update(model_routes(service, self._name, self._version, self._is_ready, self._root))
        self._loaded = True
        self._metrics.loaded(time.perf_counter() - started)

    def start_draining(self) -> None:
        """From now on readiness is false and every answer closes its connection."""
        self._draining = True

    def _end_log(self) -> None:
        if self.direct is not None:
            self.direct.flush()
        self._log.close()

    def close(self) -> None:
        """Writes the rest of the access log and gives up the metrics file."""
        self._end_log()
        self._metrics.close()
        if self._pool is not None:
            self._pool.close()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """One ASGI connection: HTTP, lifespan, or a websocket of a mounted app."""
        scope = below.without(self._root, scope)
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await mounted.lifespan(self._mounted, scope, receive, send, self._end_log)
        elif self._mounted is not None and self._may_ask(scope):
            await self._mounted.app(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        route = self._routes.get(scope["path"])
        if route is not None and route.quiet:
            await self._answer(scope, send, self._quiet(route, scope))
            return
        started = time.perf_counter()
        self._add_in_flight(1)
        status = 500
        try:
            status = await self._counted(route, scope, receive, send)
        finally:
            self._add_in_flight(-1)
            label = route.label if route is not None else "app" if self._mounted else "other"
            self._count(label, scope, status, time.perf_counter() - started)

    def _add_in_flight(self, more: int) -> None:
        self.in_flight += more
        self._metrics.add(IN_FLIGHT, more)

    def _count_direct(self, label: str, scope: Any, status: int, seconds: float) -> None:
        self._count(label, below.without(self._root, scope), status, seconds)

    def _count(self, label: str, scope: Any, status: int, seconds: float) -> None:
        self._metrics.request(label, status, seconds)
        self._log.add(scope["method"], scope["path"], status, seconds)

    def _find(self, scope: Any) -> Route | None:
        """The route of a request that only predicts; None for all else, and where an answer is not as usual."""
        route = self._routes.get(below.without(self._root, scope)["path"])
        if self._draining or route is None or route.work is None or not self._may_ask(scope):
            return None
        return route

    async def _counted(self, route: Route | None, scope: Any, receive: Receive, send: Send) -> int:
        try:
            self._key.check(scope)
            if self._mounted is not None:
                extra = [_CLOSE] if self._draining else []
                return await self._mounted.answer(scope, receive, send, extra, self.in_flight)
            if route is not None and route.work is not None and scope["method"] == "POST":
                answer = await self._predict(route, scope, receive)
            else:
                answer = self._simple(route, scope["method"], scope["path"])
        except HttpError as error:
            if error.status in (401, 413):
                await self._refuse(scope, receive, send, error)
                return error.status
            answer = error_answer(error)
        except ClientGone:
            return _CLIENT_GONE
        await self._answer(scope, send, answer)
        return answer.status

    async def _predict(self, route: Route, scope: Any, receive: Receive) -> Answer:
        headers = dict(scope["headers"])
        body = await read_body(receive, headers, self._limit)
        if self._pool is None:
            raise HttpError(503, "The model is not loaded", ((b"retry-after", b"1"),))
        return await self._pool.run(route.work, body, headers)  # type: ignore[arg-type]

    def _quiet(self, route: Route, scope: Any) -> Answer:
        try:
            self._key.check(scope)
        except HttpError as error:
            return error_answer(error)
        return self._simple(route, scope["method"])

    def _may_ask(self, scope: Any) -> bool:
        try:
            self._key.check(scope)
        except HttpError:
            return False
        return True

    def _simple(self, route: Route | None, method: str, path: str = "") -> Answer:
        """Answers that need neither a body nor the model."""
        try:
            if route is None and path.endswith("/") and path != "/":
                route = self._routes.get(path.rstrip("/"))
            if route is None:
                raise not_found(path, self._name, self._version)
            if method == "OPTIONS":
                return Answer(204, [(b"allow", route.allow)], b"")
            if route.get is None or method not in ("GET", "HEAD"):
                raise not_allowed(method, route)
            return route.get()
        except HttpError as error:
            return error_answer(error)

    async def _answer(self, scope: Any, send: Send, answer: Answer) -> None:
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        if answer.status == 204:
            headers.pop()
        if self._draining:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _refuse(self, scope: Any, receive: Receive, send: Send, error: HttpError) -> None:
        """Answers at once, reads on for a while without keeping anything, then closes the connection."""
        answer = error_answer(error)
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode()), _CLOSE]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        if not any(name == b"expect" for name, _ in scope["headers"]):
            await discard(receive)
        await send({"type": "http.response.body", "body": b""})

    def _is_live(self) -> bool:
        return self._pool is None or not self._pool.stuck

    def _is_ready(self) -> bool:
        return self._loaded and not self._draining and self._is_live()

    def _render_metrics(self) -> Answer:
        if self.direct is not None:
            self.direct.flush()
        label = f'model="{self._name}"'
        head = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        return Answer(200, head, self._metrics.render(label))
