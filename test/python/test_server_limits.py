"""What does not fit: bad requests, oversized bodies, overload, stuck predictions, errors of the model's code."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

from server_harness import ServerCase, infer, tensor

LIST = "def predict(x: list):\n    return x\nexample = [[1.0, 2.0]]\n"
PATH = "/v2/models/m/infer"


class BadRequests(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.call = self.serve(LIST)

    def refused(self, body: object, word: str, headers: dict[str, str] | None = None) -> None:
        reply = self.call("POST", PATH, body, headers)
        self.assertEqual(reply.status, 400, reply.body)
        self.assertIn(word, reply.json["error"])

    def test_json(self) -> None:
        self.refused(b"\xff\xfe{", "UTF-8")
        self.refused(b"{", "JSON")
        self.refused(b"[]", "object")
        self.refused(b'"x"', "object")
        self.refused(b'{"inputs":[],"inputs":[]}', "twice")
        self.refused(b'{"inputs":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep")
        for word in ("NaN", "Infinity", "-Infinity"):
            body = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,WORD]}]}'.replace("WORD", word)
            self.refused(body.encode(), word)
        self.refused(b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,1e999]}]}', "too large")
        long = b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[1,' + b"9" * 5000 + b"]}]}"
        self.refused(long, "digits")

    def test_tensors(self) -> None:
        for given, word in (
            (tensor("x", "FP64", [2, 2], [1, 2, 3]), "4 elements"),
            (tensor("x", "FP64", [-1, 2], [1, 2]), "non-negative"),
            (tensor("x", "FP64", [1.5], [1]), "integers"),
            (tensor("x", "FP64", [True], [1]), "integers"),
            (tensor("x", "FP64", [2**62, 2**62, 2**62], [1]), "elements"),
            (tensor("x", "FP64", [2**62, 0], []), "too large"),
            (tensor("x", "FP64", [1] * 40, [1]), "at most"),
            (tensor("x", "FP64", [2, 2], [[1, 2], [3]]), "shape"),
            (tensor("x", "FP64", [1, 2], ["a", "b"]), "FP64"),
            (tensor("x", "FP64", [1, 2], [None, 1]), "FP64"),
            (tensor("x", "INT64", [1, 2], [1.5, 1]), "INT64"),
            (tensor("x", "UINT8", [1, 2], [256, 1]), "range"),
            (tensor("x", "FP16", [1, 2], [1e9, 1]), "range"),
            (tensor("x", "BYTES", [1, 2], ["a", "b"]), "FP64"),
            (tensor("x", "FP99", [1, 2], [1, 2]), "FP99"),
            (tensor("x", "FP64", [1, 3], [1, 2, 3]), "[-1, 2]"),
            ({"name": "x", "shape": [1, 2], "datatype": "FP64"}, "neither"),
            ({"shape": [1, 2]}, "name"),
            ("x", "object"),
        ):
            self.refused({"inputs": [given]}, word)
        self.refused({"inputs": []}, "at least one")
        self.refused({"inputs": [tensor("x", "FP64", [0, 2], [])] * 2}, "twice")

    def test_truncated_binary(self) -> None:
        def body(size: int, shape: list[int], raw: bytes, datatype: str = "FP64") -> tuple[bytes, dict[str, str]]:
            one = {"name": "x", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}
            text = json.dumps({"inputs": [one]}).encode()
            return text + raw, {"Inference-Header-Content-Length": str(len(text))}

        cases = [
            (body(16, [1, 2], b"\0" * 8), "left"),
            (body(8, [1, 2], b"\0" * 8), "16"),
            (body(16, [1, 2], b"\0" * 20), "follow"),
            (body(-1, [1, 2], b""), "non-negative"),
            (body(6, [1], b"\xff\xff\xff\xff12", "BYTES"), "ends inside"),
            (body(2, [1], b"\1\0", "BYTES"), "ends inside"),
            ((b"{}", {"Inference-Header-Content-Length": "99"}), "Content-Length"),
        ]
        for (content, headers), word in cases:
            self.refused(content, word, headers)

    def test_damaged_compression(self) -> None:
        whole = gzip.compress(b'{"inputs":[]}')
        self.refused(whole[:-12], "too early", {"Content-Encoding": "gzip"})
        self.refused(b"plain", "damaged", {"Content-Encoding": "deflate"})
        self.assertEqual(self.call("POST", PATH, b"x", {"Content-Encoding": "br"}).status, 415)


class Sizes(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.call = self.serve(LIST, limits={"requestBytes": 100_000})

    def test_a_declared_size_is_refused_before_the_body(self) -> None:
        reply = self.call("POST", PATH, b"", {"Content-Length": str(1 << 30)})
        self.assertEqual((reply.status, reply.headers["connection"]), (413, "close"))

    def test_a_chunked_gigabyte_is_never_held(self) -> None:
        part = b"x" * 65536
        given = 0

        def parts():  # type: ignore[no-untyped-def]
            nonlocal given
            while given < 1 << 30:
                given += len(part)
                yield part

        import tracemalloc

        tracemalloc.start()
        reply = self.call("POST", PATH, parts())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        self.assertEqual(reply.status, 413)
        self.assertLess(peak, 4_000_000)

    def test_a_decompression_bomb_is_never_held(self) -> None:
        squeezer = zlib.compressobj(9)
        bomb = b"".join(squeezer.compress(b"\0" * (1 << 20)) for _ in range(64)) + squeezer.flush()
        self.assertLess(len(bomb), 100_000)
        self.assertEqual(self.call("POST", PATH, bomb, {"Content-Encoding": "deflate"}).status, 413)

    def test_a_client_that_leaves_gets_no_answer(self) -> None:
        self.assertEqual(self.call("POST", PATH, iter([b'{"inp', None])).status, 0)
        self.assertEqual(self.call.app.in_flight, 0)
        self.assertIn('code="499"', self.call("GET", "/metrics").body.decode())


class Waiting(ServerCase):
    SOURCE = """
    import threading
    gate, entered = threading.Event(), threading.Event()
    def predict(text: str):
        if text == "wait":
            entered.set()
            gate.wait(60)
        return text
    """

    def start(self, **limits: float):  # type: ignore[no-untyped-def]
        call = self.serve(self.SOURCE, limits=limits)
        import sys

        cells = next(module for name, module in sys.modules.items() if name.startswith("cells_"))
        self.addCleanup(cells.gate.set)
        return call, cells

    def test_health_answers_while_predict_runs_and_the_queue_is_bounded(self) -> None:
        call, cells = self.start(concurrency=2)
        body = {"inputs": "wait"}

        async def scenario() -> None:
            waiting = [asyncio.ensure_future(call.send("POST", "/invocations", body)) for _ in range(2)]
            while not cells.entered.is_set():
                await asyncio.sleep(0.001)
            self.assertEqual((await call.send("GET", "/v2/health/live")).status, 200)
            third = await call.send("POST", "/invocations", {"inputs": "x"})
            self.assertEqual((third.status, third.headers["retry-after"]), (503, "1"))
            self.assertEqual(call.app.in_flight, 2)
            cells.gate.set()
            self.assertEqual([reply.status for reply in await asyncio.gather(*waiting)], [200, 200])

        call.loop.run_until_complete(scenario())

    def test_a_stuck_predict_times_out_and_liveness_tells(self) -> None:
        call, cells = self.start(timeoutSeconds=0.05)
        self.assertEqual(call("POST", "/invocations", {"inputs": "wait"}).status, 504)

        async def liveness(status: int) -> None:
            while (await call.send("GET", "/v2/health/live")).status != status:
                await asyncio.sleep(0.001)

        # The request's clock starts when it comes, the thread's when it begins: liveness may follow a moment later.
        call.loop.run_until_complete(asyncio.wait_for(liveness(503), 30))
        self.assertEqual(call("GET", "/v2/health/ready").status, 503)
        self.assertEqual(call("POST", "/invocations", {"inputs": "x"}).status, 503)
        cells.gate.set()

        call.loop.run_until_complete(asyncio.wait_for(liveness(200), 30))
        self.assertEqual(call("POST", "/invocations", {"inputs": "x"}).status, 200)


class UserErrors(ServerCase):
    def test_message_and_place_to_the_client_traceback_to_the_log(self) -> None:
        call = self.serve(
            "def predict(x: list):\n    if x[0] > 5:\n        raise ValueError('too big')\n    return x\n", [1]
        )
        reply = infer(call, tensor("x", "INT64", [1], [9]))
        self.assertEqual(reply.status, 500)
        self.assertEqual(reply.json, {"error": "ValueError: too big", "cell": "cell-3", "line": 3})
        log = self.errors.getvalue()
        self.assertIn('File "iris.ipynb#cell-3", line 3, in predict', log)
        self.assertNotIn("slipway_server", log)
        self.assertEqual(infer(call, tensor("x", "INT64", [1], [1])).status, 200)

    def test_exit_does_not_end_the_worker(self) -> None:
        call = self.serve("import sys\ndef predict(x: list):\n    return x if x[0] else sys.exit(3)\n", [1])
        self.assertEqual(infer(call, tensor("x", "INT64", [1], [0])).json["error"], "SystemExit: 3")
        self.assertEqual(infer(call, tensor("x", "INT64", [1], [1])).status, 200)
