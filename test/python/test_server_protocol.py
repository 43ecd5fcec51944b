"""Open Inference Protocol v2 and MLflow's scoring protocol, in an environment without numpy."""

from __future__ import annotations

import gzip
import json
import struct
import zlib

from server_harness import ServerCase, infer, tensor

SUM = """
def predict(rows: list):
    return [float(sum(row)) for row in rows]
example = [[1.0, 2.0], [3.0, 4.0]]
"""
UPPER = "def predict(text: str):\n    return text.upper()\nexample = 'abc'\n"


class Routes(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.call = self.serve(SUM)

    def test_metadata_has_the_shapes_of_the_example(self) -> None:
        found = self.call("GET", "/v2/models/m").json
        self.assertEqual(found["inputs"], [{"name": "rows", "datatype": "FP64", "shape": [-1, 2]}])
        self.assertEqual(found["outputs"], [{"name": "predict", "datatype": "FP64", "shape": [-1]}])
        self.assertEqual((found["name"], found["versions"]), ("m", ["3"]))
        self.assertEqual(self.call("GET", "/v2/models/m/versions/3").json, found)

    def test_server_and_health(self) -> None:
        self.assertIn("binary_tensor_data", self.call("GET", "/v2").json["extensions"])
        self.assertEqual(self.call("GET", "/v2/models").json, {"models": ["m"]})
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/3/ready"):
            self.assertEqual(self.call("GET", path).status, 200, path)

    def test_draining_is_not_ready_and_closes_connections(self) -> None:
        self.call.app.start_draining()
        self.assertEqual(self.call("GET", "/v2/health/ready").status, 503)
        self.assertEqual(self.call("GET", "/v2/health/live").status, 200)
        reply = infer(self.call, tensor("rows", "FP64", [1, 2], [1, 2]))
        self.assertEqual((reply.status, reply.headers["connection"]), (200, "close"))

    def test_unknown_model_version_and_path_are_404(self) -> None:
        for path, word in (("/v2/models/x", "'x'"), ("/v2/models/m/versions/9/infer", "'9'"), ("/nothing", "/nothing")):
            reply = self.call("GET", path)
            self.assertEqual(reply.status, 404)
            self.assertIn(word, reply.json["error"])

    def test_methods(self) -> None:
        head = self.call("HEAD", "/v2/models/m")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(int(head.headers["content-length"]), len(self.call("GET", "/v2/models/m").body))
        options = self.call("OPTIONS", "/v2/models/m/infer")
        self.assertEqual((options.status, options.headers["allow"]), (204, "POST, OPTIONS"))
        wrong = self.call("GET", "/v2/models/m/infer")
        self.assertEqual((wrong.status, wrong.headers["allow"]), (405, "POST, OPTIONS"))
        self.assertEqual(self.call("DELETE", "/v2/health/live").status, 405)

    def test_documents(self) -> None:
        api = self.call("GET", "/openapi.json").json
        example = api["paths"]["/v2/models/m/infer"]["post"]["requestBody"]["content"]["application/json"]["example"]
        self.assertEqual(self.call("POST", "/v2/models/m/infer", example).json["outputs"][0]["data"], [3.0, 7.0])
        page = self.call("GET", "/docs").body.decode()
        self.assertIn("FP64", page)
        self.assertNotIn("http://", page)
        self.assertNotIn("https://", page)


class Infer(ServerCase):
    def test_flat_and_nested_data_mean_the_same(self) -> None:
        call = self.serve(SUM)
        for data in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
            self.assertEqual(infer(call, tensor("rows", "FP32", [2, 2], data)).json["outputs"][0]["data"], [3.0, 7.0])

    def test_id_is_echoed_or_made(self) -> None:
        call = self.serve(SUM)
        one = tensor("rows", "FP64", [1, 2], [1, 2])
        self.assertEqual(infer(call, one, id="42").json["id"], "42")
        first, second = infer(call, one).json["id"], infer(call, one).json["id"]
        self.assertTrue(first and second and first != second)

    def test_binary_both_ways_and_compressed(self) -> None:
        call = self.serve(SUM)
        head = {
            "inputs": [{"name": "rows", "datatype": "FP32", "shape": [2, 2], "parameters": {"binary_data_size": 16}}],
            "parameters": {"binary_data_output": True},
        }
        text = json.dumps(head).encode()
        body = text + struct.pack("<4f", 1, 2, 3, 4)
        for encoding, packed in (("identity", body), ("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
            headers = {"Inference-Header-Content-Length": str(len(text)), "Content-Encoding": encoding}
            reply = call("POST", "/v2/models/m/infer", packed, headers)
            size = int(reply.headers["inference-header-content-length"])
            output = json.loads(reply.body[:size])["outputs"][0]
            self.assertEqual(output["parameters"]["binary_data_size"], 16)
            self.assertEqual(struct.unpack("<2d", reply.body[size:]), (3.0, 7.0))

    def test_bytes_are_text_in_json_and_raw_in_binary(self) -> None:
        call = self.serve("def predict(items: list[bytes]):\n    return [item[::-1] for item in items]\n", [b"ab"])
        self.assertEqual(infer(call, tensor("items", "BYTES", [2], ["ab", "é"])).status, 500)  # é reversed: not UTF-8
        self.assertEqual(infer(call, tensor("items", "BYTES", [1], ["ab"])).json["outputs"][0]["data"], ["ba"])
        raw = struct.pack("<I2s", 2, b"\xff\x00")
        head = {"inputs": [{"name": "items", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}}]}
        head["outputs"] = [{"name": "predict", "parameters": {"binary_data": True}}]
        text = json.dumps(head).encode()
        reply = call("POST", "/v2/models/m/infer", text + raw, {"Inference-Header-Content-Length": str(len(text))})
        self.assertTrue(reply.body.endswith(struct.pack("<I2s", 2, b"\x00\xff")))

    def test_named_outputs_and_requested_ones(self) -> None:
        source = "def predict(text: str):\n    return {'label': text, 'score': 0.5, 'size': len(text)}\nexample = 'a'\n"
        call = self.serve(source)
        outputs = infer(call, tensor("text", "BYTES", [2, 1], ["a", "bc"])).json["outputs"]
        self.assertEqual([(o["name"], o["datatype"], o["data"]) for o in outputs], [
            ("label", "BYTES", ["a", "bc"]), ("score", "FP64", [0.5, 0.5]), ("size", "INT64", [1, 2]),
        ])  # fmt: skip
        some = infer(call, tensor("text", "BYTES", [1], ["a"]), outputs=[{"name": "size"}]).json["outputs"]
        self.assertEqual([o["name"] for o in some], ["size"])
        self.assertEqual(infer(call, tensor("text", "BYTES", [1], ["a"]), outputs=[{"name": "no"}]).status, 400)

    def test_other_json_is_one_bytes_element(self) -> None:
        call = self.serve("def predict(x: list):\n    return {'a': {'b': [1, None]}}\nexample = [1]\n")
        output = infer(call, tensor("x", "INT64", [1], [1])).json["outputs"][0]
        self.assertEqual((output["datatype"], output["shape"]), ("BYTES", [1]))
        self.assertEqual(json.loads(output["data"][0]), {"a": {"b": [1, None]}})

    def test_parameters_by_name(self) -> None:
        source = "def predict(width: float, height: float, unit='cm'):\n    return f'{width * height}{unit}'\n"
        call = self.serve(source, {"width": 1.0, "height": 2.0})
        both = tensor("width", "FP64", [2], [1, 2]), tensor("height", "FP64", [2], [3, 4])
        self.assertEqual(infer(call, *both).json["outputs"][0]["data"], ["3.0cm", "8.0cm"])
        self.assertEqual(infer(call, both[0]).status, 400)
        body = {"dataframe_records": [{"height": 3, "width": 2}], "params": {"unit": "m"}}
        self.assertEqual(call("POST", "/invocations", body).json, {"predictions": ["6.0m"]})
        body = {"inputs": {"width": 2, "height": 2}}
        self.assertEqual(call("POST", "/invocations", body).json, {"predictions": "4.0cm"})

    def test_load_gives_its_result_to_predict(self) -> None:
        source = "def load():\n    return 10\ndef predict(model, x: int):\n    return model + x\nexample = 1\n"
        self.assertEqual(infer(self.serve(source), tensor("x", "INT64", [1], [5])).json["outputs"][0]["data"], [15])


class Invocations(ServerCase):
    def test_every_form(self) -> None:
        call = self.serve(SUM)
        forms = [
            {"instances": [[1, 2], [3, 4]]},
            {"inputs": [[1, 2], [3, 4]]},
            {"dataframe_records": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
        ]
        for body in forms:
            self.assertEqual(call("POST", "/invocations", body).json, {"predictions": [3.0, 7.0]}, body)
        reply = call("POST", "/invocations", b"a,b\n1,2\n3,4\n", {"Content-Type": "text/csv; charset=utf-8"})
        self.assertEqual(reply.json, {"predictions": [3.0, 7.0]})

    def test_text(self) -> None:
        call = self.serve(UPPER)
        self.assertEqual(call("POST", "/invocations", {"inputs": "ab"}).json, {"predictions": "AB"})
        self.assertEqual(call("POST", "/invocations", {"instances": ["a", "b"]}).json, {"predictions": ["A", "B"]})

    def test_wrong_bodies_say_why(self) -> None:
        call = self.serve(UPPER)
        for body, word in (
            ({}, "exactly one"),
            ({"inputs": "a", "instances": []}, "exactly one"),
            ({"inputs": "a", "more": 1}, "more"),
            ({"inputs": "a", "params": {"zoom": 1}}, "zoom"),
            ({"inputs": 5}, "takes str"),
            ({"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, "1 values"),
        ):
            reply = call("POST", "/invocations", body)
            self.assertEqual(reply.status, 400, body)
            self.assertIn(word, reply.json["error"])
        self.assertEqual(call("POST", "/invocations", b"x", {"Content-Type": "text/plain"}).status, 415)

    def test_return_values(self) -> None:
        source = """
        import dataclasses, datetime, decimal, enum
        @dataclasses.dataclass
        class Point:
            x: int
            when: object
        class Color(enum.Enum):
            RED = "red"
        VALUES = {"point": Point(1, datetime.date(2026, 1, 2)), "none": None, "tuple": (1, "a"), "enum": Color.RED,
                  "bytes": b"ab", "keys": {1: 2}, "nan": float("nan"), "object": object(),
                  "decimal": decimal.Decimal("1.5")}
        def predict(name: str):
            return VALUES[name]
        """
        call = self.serve(source)
        expected = {
            "point": {"x": 1, "when": "2026-01-02"}, "none": None, "tuple": [1, "a"], "enum": "red",
            "bytes": "YWI=", "keys": {"1": 2}, "decimal": "1.5",
        }  # fmt: skip
        for name, value in expected.items():
            self.assertEqual(call("POST", "/invocations", {"inputs": name}).json, {"predictions": value}, name)
            self.assertEqual(infer(call, tensor("name", "BYTES", [1], [name])).status, 200, name)
        for name, word in (("nan", "NaN"), ("object", "object")):
            for reply in (
                call("POST", "/invocations", {"inputs": name}),
                infer(call, tensor("name", "BYTES", [1], [name])),
            ):
                self.assertEqual(reply.status, 500)
                self.assertIn(word, reply.json["error"])
