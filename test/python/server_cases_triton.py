"""tritonclient[http], which nobody here wrote, against the app under uvicorn: run by test_server_libraries."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import unittest

import numpy
import tritonclient.http as triton
import uvicorn
from server_harness import ServerCase

SOURCE = """
import numpy as np
def predict(numbers: np.ndarray, words: list):
    return {"doubled": numbers * 2, "shouted": [word.upper() for word in words]}
example = {"numbers": np.zeros((1, 3), "f4"), "words": ["a"]}
"""


class Triton(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        app = self.app(self.snapshot(SOURCE, limits={"requestBytes": 1_000_000}))
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", http="httptools", loop="uvloop", access_log=False)
        self.server = uvicorn.Server(config)
        thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        thread.start()
        self.addCleanup(thread.join, 30)
        self.addCleanup(setattr, self.server, "should_exit", True)
        self.client = triton.InferenceServerClient(f"127.0.0.1:{self.port}")
        self.addCleanup(self.client.close)

    def inputs(self, binary: bool = True) -> list[triton.InferInput]:
        numbers = triton.InferInput("numbers", [2, 3], "FP32")
        numbers.set_data_from_numpy(numpy.arange(6, dtype="f4").reshape(2, 3), binary_data=binary)
        words = triton.InferInput("words", [2], "BYTES")
        words.set_data_from_numpy(numpy.array(["é", "b"], dtype=object), binary_data=binary)
        return [numbers, words]

    def check(self, result: triton.InferResult) -> None:
        numpy.testing.assert_array_equal(result.as_numpy("doubled"), numpy.arange(6, dtype="f4").reshape(2, 3) * 2)
        words = [w.decode() if isinstance(w, bytes) else w for w in result.as_numpy("shouted").tolist()]
        self.assertEqual(words, ["É", "B"])

    def test_health_and_metadata(self) -> None:
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("m"))
        self.assertTrue(self.client.is_model_ready("m", "3"))
        self.assertFalse(self.client.is_model_ready("other"))
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])
        metadata = self.client.get_model_metadata("m", "3")
        self.assertEqual(
            [(i["name"], i["datatype"], i["shape"]) for i in metadata["inputs"]],
            [("numbers", "FP32", [-1, 3]), ("words", "BYTES", [-1])],
        )

    def test_inference(self) -> None:
        self.check(self.client.infer("m", self.inputs()))
        self.check(self.client.infer("m", self.inputs(binary=False), model_version="3"))
        wanted = [triton.InferRequestedOutput("doubled"), triton.InferRequestedOutput("shouted", binary_data=False)]
        result = self.client.infer("m", self.inputs(), outputs=wanted, request_id="42")
        self.check(result)
        self.assertEqual(result.get_response()["id"], "42")
        for algorithm in ("gzip", "deflate"):
            self.check(
                self.client.infer(
                    "m",
                    self.inputs(),
                    request_compression_algorithm=algorithm,
                    response_compression_algorithm=algorithm,
                )
            )
        self.check(self.client.async_infer("m", self.inputs()).get_result())

    def test_errors_are_readable(self) -> None:
        with self.assertRaisesRegex(triton.InferenceServerException, "words"):
            self.client.infer("m", self.inputs()[:1])

    def test_a_body_of_a_gigabyte_is_refused(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        part = b"x" * (1 << 20)
        body = (part for _ in range(1024))
        connection.request(
            "POST", "/v2/models/m/infer", body, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        reply = connection.getresponse()
        self.assertEqual(reply.status, 413)
        self.assertIn("1000000 bytes", json.loads(reply.read())["error"])
        self.assertTrue(self.client.is_server_live())


if __name__ == "__main__":
    unittest.main()
