"""The inspector's reading of cells: magics, installs, names, imports. Tables of small cases."""

from __future__ import annotations

import ast
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "resources/runtime"))

from slipway_inspect.imports import extension_imports, find_imports, find_imports_by_text, implied_imports
from slipway_inspect.magics import strip_magics
from slipway_inspect.pip_args import parse_installs
from slipway_inspect.syntax import Aliases, looks_like_python_2
from slipway_inspect.timeline import Timeline


class Magics(unittest.TestCase):
    def test_plain_python_with_the_same_lines(self) -> None:
        cases = {
            "%matplotlib inline\nx = 1": "pass\nx = 1",
            "!ls -la\nx = 1": "pass\nx = 1",
            "files = !ls": "files = None",
            "a, b = !cmd": "a, b = None",
            "took = %timeit -o f(x)": "took = (f(x))",
            "%time model.fit(X)": "model.fit(X)",
            "df.head?": "pass",
            "??df": "pass",
            "if x:\n    !ls\n    y = 1": "if x:\n    pass\n    y = 1",
            "pip install numpy\nx = 1": "pass\nx = 1",
            "!pip install a \\\n  b\nx = 1": "pass\n\nx = 1",
            "s = '''\n%not_magic\n!nor this\n'''\n%matplotlib inline": "s = '''\n%not_magic\n!nor this\n'''\npass",
            "x = (5\n  % 3)\n!ls": "x = (5\n  % 3)\npass",
            "%%time\nx = 1": "pass\nx = 1",
            "%%capture out\nx = 1": "out = None\nx = 1",
            "%%bash\nrm -rf /": "\n",
            "%%html\n<b>": "\n",
            ">>> x = 1\n... \n>>> y": "x = 1\n\ny",
            "  x = 1\n  y = 2\n  !ls": "x = 1\ny = 2\npass",
            "": "",
        }
        for source, expected in cases.items():
            with self.subTest(source):
                self.assertEqual(strip_magics(source).source, expected)

    def test_magics_that_inject_names_are_told(self) -> None:
        self.assertTrue(strip_magics("%run other.py").injects)
        self.assertTrue(strip_magics("%pylab inline").injects)
        self.assertFalse(strip_magics("%matplotlib inline").injects)

    def test_altered_lines_are_told(self) -> None:
        self.assertEqual(strip_magics("x = 1\n%time y = 2\nz = 3\n").altered, {2})


class Installs(unittest.TestCase):
    def test_requirements(self) -> None:
        cases = {
            "pip install a b==1": (["a", "b==1"], [], []),
            "!pip3 install -q -U 'a>=1,<2' # why": (["a>=1,<2"], [], []),
            "%pip install --index-url https://i/simple a": (["a"], [], []),
            "!{sys.executable} -m pip install a[x]": (["a[x]"], [], []),
            "!python3 -m pip install a": (["a"], [], []),
            "!uv pip install --system a": (["a"], [], []),
            "pip install -r req.txt -c con.txt a": (["a"], ["req.txt"], []),
            "pip install -rreq.txt": ([], ["req.txt"], []),
            "pip install git+https://h/x ./w.whl": ([], [], ["git+https://h/x", "./w.whl"]),
            "apt-get update && pip install a && pip install b": (["a", "b"], [], []),
            "pip install a==$VERSION": ([], [], ["a==$VERSION"]),
            "pip install a > /dev/null 2>&1": (["a"], [], []),
            "pip install 'unclosed": ([], [], ["'unclosed"]),
            "conda install -c conda-forge -y c::a=1.2 b": (["a=1.2", "b"], [], []),
            "pip list": ([], [], []),
            "echo pip install a": ([], [], []),
        }
        for command, expected in cases.items():
            with self.subTest(command):
                found = parse_installs(command)
                requirements = [one for install in found for one in install.requirements]
                files = [one for install in found for one in install.files]
                other = [one for install in found for one in install.other]
                self.assertEqual((requirements, files, other), expected)


class Names(unittest.TestCase):
    def problems(self, *cells: str) -> list[tuple[str, int, int | None]]:
        timeline = Timeline()
        for index, cell in enumerate(cells):
            stripped = strip_magics(cell)
            try:
                tree = ast.parse(stripped.source)
            except SyntaxError:
                tree = None
            timeline.run(index, tree, stripped.injects)
        return [(one["name"], one["cell"], one["definedCell"]) for one in timeline.problems()]

    def test_problems(self) -> None:
        cases: dict[tuple[str, ...], list[tuple[str, int, int | None]]] = {
            ("print(x)", "x = 1"): [("x", 0, 1)],
            ("f(1)", "def f(a):\n    return a"): [("f", 0, 1)],
            ("def f():\n    return y", "f()", "y = 1"): [("y", 1, 2)],
            ("def g():\n    return y\ndef f():\n    return g()", "f()", "y = 1"): [("y", 1, 2)],
            ("del x",): [("x", 0, None)],
            ("x = 1\ndel x", "print(x)"): [("x", 1, 0)],
            ("x += 1", "x = 1"): [("x", 0, 1)],
            ("x: int", "print(x)"): [("x", 1, None)],
            ("class A(Base):\n    pass", "class Base: pass"): [("Base", 0, 1)],
            ("def f(a=late):\n    pass", "late = 1"): [("late", 0, 1)],
            ("def f():\n    return never",): [("never", 0, None)],
            ("rows = [r for r in rows]",): [("rows", 0, 0)],
        }
        for cells, expected in cases.items():
            with self.subTest(cells):
                self.assertEqual(self.problems(*cells), expected)

    def test_no_false_alarms(self) -> None:
        cases = [
            ("def f():\n    return y", "y = 1", "f()"),
            ("xs = [1]\n[a for a in xs if a]\n{k: v for k, v in zip(xs, xs)}",),
            ("[b for a in [[1]] for b in a]",),
            ("g = lambda q: q + later", "later = 1", "g(1)"),
            ("from m import *", "print(anything)"),
            ("%run setup.ipynb", "print(anything)"),
            ("try:\n    x\nexcept NameError:\n    x = 1",),
            ("if 'm' not in globals():\n    m = 1\nprint(m)",),
            ("for i in range(3):\n    pass\nprint(i)",),
            ("with open('f') as f:\n    pass\nprint(f)",),
            ("try:\n    pass\nexcept ValueError as e:\n    print(e)",),
            ("display(1)\nget_ipython()\nprint(_, __name__, In, Out, _3)",),
            ("if (n := 3) > 2:\n    print(n)",),
            ("def f():\n    global made\n    made = 1", "f()\nprint(made)"),
            ("class A:\n    n = 1\n    def m(self):\n        return self.n + A.n\nA().m()",),
            ("import os.path\nos.path.join('a')",),
            ("import numpy as np, os\nnp, os",),
            ("x = !ls\nprint(x)",),
            ("a, (b, *c) = 1, (2, 3)\nprint(a, b, c)",),
            (
                "def outer():\n    k = 1\n    def inner():\n        nonlocal k\n        k = 2\n        return k\n    return inner",
            ),
            ("print 'two'", "print(anything)"),
            ("ls",),
            ("async def f():\n    await g()\nasync def g(): pass",),
        ]
        for cells in cases:
            with self.subTest(cells):
                self.assertEqual(self.problems(*cells), [])

    @unittest.skipIf(sys.version_info < (3, 10), "match statements came with 3.10")
    def test_match_statement_binds(self) -> None:
        self.assertEqual(self.problems("match [1, 2]:\n    case [a, *rest]:\n        print(a, rest)"), [])


class Imports(unittest.TestCase):
    def modules(self, source: str) -> list[tuple[str, bool]]:
        return [(fact["module"], fact["optional"]) for fact in find_imports(ast.parse(source))]

    def test_optional_imports(self) -> None:
        cases = {
            "import a.b, c as d": [("a.b", False), ("c", False)],
            "try:\n    import a\nexcept ImportError:\n    import b": [("a", True), ("b", True)],
            "try:\n    import a\nexcept (ValueError, ModuleNotFoundError):\n    a = None": [("a", True)],
            "try:\n    import a\nexcept ValueError:\n    pass": [("a", False)],
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a": [("typing", False), ("a", True)],
            "def f():\n    import a": [("a", False)],
            "import importlib\nimportlib.import_module('a.b')": [("importlib", False), ("a.b", False)],
            "__import__('a')": [("a", False)],
            "__import__(name)": [],
        }
        for source, expected in cases.items():
            with self.subTest(source):
                self.assertEqual(self.modules(source), expected)

    def test_by_text_where_code_does_not_parse(self) -> None:
        source = "import os, json as j\nfrom a.b import c, d\nprint 'x'\n#import no"
        self.assertEqual([one["module"] for one in find_imports_by_text(source)], ["os", "json", "a.b"])

    def test_implied(self) -> None:
        cases = {
            "import pandas as pd\npd.read_excel('a.xlsx')": ["openpyxl"],
            "import pandas as pd\npd.read_excel('a.xls')": ["xlrd"],
            "import pandas as pd\npd.read_parquet('a')": ["pyarrow"],
            "from sklearn.datasets import load_iris\nload_iris(as_frame=True)": ["pandas"],
            "import pandas as pd\npd.read_csv('a')": [],
            "import matplotlib.pyplot as plt\nimport pandas\nplt.plot([1])": [],
        }
        for source, expected in cases.items():
            with self.subTest(source):
                tree, aliases = ast.parse(source), Aliases()
                aliases.learn(tree)
                self.assertEqual([one["module"] for one in implied_imports(tree, aliases)], expected)

    def test_load_ext(self) -> None:
        facts = extension_imports([("load_ext", "%load_ext tensorboard", 1), ("load_ext", "%load_ext autoreload", 2)])
        self.assertEqual([one["module"] for one in facts], ["tensorboard"])


class Python2(unittest.TestCase):
    def test_marks(self) -> None:
        for source in ("print 'a'", "print x", "except ValueError, e:", "exec 'x'", "a <> b", "raise E, 'x'"):
            with self.subTest(source):
                self.assertTrue(looks_like_python_2(source))
        for source in ("print('a')", "x = (1", "except ValueError as e:"):
            with self.subTest(source):
                self.assertFalse(looks_like_python_2(source))


if __name__ == "__main__":
    unittest.main()
