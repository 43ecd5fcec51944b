"""The key that requests must bring."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from server_harness import Client, ServerCase, infer, tensor
from slipway_server import Key, ModelApp, ModelLoadError

SUM = """
def predict(rows: list):
    return [float(sum(row)) for row in rows]
example = [[1.0, 2.0], [3.0, 4.0]]
"""
OPEN = ("/v2/health/live", "/v2/health/ready", "/metrics")
APP = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class AskedForAKey(ServerCase):
    def guarded(self, key: Key, root: Path | None = None, root_path: str = "") -> Client:
        about = {"model": "m", "version": "3", "metrics_dir": None, "root_path": root_path}
        app = ModelApp(root or self.snapshot(SUM), key=key, **about)  # type: ignore[arg-type]
        self.addCleanup(app.close)
        app.load()
        client = Client(app)
        self.addCleanup(client.close)
        return client

    def test_nobody_predicts_or_reads_metadata_without_it(self) -> None:
        call = self.guarded(Key("secret"))
        paths = ["/", "/docs", "/openapi.json", "/v2", "/v2/models", "/v2/models/m", "/v2/models/m/ready", "/nothing"]
        for path in [*paths, "/v2/health/ready/"]:
            reply = call("GET", path)
            self.assertEqual((reply.status, reply.headers["www-authenticate"]), (401, "Bearer"), path)
        self.assertEqual(infer(call, tensor("rows", "FP64", [1, 2], [1, 2])).status, 401)
        self.assertEqual(call("POST", "/invocations", {"inputs": [[1, 2]]}).status, 401)

    def test_with_it_everything_is_as_without_one(self) -> None:
        call = self.guarded(Key("secret"))
        reply = call("POST", "/invocations", {"inputs": [[1, 2]]}, bearer("secret"))
        self.assertEqual((reply.status, reply.json["predictions"]), (200, [3.0]))
        self.assertEqual(call("GET", "/v2/models/m", headers={"authorization": "bearer  secret "}).status, 200)
        self.assertEqual(call("GET", "/nothing", headers=bearer("secret")).status, 404)

    def test_what_is_nearly_it_is_refused(self) -> None:
        call = self.guarded(Key("secret"))
        for header in ("Bearer secre", "Bearer secret1", "Bearer SECRET", "Basic secret", "secret", "Bearer", ""):
            self.assertEqual(call("GET", "/v2", headers={"Authorization": header}).status, 401, header)

    def test_health_and_metrics_and_options_are_open(self) -> None:
        call = self.guarded(Key("secret"))
        for path in OPEN:
            self.assertEqual(call("GET", path).status, 200, path)
        self.assertEqual(call("OPTIONS", "/invocations").status, 204)

    def test_a_large_body_without_it_is_answered_not_cut_off(self) -> None:
        call = self.guarded(Key("secret"))
        reply = call("POST", "/invocations", iter([b"x" * 65536] * 20))
        self.assertEqual((reply.status, reply.headers["connection"]), (401, "close"))

    def test_it_is_in_no_log(self) -> None:
        call = self.guarded(Key("s3cr3t-key"))
        call("GET", "/v2", headers=bearer("s3cr3t-key"))
        call("GET", "/v2", headers=bearer("wr0ng-key"))
        call.app.close()
        for text in (self.errors.getvalue(), self.output.getvalue()):
            self.assertNotIn("s3cr3t", text)
            self.assertNotIn("wr0ng", text)
        self.assertIn("GET /v2 401", self.output.getvalue() + self.errors.getvalue())

    def test_below_a_path_it_is_asked_for_as_it_is_at_the_root(self) -> None:
        call = self.guarded(Key("secret"), root_path="/team/iris")
        for path in ("/v2", "/team/iris/v2", "/team/iris", "/team/iris/docs"):
            self.assertEqual(call("GET", path).status, 401, path)
            self.assertEqual(call("GET", path, headers=bearer("secret")).status, 200, path)
        for path in ("/v2/health/ready", "/team/iris/v2/health/ready", "/team/iris/metrics"):
            self.assertEqual(call("GET", path).status, 200, path)
        self.assertEqual(call("GET", "/team/irises/v2", headers=bearer("secret")).status, 404)
        page = call("GET", "/team/iris/docs", headers=bearer("secret")).body.decode()
        self.assertIn('data-path="/team/iris/invocations"', page)
        described = call("GET", "/openapi.json", headers=bearer("secret")).json
        self.assertEqual(described["servers"], [{"url": "/team/iris"}])

    def test_an_app_of_the_users_is_guarded_too(self) -> None:
        root = self.bundle({"kind": "wsgi", "app": "served:app"})
        (root / "project" / "served.py").write_text(APP)
        self.addCleanup(sys.modules.pop, "served", None)
        call = self.guarded(Key("secret"), root)
        self.assertEqual(call("GET", "/anything").status, 401)
        self.assertEqual(call("GET", "/anything", headers=bearer("secret")).body, b"hello")
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        call.loop.run_until_complete(call.app({"type": "websocket", "path": "/", "headers": []}, receive, send))
        self.assertEqual(sent, [{"type": "websocket.close", "code": 1008}])


class Configured(ServerCase):
    def status(self, key: Key, given: str) -> int:
        scope = {"path": "/v2", "method": "GET", "headers": [(b"authorization", f"Bearer {given}".encode())]}
        try:
            key.check(scope)
        except Exception as error:
            return int(error.status)  # type: ignore[attr-defined]
        return 200

    def configured(self, **variables: str) -> Key:
        with mock.patch.dict(os.environ, variables):
            key = Key.from_environment()
            self.assertNotIn("SLIPWAY_API_KEY", os.environ)
        return key

    def test_without_one_everybody_may_ask(self) -> None:
        self.assertEqual(self.status(self.configured(), "whatever"), 200)

    def test_one_in_the_environment_is_taken_out_of_it(self) -> None:
        key = self.configured(SLIPWAY_API_KEY="abc")
        self.assertEqual((self.status(key, "abc"), self.status(key, "abd")), (200, 401))

    def test_one_in_a_file_changes_with_the_file(self) -> None:
        file = self.folder / "key"
        file.write_text("first\n")
        key = self.configured(SLIPWAY_API_KEY_FILE=str(file))
        with mock.patch("slipway_server.key._LOOK_SECONDS", 0.0):
            self.assertEqual((self.status(key, "first"), self.status(key, "second")), (200, 401))
            (self.folder / "next").write_text("second")
            (self.folder / "next").rename(file)
            self.assertEqual((self.status(key, "first"), self.status(key, "second")), (401, 200))
            file.unlink()
            self.assertEqual((self.status(key, ""), self.status(key, "second")), (401, 200))
            file.write_text("")
            self.assertEqual((self.status(key, ""), self.status(key, "second")), (401, 200))

    def test_a_key_that_is_not_there_stops_the_model(self) -> None:
        empty = self.folder / "empty"
        empty.write_text("\n")
        for variables in (
            {"SLIPWAY_API_KEY_FILE": str(self.folder / "missing")},
            {"SLIPWAY_API_KEY_FILE": str(empty)},
            {"SLIPWAY_API_KEY": ""},
        ):
            with self.assertRaises(ModelLoadError) as caught:
                self.configured(**variables)
            self.assertEqual(caught.exception.code, "KeyMissing")
