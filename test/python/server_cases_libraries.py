"""Cases that need numpy, pandas, scikit-learn, onnxruntime, xgboost: run by test_server_libraries."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
from server_harness import Client, ServerCase, infer, tensor

FRAME = """
import pandas as pd
def predict(df: pd.DataFrame):
    assert list(df.columns) == ["a", "b"], list(df.columns)
    return pd.DataFrame({"total": df["a"] + df["b"], "word": ["w"] * len(df)})
example = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
"""
ARRAY = "import numpy as np\ndef predict(x: np.ndarray):\n    x[...] = x * 2\n    return x\n"


def data_of(reply: Any) -> list[Any]:
    return [output["data"] for output in reply.json["outputs"]]


class Frames(ServerCase):
    def test_metadata_has_the_columns(self) -> None:
        found = self.serve(FRAME)("GET", "/v2/models/m").json
        self.assertEqual(
            [(i["name"], i["datatype"], i["shape"]) for i in found["inputs"]],
            [("a", "FP64", [-1]), ("b", "INT64", [-1])],
        )
        self.assertEqual([(i["name"], i["datatype"]) for i in found["outputs"]], [("total", "FP64"), ("word", "BYTES")])

    def test_columns_by_name_in_any_order(self) -> None:
        call = self.serve(FRAME)
        reply = infer(call, tensor("b", "INT64", [2], [3, 4]), tensor("a", "FP64", [2, 1], [1, 2]))
        self.assertEqual(data_of(reply), [[4.0, 6.0], ["w", "w"]])
        self.assertIn("missing: b", infer(call, tensor("a", "FP64", [1], [1])).json["error"])
        wrong = infer(call, tensor("a", "BYTES", [1], ["x"]), tensor("b", "INT64", [1], [1]))
        self.assertEqual(wrong.status, 400)
        uneven = infer(call, tensor("a", "FP64", [2], [1, 2]), tensor("b", "INT64", [1], [1]))
        self.assertIn("differ in length", uneven.json["error"])

    def test_one_matrix_is_the_columns_in_order(self) -> None:
        self.assertEqual(data_of(infer(self.serve(FRAME), tensor("x", "FP64", [1, 2], [1, 2])))[0], [3.0])
        self.assertEqual(infer(self.serve(FRAME), tensor("x", "FP64", [1, 3], [1, 2, 3])).status, 400)

    def test_invocations(self) -> None:
        call = self.serve(FRAME)
        expected = {"predictions": [{"total": 4.0, "word": "w"}]}
        for body in (
            {"dataframe_records": [{"b": 3, "a": 1}]},
            {"dataframe_split": {"columns": ["b", "a"], "index": [7], "data": [[3, 1]]}},
            {"instances": [[1, 3]]},
            {"instances": [{"a": 1, "b": 3}]},
            {"inputs": {"a": [1], "b": [3]}},
        ):
            self.assertEqual(call("POST", "/invocations", body).json, expected, body)
        self.assertEqual(call("POST", "/invocations", b"b,a\n3,1\n", {"Content-Type": "text/csv"}).json, expected)
        self.assertEqual(call("POST", "/invocations", {"dataframe_records": [{"a": 1}]}).status, 400)
        text = call("POST", "/invocations", {"dataframe_records": [{"a": "x", "b": 1}]})
        self.assertIn("'a' must hold numbers", text.json["error"])

    def test_dates_and_categories_come_back_as_in_the_example(self) -> None:
        source = """
        import pandas as pd
        def predict(df):
            return [df["when"].dt.year.iloc[0].item(), str(df["kind"].dtype)]
        example = pd.DataFrame({"when": pd.to_datetime(["2026-01-02"]), "kind": pd.Categorical(["x"], ["x", "y"])})
        """
        body = {"dataframe_records": [{"when": "2024-05-06", "kind": "y"}]}
        self.assertEqual(self.serve(source)("POST", "/invocations", body).json, {"predictions": [2024, "category"]})

    def test_missing_values_are_refused_in_json(self) -> None:
        call = self.serve(
            "import numpy as np\ndef predict(x: np.ndarray):\n    return x * np.nan\n", numpy.zeros((1, 2))
        )
        reply = infer(call, tensor("x", "FP64", [1, 2], [1, 2]))
        self.assertEqual(reply.status, 500)
        self.assertIn("binary", reply.json["error"])
        body = {"inputs": [tensor("x", "FP64", [1, 2], [1, 2])], "parameters": {"binary_data_output": True}}
        reply = call("POST", "/v2/models/m/infer", body)
        values = struct.unpack("<2d", reply.body[int(reply.headers["inference-header-content-length"]) :])
        self.assertTrue(numpy.isnan(values).all())


class Arrays(ServerCase):
    def test_every_numeric_datatype_both_ways(self) -> None:
        call = self.serve("import numpy\ndef predict(x):\n    return x\n")
        codes = ["?", "B", "H", "I", "Q", "b", "h", "i", "q", "e", "f", "d"]
        names = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"]
        names += ["FP16", "FP32", "FP64"]
        for name, code in zip(names, codes):
            raw = struct.pack(f"<3{code}", 1, 0, 1)
            one = {"name": "x", "datatype": name, "shape": [3], "parameters": {"binary_data_size": len(raw)}}
            text = json.dumps({"inputs": [one], "parameters": {"binary_data_output": True}}).encode()
            reply = call("POST", "/v2/models/m/infer", text + raw, {"Inference-Header-Content-Length": str(len(text))})
            self.assertTrue(reply.body.endswith(raw), name)
            given = [True, False, True] if name == "BOOL" else [1, 0, 1]
            output = infer(call, tensor("x", name, [3], given)).json["outputs"][0]
            self.assertEqual((output["datatype"], output["data"]), (name, given))

    def test_binary_input_may_be_written_to(self) -> None:
        call = self.serve(ARRAY, numpy.zeros((1, 2)))
        text = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1,2],"parameters":{"binary_data_size":16}}]}'
        headers = {"Inference-Header-Content-Length": str(len(text))}
        reply = call("POST", "/v2/models/m/infer", text + struct.pack("<2d", 1, 2), headers)
        self.assertEqual(data_of(reply), [[2.0, 4.0]])

    def test_shapes(self) -> None:
        call = self.serve(ARRAY, numpy.zeros((1, 2)))
        self.assertEqual(
            call("GET", "/v2/models/m").json["inputs"], [{"name": "x", "datatype": "FP64", "shape": [-1, 2]}]
        )
        self.assertEqual(infer(call, tensor("x", "FP64", [2], [1, 2])).status, 400)
        for body in ({"instances": [[1, 2, 3]]}, {"instances": [1, 2]}, {"instances": [[1], [1, 2]]}):
            self.assertEqual(call("POST", "/invocations", body).status, 400, body)
        self.assertEqual(call("POST", "/invocations", {"inputs": {"x": [[1, 2]]}}).json, {"predictions": [[2.0, 4.0]]})

    def test_return_values(self) -> None:
        source = """
        import numpy as np, pandas as pd
        VALUES = {"scalar": np.float32(0.5), "series": pd.Series([1, 2], name="s"), "when": pd.Timestamp("2026-01-02"),
                  "dates": np.array(["2026-01-02"], "M8[D]"), "words": np.array(["a", "b"]), "none": pd.NaT,
                  "dict": {"label": "a", "scores": np.array([0.25, 0.75])}, "two": (np.zeros(1), np.ones(2)),
                  "half": np.array([0.5], "f2")}
        def predict(name: str):
            return VALUES[name]
        """
        call = self.serve(source)
        expected = {
            "scalar": 0.5, "series": [1, 2], "when": "2026-01-02T00:00:00", "dates": ["2026-01-02"],
            "words": ["a", "b"], "none": None, "dict": {"label": "a", "scores": [0.25, 0.75]},
            "two": [[0.0], [1.0, 1.0]], "half": [0.5],
        }  # fmt: skip
        for name, value in expected.items():
            self.assertEqual(call("POST", "/invocations", {"inputs": name}).json, {"predictions": value}, name)
            self.assertEqual(infer(call, tensor("name", "BYTES", [1], [name])).status, 200, name)


class Snapshots(ServerCase):
    def test_buffers_come_back_writable_and_by_value(self) -> None:
        source = """
        import numpy as np
        W = np.arange(200_000.0)
        def predict(x: np.ndarray):
            W[0] += 1
            return x * W[:2]
        """
        root = self.snapshot(source, numpy.ones((1, 2)), by_value=True)
        self.assertGreaterEqual(len(list((root / "artifact/buffers").iterdir())), 1)
        self.assertEqual(data_of(infer(self.client(root), tensor("x", "FP64", [1, 2], [1, 1]))), [[2.0, 1.0]])


class ModelFiles(ServerCase):
    def serve_file(self, form: str, name: str, save: Any) -> Client:
        root = self.bundle({"kind": "modelFile", "path": f"project/{name}", "format": form})
        save(root / "project" / name)
        return self.client(root)

    def fitted(self, named: bool = False) -> tuple[Any, Any, Any]:
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        x, y = load_iris(return_X_y=True, as_frame=named)
        return LogisticRegression(max_iter=500).fit(x, y), x, y

    def test_joblib(self) -> None:
        import joblib

        model, x, _ = self.fitted()
        call = self.serve_file("joblib", "m.joblib", lambda path: joblib.dump(model, path))
        metadata = call("GET", "/v2/models/m").json
        self.assertEqual(metadata["inputs"], [{"name": "X", "datatype": "FP64", "shape": [-1, 4]}])
        self.assertEqual(metadata["outputs"][0]["shape"], [-1])
        rows = x[:3].tolist()
        self.assertEqual(data_of(infer(call, tensor("X", "FP64", [3, 4], rows)))[0], model.predict(x[:3]).tolist())
        body = {"instances": rows, "params": {"method": "predict_proba"}}
        numpy.testing.assert_allclose(
            call("POST", "/invocations", body).json["predictions"], model.predict_proba(x[:3])
        )
        self.assertEqual(infer(call, tensor("X", "FP64", [1, 3], [1, 2, 3])).status, 400)

    def test_fitted_with_names(self) -> None:
        model, x, _ = self.fitted(named=True)
        call = self.serve_file("pickle", "m.pkl", lambda path: path.write_bytes(pickle.dumps(model)))
        columns = list(x.columns)
        self.assertEqual([i["name"] for i in call("GET", "/v2/models/m").json["inputs"]], columns)
        row = x.iloc[0]
        reply = infer(call, *[tensor(name, "FP64", [1], [row[name]]) for name in reversed(columns)])
        self.assertEqual(data_of(reply)[0], [0])
        extra = [*[tensor(name, "FP64", [1], [1]) for name in columns], tensor("more", "FP64", [1], [1])]
        self.assertIn("more", infer(call, *extra).json["error"])
        self.assertEqual(self.errors.getvalue(), "")

    def test_named_text_columns_of_a_pipeline(self) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder

        frame = pandas.DataFrame({"color": ["r", "g"], "shape": ["x", "y"]})
        model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame, [0, 1])
        call = self.serve_file("pickle", "m.pkl", lambda path: path.write_bytes(pickle.dumps(model)))
        body = {"dataframe_records": [{"shape": "y", "color": "g"}]}
        self.assertEqual(call("POST", "/invocations", body).json, {"predictions": [1]})
        reply = infer(call, tensor("color", "BYTES", [1], ["g"]), tensor("shape", "BYTES", [1], ["y"]))
        self.assertEqual(data_of(reply), [[1]])

    def test_text_pipeline(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good film", "bad film"], ["+", "-"])
        call = self.serve_file("pickle", "m.pkl", lambda path: path.write_bytes(pickle.dumps(model)))
        self.assertEqual(call("POST", "/invocations", {"instances": ["good"]}).json, {"predictions": ["+"]})
        self.assertEqual(data_of(infer(call, tensor("X", "BYTES", [1], ["bad"]))), [["-"]])

    def test_xgboost(self) -> None:
        import xgboost

        _, x, y = self.fitted(named=True)
        booster = xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(x, y), 3)
        call = self.serve_file("xgboost", "m.json", lambda path: booster.save_model(path))
        body = {"dataframe_split": {"columns": list(x.columns), "data": x[:2].to_numpy().tolist()}}
        numpy.testing.assert_allclose(
            call("POST", "/invocations", body).json["predictions"], booster.predict(xgboost.DMatrix(x[:2])), rtol=1e-6
        )

    def test_lightgbm(self) -> None:
        import lightgbm

        _, x, y = self.fitted()
        booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, y), 3)
        call = self.serve_file("lightgbm", "m.txt", lambda path: booster.save_model(path))
        numpy.testing.assert_allclose(
            data_of(infer(call, tensor("X", "FP64", [2, 4], x[:2].tolist())))[0], booster.predict(x[:2])
        )

    def test_onnx(self) -> None:
        from skl2onnx import to_onnx

        model, x, _ = self.fitted()
        made = to_onnx(model, x[:1].astype("f4"), options={"zipmap": False})
        call = self.serve_file("onnx", "m.onnx", lambda path: path.write_bytes(made.SerializeToString()))
        metadata = call("GET", "/v2/models/m").json
        self.assertEqual(metadata["inputs"], [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}])
        self.assertEqual([o["name"] for o in metadata["outputs"]], ["label", "probabilities"])
        reply = infer(call, tensor("X", "FP64", [2, 4], x[:2].tolist()), outputs=[{"name": "label"}])
        self.assertEqual(data_of(reply), [model.predict(x[:2]).tolist()])

    def test_mlflow_folder_of_scikit_learn_without_mlflow(self) -> None:
        root = self.bundle({"kind": "mlmodel", "path": "project/model"})
        folder = Path(root / "project/model")
        folder.mkdir()
        (folder / "model.pkl").write_bytes(pickle.dumps(self.fitted()[0]))
        (folder / "MLmodel").write_text(
            "artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
            "  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n"
        )
        self.assertEqual(data_of(infer(self.client(root), tensor("X", "FP64", [1, 4], [5, 3, 1, 0.2]))), [[0]])


class Imports(ServerCase):
    def test_a_model_of_lists_loads_neither_numpy_nor_pandas(self) -> None:
        root = self.snapshot("def predict(x: list):\n    return x\nexample = [1]\n")
        code = (
            "import sys, asyncio; from server_harness import Client, infer, tensor\n"
            "from slipway_server import ModelApp; from pathlib import Path\n"
            "app = ModelApp(Path(sys.argv[1]), model='m', version='1', metrics_dir=None); app.load()\n"
            "assert infer(Client(app), tensor('x', 'INT64', [1], [1])).status == 200\n"
            "print([name for name in ('numpy', 'pandas') if name in sys.modules])\n"
        )
        command = [sys.executable, "-c", code, str(root)]
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.strip(), "[]")
