"""Loading bundles: each failure has a code; mounted ASGI and WSGI apps answer under our health routes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from server_harness import ServerCase
from slipway_server import ModelApp, ModelLoadError
from slipway_server.loading.mlmodel import read_flavours

GOOD = "def predict(x: list):\n    return x\nexample = [1]\n"


class Failures(ServerCase):
    def fails(self, root: Path, code: str, word: str) -> ModelLoadError:
        app = ModelApp(root, model="m", version="1", metrics_dir=None)
        with self.assertRaises(ModelLoadError) as caught:
            app.load()
        self.assertEqual(caught.exception.code, code, caught.exception.traceback)
        self.assertIn(word, caught.exception.message)
        return caught.exception

    def edit(self, root: Path, **changes: Any) -> None:
        path = root / "artifact/artifact.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    def test_no_bundle(self) -> None:
        self.fails(self.folder / "missing", "ArtifactCorrupt", "bundle.json")

    def test_limits_that_are_none(self) -> None:
        self.fails(self.snapshot(GOOD, limits={"timeoutSeconds": -1}), "ArtifactCorrupt", "timeoutSeconds")

    def test_damaged_pickle(self) -> None:
        root = self.snapshot(GOOD)
        pickled = root / "artifact/snapshot.pkl"
        pickled.write_bytes(pickled.read_bytes()[:20])
        self.fails(root, "ArtifactCorrupt", "Train Again")

    def test_damaged_and_missing_buffers(self) -> None:
        root = self.snapshot(GOOD)
        (root / "artifact/buffers/aa").write_bytes(b"123")
        self.edit(root, buffers=[{"file": "buffers/aa", "size": 3}])
        self.fails(root, "ArtifactCorrupt", "buffers/aa")
        self.edit(root, buffers=[{"file": "buffers/bb", "size": 3}])
        self.fails(root, "ArtifactCorrupt", "bb")

    def test_another_python(self) -> None:
        root = self.snapshot(GOOD)
        self.edit(root, python="3.1")
        self.fails(root, "PythonMismatch", "3.1")

    def test_missing_module(self) -> None:
        source = "def load():\n    import no_such_module\ndef predict(x: list):\n    return x\n"
        error = self.fails(self.snapshot(source), "ModuleMissing", "'no_such_module'")
        self.assertEqual((error.cell, error.line), ("cell-3", 2))

    def test_load_that_raises(self) -> None:
        source = "def load():\n    open('weights.bin')\ndef predict(x: list):\n    return x\n"
        error = self.fails(self.snapshot(source), "LoadFailed", "weights.bin")
        self.assertEqual((error.cell, error.line), ("cell-3", 2))
        self.assertIn("iris.ipynb#cell-3", error.traceback)

    def test_predict_that_fails_on_its_example(self) -> None:
        error = self.fails(
            self.snapshot("def predict(x: list):\n    return x[5]\nexample = [1]\n"), "ExampleFailed", "IndexError"
        )
        self.assertEqual((error.cell, error.line), ("cell-3", 2))
        source = "def predict(x: list):\n    return object()\nexample = [1]\n"
        self.fails(self.snapshot(source), "ExampleFailed", "object")

    def test_secret_that_is_not_set(self) -> None:
        self.fails(self.snapshot(GOOD, secrets=["NO_SUCH_SECRET"]), "SecretMissing", "NO_SUCH_SECRET")

    def test_entries_that_cannot_be_served(self) -> None:
        self.fails(self.bundle({"kind": "magic"}), "EntryUnsupported", "magic")
        entry = {"kind": "modelFile", "path": "project/m.safetensors", "format": "safetensors"}
        root = self.bundle(entry)
        (root / "project/m.safetensors").write_bytes(b"")
        self.fails(root, "EntryUnsupported", "predict")
        self.fails(self.bundle(entry), "ArtifactCorrupt", "m.safetensors")

    def test_mlmodel_without_mlflow(self) -> None:
        root = self.bundle({"kind": "mlmodel", "path": "project/model"})
        (root / "project/model").mkdir()
        text = "flavors:\n  pytorch:\n    model_data: data\n  python_function:\n    env:\n      conda: c\nother: 1\n"
        (root / "project/model/MLmodel").write_text(text)
        self.fails(root, "ModuleMissing", "mlflow")
        self.assertEqual(list(read_flavours(text)), ["pytorch", "python_function"])

    def test_model_of_transformers_without_it(self) -> None:
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            self.addCleanup(os.environ.pop, name, None)
        for task, library in (("fill-mask", "transformers"), ("sentence-embedding", "sentence-transformers")):
            root = self.bundle({"kind": "transformers", "path": "project/model", "task": task})
            self.fails(root, "ArtifactCorrupt", "project/model")
            (root / "project/model").mkdir()
            self.fails(root, "ModuleMissing", library)

    def test_environment_and_working_directory(self) -> None:
        self.addCleanup(os.environ.pop, "SLIPWAY_TEST_VALUE", None)
        source = "import os\ndef predict(x: list):\n    return [os.getcwd(), os.environ['SLIPWAY_TEST_VALUE']]\n"
        root = self.snapshot(source, [1], env={"SLIPWAY_TEST_VALUE": "a"})
        found = self.client(root)("POST", "/invocations", {"inputs": [1]}).json
        self.assertEqual(found, {"predictions": [str(root / "project"), "a"]})


ASGI = """
events = []
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            events.append(message["type"])
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/boom":
        raise RuntimeError("boom")
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-app", b"1")]})
    await send({"type": "http.response.body", "body": body + scope["path"].encode()})
"""
WSGI = """
closed = []
class Parts(list):
    def close(self):
        closed.append(1)
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise RuntimeError("boom")
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("202 Accepted", [("X-App", environ["HTTP_X_IN"])])
    return Parts([environ["PATH_INFO"].encode("latin-1"), b"", body])
"""


class Mounted(ServerCase):
    def mount(self, kind: str, source: str, **more: Any) -> tuple[Any, Any]:
        name = f"mounted_{kind}_{os.getpid()}"
        root = self.bundle({"kind": kind, "app": f"{name}:app"}, **more)
        (root / "project" / f"{name}.py").write_text(source)
        self.addCleanup(sys.modules.pop, name, None)
        call = self.client(root)
        return call, sys.modules[name]

    def test_asgi(self) -> None:
        call, module = self.mount("asgi", ASGI, limits={"requestBytes": 1000})
        reply = call("POST", "/any", b"hi ")
        self.assertEqual((reply.status, reply.headers["x-app"], reply.body), (201, "1", b"hi /any"))
        self.assertEqual(call("GET", "/v2/health/ready").json, {"ready": True})
        self.assertIn('route="app"', call("GET", "/metrics").body.decode())
        self.assertEqual(call("GET", "/boom").json, {"error": "RuntimeError: boom"})
        self.assertIn("RuntimeError: boom", self.errors.getvalue())
        self.assertEqual(call("POST", "/any", b"x" * 2000).status, 413)
        call.app.start_draining()
        self.assertEqual(call("GET", "/any").headers["connection"], "close")
        self.assertEqual(self.lifespan(call), ["lifespan.startup.complete", "lifespan.shutdown.complete"])
        self.assertEqual(module.events, ["lifespan.startup", "lifespan.shutdown"])

    def test_wsgi(self) -> None:
        call, module = self.mount("wsgi", WSGI, limits={"requestBytes": 1000})
        reply = call("POST", "/é", b"hi", {"X-In": "yes"})
        self.assertEqual((reply.status, reply.headers["x-app"], reply.body), (202, "yes", "/éhi".encode()))
        self.assertEqual(module.closed, [1])
        self.assertEqual(call("GET", "/boom").status, 500)
        self.assertEqual(call("POST", "/x", iter([b"x" * 600, b"x" * 600])).status, 413)
        self.assertEqual(self.lifespan(call), ["lifespan.startup.complete", "lifespan.shutdown.complete"])

    def test_lifespan_of_a_model(self) -> None:
        self.assertEqual(self.lifespan(self.serve(GOOD)), ["lifespan.startup.complete", "lifespan.shutdown.complete"])

    def test_an_app_that_is_not_there(self) -> None:
        with self.assertRaises(ModelLoadError) as caught:
            self.client(self.bundle({"kind": "asgi", "app": "no_such_app:app"}))
        self.assertEqual(caught.exception.code, "ModuleMissing")

    def lifespan(self, call: Any) -> list[str]:
        incoming = iter(["lifespan.startup", "lifespan.shutdown"])
        sent: list[str] = []

        async def receive() -> dict[str, str]:
            return {"type": next(incoming)}

        async def send(message: dict[str, str]) -> None:
            sent.append(message["type"])

        run = call.app({"type": "lifespan"}, receive, send)
        call.loop.run_until_complete(asyncio.wait_for(run, 30))
        return sent
