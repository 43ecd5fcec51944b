"""What mode `definitions` keeps of a notebook, without a kernel: the kept lines are executed here."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "resources/runtime"))
from slipway_train.definitions import plan
from slipway_train.failure import Failure

NET = "class Net:\n    def fit(self, x):\n        raise SystemError('trained')\n    def __call__(self, x):\n        return x"


class SlicesTest(unittest.TestCase):
    def keep(self, *sources: str) -> list[str | None]:
        """The plan of a notebook whose cells have these sources."""
        cells = [{"source": source, "tags": [], "number": index + 1} for index, source in enumerate(sources)]
        return plan(cells, "predict", "load")

    def run_kept(self, *sources: str) -> Any:
        """Execute the plan, call `load` when there is one, and return `predict(3)`."""
        space: dict[str, Any] = {"__name__": "__main__"}
        for index, code in enumerate(self.keep(*sources)):
            if code is not None:
                self.assertEqual(code.count("\n"), sources[index].count("\n"))
                exec(compile(code, f"cell {index}", "exec"), space)
        if "load" in space:
            space["load"]()
        return space["predict"](3)

    def refuse(self, *sources: str) -> Failure:
        """The failure that the plan of this notebook is."""
        with self.assertRaises(Failure) as caught:
            self.keep(*sources)
        return caught.exception

    def test_decorators_bases_and_defaults_of_other_cells(self) -> None:
        found = self.run_kept(
            "import functools\nimport nowhere_installed",
            "def doubled(f):\n    @functools.wraps(f)\n    def inner(x):\n        return 2 * f(x) + SHIFT\n    return inner",
            "class Base:\n    def scale(self, x, by=10):\n        return x * by",
            "SHIFT = 1\nBY = 100\nraise SystemError('not needed')",
            "class Scaler(Base):\n    size = BY\n    def run(self, x):\n        return self.scale(x) + self.size",
            "scaler = Scaler()",
            "@doubled\ndef predict(x, by=BY):\n    return scaler.run(x)",
        )
        self.assertEqual(found, 261)

    def test_a_dict_changed_in_later_cells(self) -> None:
        found = self.run_kept(
            "CONFIG = {'a': 1}\nOTHER = []",
            "CONFIG['b'] = 10\nCONFIG.update(c=100)\nCONFIG['a'] += 1",
            "def extend(settings, n):\n    settings['d'] = n\nextend(CONFIG, 1000)\nextend(OTHER, 1 / 0)",
            "names = ['x']\nnames.append('y'); names += ['z']\nprint(1 / 0)",
            "def predict(x):\n    return [sum(CONFIG.values()), names]",
            "CONFIG.setdefault('e', 10000)",
        )
        self.assertEqual(found, [11112, ["x", "y", "z"]])

    def test_augmented_tuple_starred_and_walrus_assignments(self) -> None:
        found = self.run_kept(
            "total = 1\ntotal += 4",
            "(low, high), *rest = (1, 2), 3, 4",
            "values = [last := n for n in range(high + 3)]",
            "def predict(x):\n    return [total, low, high, rest, last]",
        )
        self.assertEqual(found, [5, 1, 2, [3, 4], 4])

    def test_guarded_imports_and_branches(self) -> None:
        found = self.run_kept(
            "try:\n    import surely_missing as fast\nexcept ImportError:\n    fast = None",
            "import os\nif os.name:\n    factor = 7\nelse:\n    factor = 8",
            "RETRAIN = False\n" + NET,
            "if RETRAIN:\n    model = Net().fit(missing_data)\nelse:\n    model = Net()",
            "if not RETRAIN:\n    extra = 1",
            "def predict(x):\n    return [fast, factor * model(x) + extra]",
        )
        self.assertEqual(found, [None, 22])

    def test_with_blocks_loops_and_comprehensions(self) -> None:
        found = self.run_kept(
            "import io, contextlib",
            "with io.StringIO('a b') as file:\n    words = file.read().split()",
            "index = {word: number for number, word in enumerate(words)}",
            "lengths = {}\nfor word in words:\n    lengths[word] = len(word)",
            "count = 0\nwhile count < 5:\n    count += 1",
            "for unused in iter(int, 1):\n    pass",
            "def predict(x):\n    return [index, lengths, count, [w for w in words]]",
        )
        self.assertEqual(found, [{"a": 0, "b": 1}, {"a": 1, "b": 1}, 5, ["a", "b"]])

    def test_the_last_value_counts_also_when_it_is_bound_after_predict(self) -> None:
        found = self.run_kept(
            NET,
            "model = Net().fit(1)",
            "def predict(x):\n    return model(x) + 1",
            "model = Net()",
        )
        self.assertEqual(found, 4)
        failure = self.refuse("model = abs", "def predict(x):\n    return model(x)", "\n\nmodel = tree.fit(x)")
        self.assertEqual(
            (failure.details["variable"], failure.details["cell"], failure.details["line"]), ("model", 2, 3)
        )

    def test_a_value_is_the_one_of_its_moment(self) -> None:
        found = self.run_kept(
            "factor = 2\ndef times(x):\n    return x * factor",
            "limit = times(10)",
            "factor = tree.fit(x)",
            "def predict(x):\n    return limit",
        )
        self.assertEqual(found, 20)

    def test_magics_between_the_lines(self) -> None:
        found = self.run_kept(
            "%matplotlib inline\nBASE = 1\n!echo hello\nBASE = BASE + 1",
            "%%time\nfiles = !ls\nstep = 10",
            "%%bash\nexit 1",
            "def predict(x):\n    return BASE + step",
        )
        self.assertEqual(found, 12)

    def test_functions_that_assign_globals(self) -> None:
        found = self.run_kept(
            "def setup():\n    global table\n    table = {'k': 5}",
            "setup()",
            "def read_weights():\n    global weight\n    weight = 2",
            "weight = tree.fit(1)",
            "def load():\n    read_weights()",
            "def predict(x):\n    return table['k'] * weight",
        )
        self.assertEqual(found, 10)

    def test_names_that_only_sound_like_training(self) -> None:
        found = self.run_kept(
            "def train_config():\n    return {'k': 1}\ndef split_train(rows):\n    return rows[:1], rows[1:]",
            "config = train_config()\ntrain, test = split_train([1, 2])\ntrain_size = len(train)",
            "def predict(x):\n    return config['k'] + train_size",
        )
        self.assertEqual(found, 2)

    def test_load_may_look_at_what_it_assigns(self) -> None:
        found = self.run_kept(
            "model = None",
            "model = tree.fit(x)",
            "model = None",
            "def load():\n    global model\n    if model is None:\n        model = 4",
            "def predict(x):\n    return model * x",
        )
        self.assertEqual(found, 12)

    def test_what_training_gives_is_named_with_cell_line_and_remedy(self) -> None:
        cases = {
            "model": [NET, "model = Net()\nmodel.fit(1)", "def predict(x):\n    return model(x)"],
            "encoder": ["model = tree.fit(1)", "encoder = wrap(model)", "def predict(x):\n    return encoder(x)"],
            "net": [
                "net = build()\nopt = Adam(net.parameters())",
                "for epoch in range(3):\n    loss = error(net(x), y)\n    loss.backward()\n    opt.step()",
                "def predict(x):\n    return net(x)",
            ],
            "clf": [
                "clf = Forest()\nscaler = Scaler()",
                "pipe = make_pipeline(scaler, clf)\npipe.fit(x, y)",
                "def predict(x):\n    return clf.predict(x)",
            ],
            "weights": [
                "def run_epochs():\n    global weights\n    weights = tree.fit(1)",
                "run_epochs()",
                "def helper(x):\n    return weights",
                "def predict(x):\n    return helper(x)",
            ],
        }
        for name, sources in cases.items():
            with self.subTest(name):
                failure = self.refuse(*sources)
                self.assertEqual(failure.details["variable"], name)
                self.assertRegex(failure.details["message"], rf"`{name}`.*cell \d, line \d.*global {name}")
        labels = ["LABELS = ['a']\nmodel = Net()\ntrain(model, LABELS)", "def predict(x):\n    return LABELS"]
        self.assertEqual(self.run_kept(*labels), ["a"])

    def test_settings_of_the_process_stay(self) -> None:
        kept = self.keep(
            "import os, sys\nos.environ['A_SETTING'] = '1'\nsys.path.insert(0, 'src')\nprint(1)",
            "def predict(x):\n    return x",
        )
        self.assertEqual(kept[0], "import os, sys\nos.environ['A_SETTING'] = '1'\nsys.path.insert(0, 'src')\n")


if __name__ == "__main__":
    unittest.main()
