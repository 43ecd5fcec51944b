"""Whether an edit leaves what a training did as it was: the proof alone, and runs over the state of an earlier one."""

from __future__ import annotations

import importlib
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "resources/runtime"))
from slipway_train import reuse
from slipway_train.reuse_rules import NotProven
from train_harness import TrainCase, cell

IMPORTS = "import math\nimport pandas as pd"
TRAIN = "model = fit(rows)"
HELPER = "def helper(x):\n    return x + 1"
PREDICT = "def predict(x: list) -> list:\n    return [model, helper(x)]"
SAMPLE = "sample_input = [1]"
BASE = [IMPORTS, TRAIN, HELPER, PREDICT, SAMPLE]


def plan(before: list[str], after: list[str], held: Any = ("model", "helper"), example: str | None = None) -> Any:
    """The plan for cells of these sources."""
    cells = [[{"source": source, "tags": []} for source in one] for one in (after, before)]
    return reuse.plan(cells[0], cells[1], "predict", set(held), example)


class ProofTest(unittest.TestCase):
    def proves(self, after: list[str], before: list[str] = BASE, **options: Any) -> Any:
        """The plan, which the edit has."""
        return plan(before, after, **options)

    def refuses(self, edit: tuple[str, str], *more: str, at: int | None = None, **options: Any) -> str:
        """Why an edit of BASE with more cells has no proof. The cells are added at the end, or before cell `at`."""
        place = len(BASE) if at is None else at
        before = [*BASE[:place], *more, *BASE[place:]]
        after = [source.replace(*edit) for source in before]
        self.assertNotEqual(after, before)
        with self.assertRaises(NotProven) as caught:
            plan(before, after, **options)
        return str(caught.exception)

    def edited(self, source: str, **options: Any) -> Any:
        """The plan when `predict` is replaced."""
        return self.proves([IMPORTS, TRAIN, HELPER, source, SAMPLE], **options)

    def test_a_changed_function_runs_again_over_what_was_trained(self) -> None:
        found = self.edited(PREDICT.replace("helper(x)", "helper(x) * 2"))
        self.assertEqual(found.wanted, {"model"})
        self.assertEqual(found.cells[:3], [None, None, HELPER])
        self.assertEqual(found.cells[4], None)

    def test_comments_blank_lines_docstrings_and_new_helpers(self) -> None:
        source = (
            '"""The model."""\n'
            + PREDICT.replace("helper", "twice")
            + "\n# done\ndef twice(x):\n    return 2 * math.pi"
        )
        found = self.proves([IMPORTS, "# fits\n" + TRAIN, HELPER, source, SAMPLE])
        self.assertEqual((found.wanted, found.cells[0], found.cells[1]), ({"model"}, "import math\n", None))

    def test_moved_and_split_cells(self) -> None:
        found = self.proves([IMPORTS, PREDICT.replace("[model", "[[model]"), TRAIN + "\n" + HELPER, SAMPLE])
        self.assertEqual(found.wanted, {"model"})
        # What ran between may have called it.
        with self.assertRaises(NotProven):
            self.proves([IMPORTS, HELPER, TRAIN, PREDICT, SAMPLE])

    def test_an_added_import_of_the_standard_library(self) -> None:
        found = self.edited("import json\n" + PREDICT.replace("helper(x)", "json.dumps(x)"))
        self.assertEqual(found.wanted, {"model"})
        self.assertIn("import json", found.cells[3])
        with self.assertRaises(NotProven):
            self.edited("import seaborn\n" + PREDICT)
        with self.assertRaises(NotProven):
            self.edited("from os import *\n" + PREDICT)

    def test_trials_at_the_end_run_again(self) -> None:
        tries = [*BASE, "answer = predict(sample_input)\nprint(answer[0], len(answer))", "predict(sample_input)"]
        quiet = [source.replace("fit(rows)", "fit(rows)") for source in tries]
        found = self.proves([one.replace("x + 1", "x + 2") for one in quiet], tries, example="sample_input")
        self.assertEqual(found.cells[5:], tries[5:])
        self.assertEqual(found.cells[4], None)

    def test_what_ran_and_uses_nothing_that_changed(self) -> None:
        for harmless in [
            "rows = [other(1)]",
            "class Layer(Base):\n    def forward(self):\n        return other(1)\nlayer = Layer()",
            "@cached\ndef other(x, y=rows):\n    global count\n    return 1",
            "frame = rows.query('a > 1').apply('mean')\nprint('helper is next', model.modules())",
            "%matplotlib inline\nfrom IPython.display import display\ndisplay(rows)",
            "if __name__ == '__main__':\n    rows = [1]",
            "import json\nrows = json.loads('[1]')\nfrom sklearn.datasets import load_iris\niris = load_iris()",
            "%%time\nrows = [1 for _ in range(3)]",
        ]:
            before = [*BASE[:3], harmless, *BASE[3:]]
            with self.subTest(harmless):
                found = self.proves([one.replace("x + 1", "x + 2") for one in before], before)
                self.assertEqual(found.cells[3], None)

    def test_everything_that_runs_must_be_as_it_was(self) -> None:
        for edit in [("fit(rows)", "fit(rows, 2)"), ("[1]", "[2]"), ("import math", "import math\nimport rows")]:
            with self.subTest(edit):
                self.refuses(edit)

    def test_what_training_uses_is_no_definition_of_its_own(self) -> None:
        uses = [
            "rows = [helper(1)]",
            "best = max(rows, key=helper)",
            "def prepare(rows):\n    return [helper(row) for row in rows]\nrows = prepare([1])",
            "@helper\ndef other():\n    pass",
            "class Scaler:\n    def fit(self):\n        return helper(1)\nscaler = Scaler().fit()",
            "class Layer(Base):\n    def forward(self):\n        return helper(1)",
            "class Size:\n    size = helper(1)",
            "def other(x, y=helper(1)):\n    pass",
            "def other(x: helper(1)):\n    pass",
            "loss = lambda x: helper(x)",
            "rows = [helper]",
            "table = {'f': helper}",
            "helper.cache = {}",
            "helper = wrap(helper)",
            "if rows:\n    def helper(x):\n        return 0",
            "try:\n    rows = helper(2)\nexcept ValueError:\n    rows = None",
            "with open('a') as file:\n    rows = helper(file)",
            "for row in map(helper, rows):\n    pass",
            "rows = [(lambda: helper)() for _ in range(3)]",
            "async def main():\n    return helper(1)\nrows = await main()",
            "frame = pd.eval('helper(1)')",
            "frame = rows.query('a > @helper(b)')",
            "frame = rows.apply('helper')",
            "fitted = ols('y ~ helper(x)', rows)",
            "import functools\nstep = functools.partial(helper, 1)",
            "del helper",
        ]
        for use in uses:
            with self.subTest(use):
                self.refuses(("x + 1", "x + 2"), use, at=3)

    def test_code_that_reaches_names_without_naming_them(self) -> None:
        ways = [
            "rows = globals()['hel' + 'per'](1)",
            "exec('rows = hel' + 'per(1)')",
            "rows = eval(text)",
            "import sys\nrows = vars(sys.modules['__main__'])",
            "from sys import modules",
            "import __main__",
            "import inspect\nprint(inspect.getsource(predict))",
            "rows = fit.__globals__",
            "import importlib",
            "get_ipython().run_cell('1')",
            "rows = Out[3]",
            "rows = _",
            "rows = _3",
            "%run other.ipynb",
            "%timeit fit(rows)",
            "!python other.py",
            "%%bash\nls",
            "from helpers import *",
            "import sys\nframe = sys._getframe(0)",
            "import gc\nall = gc.get_objects()",
            "import doctest\ndoctest.testmod()",
            "frame = rows.query(text)",
            "import sys\nsys.path.insert(0, 'lib')",
            "import os\nos.environ['A'] = '1'",
            "rows = [one for one in locals()]",
            "steps = find('__main__.helper')",
            "import joblib\nrows = joblib.load('words.pkl')",
            "import pickle\nrows = pickle.loads(text)",
            "from torch import load\nrows = load('a')",
        ]
        for way in ways:
            with self.subTest(way):
                self.refuses(("x + 1", "x + 2"), way, at=1)

    def test_what_shadows_a_name_that_training_uses(self) -> None:
        self.refuses((HELPER, HELPER + "\ndef fit(rows):\n    return 0"))
        self.refuses((HELPER, HELPER + "\ndef rows():\n    return 0"))
        self.refuses(("import math", "import math\nimport json as fit"))
        self.refuses((HELPER, HELPER + "\ndef __getattr__(name):\n    return 0"))
        self.refuses((HELPER, HELPER + "\ndef helper(x):\n    return 3"))

    def test_definitions_that_depend_on_their_moment(self) -> None:
        for source in [
            PREDICT.replace("x: list", "x: list, k=model"),
            PREDICT.replace("x: list", "x: list, *, k=[]"),
            PREDICT.replace("x: list", "x: model"),
            PREDICT.replace("-> list", "-> make(list)"),
            "@cached\n" + PREDICT,
            PREDICT.replace("    return", "    global model\n    model = 2\n    return"),
        ]:
            with self.subTest(source), self.assertRaises(NotProven):
                self.edited(source)

    def test_definitions_that_did_something_as_they_were_made(self) -> None:
        for source in ["def other(x=rows.pop()):\n    return 1", "def other(x: rows.pop()):\n    return 1"]:
            with self.subTest(source), self.assertRaises(NotProven):
                self.proves([*BASE, "def other(x):\n    return 1"], [*BASE, source])

    def test_functions_that_are_more_than_their_definition(self) -> None:
        uses = [
            "helper.cache = {}",
            "setattr(helper, 'cache', {})",
            "register(helper)",
            "def setup():\n    helper.calls = 0\nsetup()",
            "hooks = [helper]",
        ]
        after = PREDICT.replace("helper(x)", "helper(math.floor(x))")
        for use in uses:
            before = [*BASE[:3], use, *BASE[3:]]
            with self.subTest(use), self.assertRaises(NotProven):
                self.proves(
                    [after if one == PREDICT else one for one in before], before, held=["model", "helper", "math"]
                )
        for name in ("helper", "math"):
            # Its last value was kept.
            before = [*BASE[:3], f"def setup():\n    global {name}\n    {name} = fake\nsetup()", *BASE[3:]]
            found = self.proves(
                [after if one == PREDICT else one for one in before], before, held=["model", "helper", "math"]
            )
            self.assertEqual(found.wanted, {"model", name})
        fine = "rows = [helper(1), *map(helper, [1]), max(rows, key=helper)]\ntexts = frame.text.apply(helper)"
        before = [*BASE[:3], fine, *BASE[3:]]
        self.proves([after if one == PREDICT else one for one in before], before)

    def test_annotations_that_name_by_text(self) -> None:
        with self.assertRaises(NotProven):
            self.edited(PREDICT.replace("x: list", "x: 'pd.DataFrame'"))

    def test_a_module_of_the_project_with_a_name_of_pythons(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(sys.modules):
            sys.modules.pop("calendar", None)
            (Path(folder) / "calendar.py").write_text("")
            sys.path.insert(0, folder)
            try:
                with self.assertRaises(NotProven):
                    self.edited("import calendar\n" + PREDICT)
            finally:
                sys.path.remove(folder)
                importlib.invalidate_caches()
        self.edited("import calendar\n" + PREDICT)

    def test_a_builtin_that_the_notebook_binds_is_none(self) -> None:
        self.refuses(("return [model", "return [2, model"), "list = dict", at=1)

    def test_values_that_were_not_kept(self) -> None:
        with self.assertRaises(NotProven):
            self.edited(PREDICT.replace("model", "rows"))
        with self.assertRaises(NotProven):
            self.edited(PREDICT, held=[])
        with self.assertRaises(NotProven):
            self.edited(PREDICT.replace("model", "unheard_of"))

    def test_trials_that_may_have_changed_something(self) -> None:
        cases = [
            ("return x + 1", "return rows.append(x)"),
            ("return x + 1", "x[0] = 2"),
            ("return x + 1", "return model.fit(x)"),
            ("return x + 1", "return model(x)"),
        ]
        for edit in cases:
            with self.subTest(edit), self.assertRaises(NotProven):
                before = [source.replace(*edit) for source in [*BASE, "predict(sample_input)"]]
                plan(before, [*BASE, "predict(sample_input)"], example="sample_input")
        for trial in ["model.score(predict(sample_input))", "assert predict(sample_input)", "model = predict([1])"]:
            with self.subTest(trial):
                self.refuses(("x + 1", "x + 2"), trial, example="sample_input")
        self.refuses(("x + 1", "x + 2"), "print(helper(1))", "later = fit(2)")
        self.refuses(("x + 1", "x + 2"), "sample_input = helper(1)")
        self.refuses(("x + 1", "x + 2"), "print(helper(test_rows))")


class ReuseTest(TrainCase):
    cells = [
        cell("import math", identity="imports"),
        cell(
            "from pathlib import Path\ncount = len(Path('runs').read_text()) if Path('runs').exists() else 0",
            identity="a",
        ),
        cell("Path('runs').write_text('x' * (count + 1))\nmodel = {'w': [count] * 3}\nunused = 5", identity="train"),
        cell("def predict(x: float) -> list:\n    return [model['w'][0], x]", identity="predict"),
        cell("sample_input = 2.0\npredict(sample_input)", identity="example"),
    ]

    def train_again(self, edit: tuple[str, str]) -> Any:
        """Run after an edit over what the last run left."""
        self.folder.joinpath("earlier").mkdir()
        for name in ("artifact", "executed.ipynb"):
            self.folder.joinpath(name).rename(self.folder / "earlier" / name)
        cells = [{**one, "source": one["source"].replace(*edit)} for one in self.cells]
        return self.run_cells(cells, previous=str(self.folder / "earlier"))

    def answer(self) -> Any:
        """What the snapshot answers to its example."""
        return self.unpickle("s['predict'](s['example'])")

    def test_only_definitions_run_and_the_state_stays(self) -> None:
        self.assertEqual(self.run_cells(self.cells).status, 0)
        result = self.train_again(("[0], x]", "[0], math.floor(x) * 10]"))
        self.assertEqual(result.status, 0, result.events)
        self.assertNotIn("why", result.one("resumed"))
        states = {item["id"]: item["state"] for item in result.all("cell")}
        self.assertEqual(
            (states["train"], states["predict"], states["example"]), ("skipped", "done", "done"), result.events
        )
        self.assertEqual((self.project / "runs").read_text(), "x")
        self.assertEqual(self.answer(), [0, 20])
        self.assertEqual(result.one("done")["artifact"]["example"]["source"], "variable sample_input")

    def test_an_example_that_a_tag_names(self) -> None:
        tagged = cell("given = 2.0\npredict(given)", "example", identity="example")
        self.cells = [*self.cells[:4], tagged, cell("print(predict(given))", identity="tries")]
        self.assertEqual(self.run_cells(self.cells).status, 0)
        result = self.train_again(("[0], x]", "[0], 3 * x]"))
        self.assertEqual(result.status, 0, result.events)
        self.assertNotIn("why", result.one("resumed"))
        self.assertEqual(self.answer(), [0, 6.0])
        self.assertEqual(result.one("done")["artifact"]["example"]["source"], "cell tag 'example'")

    def test_what_is_not_proven_is_trained(self) -> None:
        self.assertEqual(self.run_cells(self.cells).status, 0)
        result = self.train_again(("model['w'][0], x", "model['w'][0], x, unused"))
        self.assertEqual((result.status, result.one("resumed")["why"]), (0, "unused was not kept"))
        self.assertEqual(self.answer(), [1, 2.0, 5])

    def test_a_state_that_cannot_be_read_ends_the_run(self) -> None:
        self.assertEqual(self.run_cells(self.cells).status, 0)
        (self.folder / "artifact" / "snapshot.pkl").write_bytes(b"broken")
        result = self.train_again(("[0], x]", "[0], 3]"))
        self.assertEqual(result.one("failed")["code"], "NotReusable")


if __name__ == "__main__":
    unittest.main()
