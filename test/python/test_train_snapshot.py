"""The artifact: snapshot, buffers, example, signature, and the errors that name what cannot be saved."""

from __future__ import annotations

import hashlib
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from train_harness import TrainCase, cell

IRIS = [
    cell(
        "import numpy as np, pandas as pd\nfrom sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n"
        "data = load_iris()\nX = pd.DataFrame(data.data, columns=['a', 'b', 'c', 'd'])\n"
        "class Scaler:\n    def __call__(self, x):\n        return x / 2\nscaler = Scaler()\n"
        "model = LogisticRegression(max_iter=500, random_state=0).fit(scaler(X), data.target)\nseen = {'b', 'a', 'c'}",
        identity="fit",
    ),
    cell(
        "def clean(x):\n    return scaler(x) if seen else x\ndef predict(frame: pd.DataFrame) -> np.ndarray:\n    return model.predict(clean(frame))",
        identity="predict",
    ),
    cell("X.head(20)", "example"),
]


class SnapshotTest(TrainCase):
    def test_iris_is_the_same_bytes_twice_and_predicts_elsewhere(self) -> None:
        digests = []
        for _ in range(2):
            result = self.run_cells(IRIS)
            self.assertEqual(result.status, 0, result.events)
            files = [self.folder / "artifact" / name for name in ("snapshot.pkl", "artifact.json")]
            digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
        self.assertEqual(digests[0], digests[1])
        artifact = result.one("done")["artifact"]
        (parameter,) = artifact["signature"]["parameters"]
        self.assertEqual((parameter["name"], parameter["required"]), ("frame", True))
        # pandas 3 calls its class by the public name.
        self.assertIn(parameter["annotation"], ("pandas.DataFrame", "pandas.core.frame.DataFrame"))
        self.assertEqual(artifact["signature"]["returns"], "numpy.ndarray")
        self.assertEqual(
            (artifact["example"]["source"], artifact["example"]["type"]),
            ("cell tag 'example'", "pandas.DataFrame"),
        )
        split = artifact["example"]["invocation"]["dataframe_split"]
        self.assertEqual((split["columns"], len(split["data"])), (["a", "b", "c", "d"], 5))
        self.assertLessEqual({"numpy", "pandas", "scikit-learn"}, set(artifact["libraries"]))
        self.assertGreater(artifact["memoryPeakBytes"], 50_000_000)
        self.assertEqual(self.unpickle("s['predict'](s['example']).tolist()"), [0, 0, 0, 0, 0])
        self.assertEqual(self.unpickle("s['predict'].__code__.co_filename"), "modèle 1.ipynb#predict")
        self.assertEqual([item.name for item in self.folder.iterdir() if "artifact" in item.name], ["artifact"])

    def test_large_buffers_go_out_of_band_and_come_back(self) -> None:
        result = self.run_cells(
            [
                cell(
                    "import numpy as np\nw = np.arange(300_000.0)\ndef predict(x):\n    w[0] += 0\n    return float(w.sum())\nexample = [1]"
                )
            ]
        )
        buffers = result.one("done")["artifact"]["buffers"]
        if not buffers:
            self.skipTest("Python 3.7 has no out-of-band buffers")
        self.assertEqual([item["size"] for item in buffers], [2_400_000])
        data = (self.folder / "artifact" / buffers[0]["file"]).read_bytes()
        self.assertEqual(buffers[0]["file"], "buffers/" + hashlib.sha256(data).hexdigest())
        self.assertLess((self.folder / "artifact/snapshot.pkl").stat().st_size, 100_000)
        self.assertEqual(self.unpickle("s['predict'](1)"), sum(range(300_000)))

    def test_what_load_assigns_stays_out_and_modules_of_the_project_go_by_reference(self) -> None:
        (self.project / "local_code.py").write_text("def double(x):\n    return 2 * x\n")
        elsewhere = self.folder / "lib"
        elsewhere.mkdir()
        (elsewhere / "foreign_code.py").write_text("ONE = 1\n")
        result = self.run_cells(
            [
                cell(
                    "import sys, sqlite3, local_code\nsys.path.append('../lib')\nimport foreign_code\nconn = sqlite3.connect(':memory:')"
                ),
                cell(
                    "def load():\n    global conn\n    conn = sqlite3.connect(':memory:')\n"
                    "def predict(x: int):\n    return local_code.double(conn.execute('select ?', (x,)).fetchone()[0])\nsample_input = 21"
                ),
            ]
        )
        self.assertEqual(result.status, 0, result.events)
        self.assertEqual(result.one("done")["artifact"]["callables"], ["predict", "load"])
        self.assertEqual(self.unpickle("(s['load'](), s['predict'](s['example']))[1]"), 42)
        finding = result.one("finding")
        self.assertEqual(
            (finding["code"], finding["module"], finding["file"]),
            ("ModuleOutsideProject", "foreign_code", str(elsewhere / "foreign_code.py")),
        )

    def test_state_of_load_is_the_first_argument(self) -> None:
        result = self.run_cells(
            [
                cell(
                    "def load():\n    return {'k': 3}\ndef predict(model, x: int):\n    return model['k'] * x\nexample_input = 2"
                )
            ]
        )
        self.assertEqual(result.status, 0, result.events)

    def test_unpicklable_value_is_named_with_the_way_to_it(self) -> None:
        result = self.run_cells(
            [
                cell(
                    "import sqlite3\nclass Store:\n    def __init__(self):\n        self.db = sqlite3.connect(':memory:')\n"
                    "store = Store()\ndef helper():\n    return store.db\ndef predict(x):\n    return helper()"
                )
            ]
        )
        failed = result.one("failed")
        self.assertEqual((failed["code"], failed["variable"]), ("SnapshotFailed", "store"))
        self.assertIn(
            "`predict` → global `helper` → global `store` (__main__.Store) → attribute `db` (sqlite3.Connection)",
            failed["message"],
        )
        self.assertEqual([item.name for item in self.folder.iterdir() if "artifact" in item.name], [])

    def test_predict_missing(self) -> None:
        for source in ("x = 1", "predict = 3"):
            self.assertEqual(self.run_cells([cell(source)]).one("failed")["code"], "PredictMissing")

    def test_failing_example_names_cell_and_line(self) -> None:
        failed = self.run_cells(
            [
                cell("def predict(x):\n    y = 1\n    return x['no']", identity="p"),
                cell("example_input = {'a': 1}"),
            ]
        ).one("failed")
        self.assertEqual(
            (failed["code"], failed["id"], failed["index"], failed["line"], failed["ename"]),
            ("ExampleFailed", "p", 0, 3, "KeyError"),
        )

    def test_a_tagged_cell_that_ends_by_calling_predict_names_its_input(self) -> None:
        for closing in ("predict(rows)", "print(predict(rows))", "answer = predict(rows)", "rows"):
            with self.subTest(closing):
                tagged = cell("rows = [[1, 2]]\n" + closing, "example")
                result = self.run_cells([cell("def predict(x):\n    return ['label'] * len(x)"), tagged])
                example = result.one("done")["artifact"]["example"]
                self.assertEqual(example["invocation"], {"instances": [[1, 2]]})

    def test_examples_of_other_types(self) -> None:
        cases = {
            "sample_input = 'text'": ("str", {"inputs": "text"}),
            "import numpy as np\nX_example = np.array([[1.0, float('nan')]] * 9)": (
                "numpy.ndarray",
                {"inputs": [[1.0, None]] * 5},
            ),
            "x_example = {'a': 1, 'b': [True, None]}": ("dict", {"inputs": {"a": 1, "b": [True, None]}}),
            "import pandas as pd\nexample = pd.DataFrame({'t': [pd.Timestamp('2020-01-02'), pd.NaT], 'n': [1, 2]})": (
                "pandas.DataFrame",
                {"dataframe_split": {"columns": ["t", "n"], "data": [["2020-01-02T00:00:00", 1], [None, 2]]}},
            ),
            "import numpy as np\nexample = np.ones((9, 3))\nassert_whole = len": (
                "numpy.ndarray",
                {"inputs": [[1.0] * 3] * 9},
            ),
        }
        for source, (kind, body) in cases.items():
            with self.subTest(source):
                check = "    assert len(x) == 9\n" if "whole" in source else ""
                result = self.run_cells([cell(source), cell("def predict(x):\n%s    return 1" % check)])
                example = result.one("done")["artifact"]["example"]
                self.assertEqual((example["type"], example["invocation"]), (kind, body))


if __name__ == "__main__":
    unittest.main()
