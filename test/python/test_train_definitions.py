"""Mode `definitions`: what predict and load need is executed, training is not."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from train_harness import TrainCase, cell

CELLS = [
    cell(
        "%matplotlib inline\nimport json, time\nfrom pathlib import Path\nimport surely_not_installed_plotting",
        identity="imports",
    ),
    cell(
        "%%time\nWEIGHTS = Path('weights.json'); UNUSED = time.sleep(3600)\nconfig = {'factor': 2}\nconfig['extra'] = 1",
        identity="config",
    ),
    cell(
        "model = None\ndef train(steps):\n    while True:\n        time.sleep(1)\nfor step in range(3):\n    train(step)",
        identity="train",
    ),
    cell("model = train(10)\nwhile True:\n    pass", identity="forever"),
    cell(
        "def load():\n    global model\n    model = json.loads(WEIGHTS.read_text())\n"
        "def predict(x: float):\n    return x * model['w'] * config['factor'] + config['extra']",
        identity="predict",
    ),
    cell("sample_input = 2.0\nprint(predict(sample_input))", identity="example"),
]


class DefinitionsTest(TrainCase):
    def setUp(self) -> None:
        super().setUp()
        (self.project / "weights.json").write_text('{"w": 5}')

    def test_endless_training_is_skipped_and_load_reads_the_weights(self) -> None:
        cells = [
            cell(CELLS[0]["source"].replace("\nimport surely_not_installed_plotting", ""), identity="imports"),
            *CELLS[1:],
        ]
        result = self.run_cells(cells, mode="definitions")
        self.assertEqual(result.status, 0, result.events)
        states = {item["id"]: item["state"] for item in result.all("cell")}
        self.assertEqual(states["forever"], "skipped")
        self.assertEqual(states["predict"], "done")
        self.assertEqual(result.one("done")["artifact"]["example"]["source"], "variable sample_input")
        self.assertEqual(self.unpickle("(s['load'](), s['predict'](s['example']))[1]"), 21.0)
        self.assertEqual(self.unpickle("s['predict'].__code__.co_firstlineno"), 4)

    def test_a_name_that_only_training_gives_is_named(self) -> None:
        for source in ("m = Net().fit(1)", "m = Net()\nm.fit(1)"):
            result = self.run_cells(
                [
                    cell("class Net:\n    def fit(self, x):\n        while True:\n            pass"),
                    cell(source),
                    cell("def predict(x):\n    return m"),
                ],
                mode="definitions",
            )
            failed = result.one("failed")
            self.assertEqual((failed["code"], failed["variable"], failed["index"]), ("SnapshotFailed", "m", 1))


if __name__ == "__main__":
    unittest.main()
