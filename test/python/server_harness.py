"""Bundles made in temporary folders and an ASGI client that needs no network, for the tests of slipway_server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import itertools
import json
import os
import pickle
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "resources/runtime"))

from slipway_server import ModelApp

_NUMBERS = itertools.count()
CELL = "iris.ipynb#cell-3"


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls an ASGI app on a loop of its own."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()

    def close(self) -> None:
        self.loop.close()

    def __call__(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        return self.loop.run_until_complete(self.send(method, path, body, headers))

    async def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """`body`: bytes, an iterable of parts (None = the client leaves), or a JSON value."""
        if body is None or isinstance(body, (bytes, bytearray)):
            parts = iter([body or b""])
        elif isinstance(body, (dict, list, str)):
            parts = iter([json.dumps(body).encode()])
        else:
            parts = iter(body)
        sent: list[dict[str, Any]] = []
        ended = False

        async def receive() -> dict[str, Any]:
            nonlocal ended
            part = next(parts, b"") if not ended else None
            if part is None:
                return {"type": "http.disconnect"}
            if not hasattr(body, "__next__"):
                ended = True
                return {"type": "http.request", "body": part, "more_body": False}
            ended = part == b""
            return {"type": "http.request", "body": part, "more_body": not ended}

        async def collect(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        await self.app(scope, receive, collect)
        if not sent:
            return Reply(0, {}, b"")
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], head, b"".join(part.get("body", b"") for part in sent[1:]))


class ServerCase(unittest.TestCase):
    """Makes bundles that are gone afterwards; working directory, sys.path and environment are restored."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name).resolve()
        self.addCleanup(os.chdir, Path.cwd())
        self.addCleanup(sys.path.__setitem__, slice(None), list(sys.path))
        self.errors = io.StringIO()
        self.output = io.StringIO()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(contextlib.redirect_stderr(self.errors))
        stack.enter_context(contextlib.redirect_stdout(self.output))

    def bundle(self, entry: dict[str, Any] | None = None, **more: Any) -> Path:
        """A bundle folder without an artifact."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        (root / "project").mkdir()
        described = {
            "schema": 1, "name": "m", "entry": entry or {"kind": "snapshot"}, "python": "3", "workdir": "project",
            "sysPath": ["project"], "artifact": None, "env": {}, "secrets": [], **more,
        }  # fmt: skip
        (root / "bundle.json").write_text(json.dumps(described))
        return root

    def snapshot(self, source: str, example: Any = None, by_value: bool = False, **more: Any) -> Path:
        """A bundle of a snapshot whose functions are those of `source`, compiled as a notebook cell. Functions are
        pickled by reference to a module of the project, or by value with cloudpickle as the trainer does."""
        root = self.bundle(artifact="artifact", **more)
        module = f"cells_{os.getpid()}_{next(_NUMBERS)}"
        code = f"exec(compile({textwrap.dedent(source)!r}, {CELL!r}, 'exec'))\n"
        (root / "project" / f"{module}.py").write_text(code)
        sys.path.insert(0, str(root / "project"))
        importlib.invalidate_caches()
        loaded = importlib.import_module(module)
        self.addCleanup(sys.modules.pop, module, None)
        example = loaded.example if example is None and hasattr(loaded, "example") else example
        content = {"predict": loaded.predict, "load": getattr(loaded, "load", None), "example": example}
        artifact = root / "artifact"
        artifact.mkdir()
        buffers: list[pickle.PickleBuffer] = []
        (artifact / "snapshot.pkl").write_bytes(_dump(content, loaded, buffers, by_value))
        described = {
            "schema": 1, "python": f"{sys.version_info[0]}.{sys.version_info[1]}", "pickle": "snapshot.pkl",
            "buffers": _write_buffers(artifact, buffers), "callables": ["predict"], "signature": None, "example": None,
        }  # fmt: skip
        (artifact / "artifact.json").write_text(json.dumps(described))
        return root

    def app(self, root: Path, metrics: Path | None = None) -> ModelApp:
        app = ModelApp(root, model="m", version="3", metrics_dir=metrics)
        self.addCleanup(app.close)
        app.load()
        return app

    def client(self, root: Path) -> Client:
        client = Client(self.app(root))
        self.addCleanup(client.close)
        return client

    def serve(self, source: str, example: Any = None, **more: Any) -> Client:
        return self.client(self.snapshot(source, example, **more))


def tensor(name: str, datatype: str, shape: list[int], data: Any) -> dict[str, Any]:
    """One JSON tensor."""
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def infer(client: Client, *inputs: dict[str, Any], **more: Any) -> Reply:
    """POST …/infer with these inputs."""
    return client("POST", "/v2/models/m/infer", {"inputs": list(inputs), **more})


def _dump(content: Any, module: Any, buffers: list[pickle.PickleBuffer], by_value: bool) -> bytes:
    if not by_value:
        return pickle.dumps(content, protocol=5, buffer_callback=buffers.append)
    cloudpickle = importlib.import_module("cloudpickle")
    cloudpickle.register_pickle_by_value(module)
    try:
        found: bytes = cloudpickle.dumps(content, protocol=5, buffer_callback=buffers.append)
        return found
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _write_buffers(artifact: Path, buffers: list[pickle.PickleBuffer]) -> list[dict[str, Any]]:
    import hashlib

    (artifact / "buffers").mkdir()
    described = []
    for buffer in buffers:
        raw = buffer.raw().tobytes()
        name = f"buffers/{hashlib.sha256(raw).hexdigest()}"
        (artifact / name).write_bytes(raw)
        described.append({"file": name, "size": len(raw)})
    return described
