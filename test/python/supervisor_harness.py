"""Real supervisors and workers for the tests: a runtime copy, small ASGI bundles, a protocol client, HTTP load."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).parents[2] / "resources" / "runtime"
PYTHON = os.environ.get("SLIPWAY_TEST_PYTHON")
"""An interpreter that has uvicorn; the tests that start workers need it."""
NEEDS_PYTHON = unittest.skipUnless(PYTHON, "SLIPWAY_TEST_PYTHON names no interpreter with uvicorn")
PATIENCE = 60.0

Json = dict[str, Any]

APP = """
import asyncio, json, os, sys
EXTRA
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/die":
        os.kill(os.getpid(), 9)
    if scope["path"] == "/slow":
        await asyncio.sleep(1.5)
    body = json.dumps({"release": RELEASE, "pid": os.getpid()}).encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first true value of `condition`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not in {seconds:g} s: {what}")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class RequestFailed(Exception):
    """The supervisor answered with an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error


class Client:
    """One connection to a supervisor."""

    def __init__(self, folder: Path, hello: Json | None = None, greet: bool = True) -> None:
        about = json.loads((folder / "supervisor.json").read_text())
        kind, _, address = about["control"].partition(":")
        if kind == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(PATIENCE)
            self.sock.connect(address)
        else:
            host, _, port = address.rpartition(":")
            self.sock = socket.create_connection((host, int(port)), PATIENCE)
        self.file = self.sock.makefile("rb")
        self.events: list[Json] = []
        self.pid = int(about["pid"])
        self._id = 0
        if greet:
            self._greet(about, hello or {})

    def _greet(self, about: Json, hello: Json) -> None:
        try:
            program = {"client": {"pid": os.getpid(), "program": "tests"}, "token": about.get("token")}
            self.request("hello", **{**program, **hello})
        except BaseException:
            self.close()
            raise

    def begin(self, op: str, **arguments: Any) -> int:
        self._id += 1
        self.sock.sendall(json.dumps({"id": self._id, "op": op, **arguments}).encode() + b"\n")
        return self._id

    def read(self) -> Json:
        line = self.file.readline()
        if not line:
            raise ConnectionError("the supervisor closed the connection")
        message: Json = json.loads(line)
        return message

    def request(self, op: str, **arguments: Any) -> Json:
        wanted = self.begin(op, **arguments)
        while True:
            message = self.read()
            if "event" in message:
                self.events.append(message)
            elif message["id"] == wanted:
                if not message["ok"]:
                    raise RequestFailed(message["error"])
                result: Json = message["result"]
                return result

    def close(self) -> None:
        self.file.close()
        self.sock.close()


class SupervisorCase(unittest.TestCase):
    """A home folder of its own; everything that was started in it is gone afterwards."""

    environment: dict[str, str] = {}

    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="slipway-t"))
        self.home = self.root / "home"
        self.home.mkdir()
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.addCleanup(self._kill_all)
        self.runtime = self.root / "runtime"
        shutil.copytree(RUNTIME, self.runtime, ignore=shutil.ignore_patterns("__pycache__"))
        server = os.environ.get("SLIPWAY_TEST_SERVER")
        if server:
            shutil.copytree(server, self.runtime / "slipway_server", dirs_exist_ok=True)
        self.folder = self.home / "models" / "iris"
        self._bundles = 0

    def launch(self, **environment: str) -> None:
        """Start the supervisor as clients do."""
        command = [
            sys.executable,
            str(self.runtime / "supervisor.py"),
            "--home",
            str(self.home),
            "--model",
            "iris",
        ]
        env = {**os.environ, **self.environment, **environment}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def client(self, **hello: Any) -> Client:
        client = Client(self.folder, hello)
        self.addCleanup(client.close)
        return client

    def release(self, extra: str = "", bundle: Json | None = None) -> Json:
        """A bundle whose application answers with its number; `extra` runs at import."""
        self._bundles += 1
        folder = self.root / "bundles" / str(self._bundles)
        (folder / "project").mkdir(parents=True)
        (self.root / "support").mkdir(exist_ok=True)
        app = APP.replace("EXTRA", extra).replace("RELEASE", str(self._bundles))
        (folder / "project" / "app.py").write_text(app)
        base = {"schema": 1, "name": "iris", "entry": {"kind": "asgi", "app": "app:app"}, "python": "3.11"}
        rest = {"workdir": "project", "sysPath": ["project"], "artifact": None, "env": {}, "secrets": []}
        (folder / "bundle.json").write_text(json.dumps({**base, **rest, **(bundle or {})}))
        paths = {"bundle": str(folder), "python": str(PYTHON), "support": str(self.root / "support")}
        about = {
            "createdAt": "2026-01-01T00:00:00Z",
            "createdBy": "me@here",
            "digest": "sha256:0",
            "lock": "sha256:0",
        }
        return {**paths, "runtime": str(self.runtime), **about, "notebook": None, "git": None, "summary": {}}

    def deploy(self, client: Client, extra: str = "", **arguments: Any) -> Json:
        bundle = arguments.pop("bundle", None)
        arguments.setdefault("readyTimeoutSeconds", PATIENCE)
        return client.request("deploy", release=self.release(extra, bundle), **arguments)

    def refused(self, code: str) -> contextlib.AbstractContextManager[Json]:
        """Expects that the supervisor refuses with this code; gives the error."""

        @contextlib.contextmanager
        def expect() -> Iterator[Json]:
            error: Json = {}
            with self.assertRaises(RequestFailed) as caught:
                yield error
            error.update(caught.exception.error)
            self.assertEqual(error["code"], code, error)

        return expect()

    def log(self) -> list[Json]:
        """Every line of the model's log; fails on a gap."""
        lines: list[Json] = []
        for path in sorted((self.folder / "logs").glob("*.jsonl")):
            found = [json.loads(line) for line in path.read_text().splitlines()]
            self.assertEqual(int(path.stem), found[0]["seq"] if found else int(path.stem))
            lines += found
        self.assertEqual([line["seq"] for line in lines], list(range(lines[0]["seq"], lines[0]["seq"] + len(lines))))
        return lines

    def workers(self) -> list[int]:
        """Process ids of the workers whose bundle is in this test's folder."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and str(self.root).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return [pid for pid in found if alive(pid)]

    def _kill_all(self) -> None:
        for _ in range(3):
            for pid in self.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        eventually(lambda: not self.workers(), "every process that the test started is gone")


def get(port: int, path: str = "/", timeout: float = PATIENCE) -> Json:
    """One answer over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer: Json = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


class Load:
    """Threads that send requests until told to stop; half keep their connection, half open one per request."""

    def __init__(self, port: int, threads: int = 8, pause: float = 0.002) -> None:
        self._port = port
        self._pause = pause
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.failures: list[str] = []
        self.answers = 0
        self.pids: dict[int, int] = {}
        self._threads = [threading.Thread(target=self._run, args=(index % 2 == 0,)) for index in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/", headers={} if keep else {"Connection": "close"})
                response = connection.getresponse()
                body = json.loads(response.read())
                with self._lock:
                    self.answers += 1
                    self.pids[body["pid"]] = self.pids.get(body["pid"], 0) + 1
                if response.status != 200:
                    self.failures.append(f"status {response.status}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(f"{'kept' if keep else 'fresh'}: {error!r}")
                connection.close()
            self._stop.wait(self._pause)
        connection.close()
