"""The inspector's facts of projects: paths, secrets, modules, packages, notebooks; nothing of the user's runs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).parents[2] / "resources/runtime"
sys.path.insert(0, str(RUNTIME))

from slipway_inspect.apps import find_apps
from slipway_inspect.facts import inspect
from slipway_inspect.packages import installed_for
from slipway_inspect.paths import PathFinder, kind_of
from slipway_inspect.secret_scan import redact, scan_source, scan_text
from slipway_inspect.syntax import Aliases

# Put together here, so that no scanner finds a key in the repository.
KEYS = {
    "AWS access key id": "AKIA" + "J3QX7ZP2LM5N8RTV",
    "OpenAI key": "sk-" + "Zx81kQ0aP77mnB3vT5yWc2Le",
    "Anthropic key": "sk-" + "ant-api03-Zx81kQ0aP77mnB3vT5yWc2Le",
    "GitHub token": "ghp" + "_a8Bc2De4Fg6Hi8Jk0Lm2No4Pq6Rs8Tu0Vw2X",
    "Hugging Face token": "hf" + "_aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567",
    "Slack token": "xoxb" + "-123456789012-abcdefGHIJKL",
    "Google API key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password in a URL": "postgres://me:" + "hunter2x@db.acme.org/x",
}


def cell_notebook(*cells: Any, **metadata: Any) -> str:
    made = [cell if isinstance(cell, dict) else {"source": cell} for cell in cells]
    full = [{"cell_type": "code", "metadata": {}, "outputs": [], "id": f"c{i}", **cell} for i, cell in enumerate(made)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": full})


class Project(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def facts(self, *notebooks: str, modules: list[str] | None = None) -> dict[str, Any]:
        return inspect({"root": str(self.root), "notebooks": list(notebooks), "modules": modules or []})


class LocalModules(Project):
    def test_python_s_own_order_of_search(self) -> None:
        self.write("utils.py", "import yaml\n")
        self.write("pkg/__init__.py", "from . import inner\n")
        self.write("pkg/inner.py", "from .deep.more import x\nfrom ..nothing import y\n")
        self.write("pkg/deep/more.py", "x = 1\n")
        self.write("space/part.py", "import numpy\n")
        self.write("datasets/readme.txt", "no code\n")
        self.write("src/shop.py", "")
        source = (
            "import utils\nimport pkg\nfrom space import part\nfrom datasets import load_dataset\nimport shop, json"
        )
        self.write("a.ipynb", cell_notebook(source))
        facts = self.facts("a.ipynb")
        files = {fact["module"]: fact["files"] for fact in facts["notebooks"][0]["imports"]}
        expected = {
            "utils": ["utils.py"],
            "pkg": ["pkg/__init__.py"],
            "space": ["space/part.py"],
            "datasets": [],
            "shop": ["src/shop.py"],
            "json": [],
        }
        self.assertEqual(files, expected)
        paths = sorted(module["path"] for module in facts["modules"])
        self.assertEqual(
            paths, ["pkg/__init__.py", "pkg/deep/more.py", "pkg/inner.py", "space/part.py", "src/shop.py", "utils.py"]
        )

    def test_a_cycle_of_imports_ends(self) -> None:
        self.write("a.py", "import b\n")
        self.write("b.py", "import a\n")
        self.write("n.ipynb", cell_notebook("import a"))
        self.assertEqual([one["path"] for one in self.facts("n.ipynb")["modules"]], ["a.py", "b.py"])

    def test_sys_path_outside_the_project(self) -> None:
        self.write("lib/outer.py", "")
        self.write("project/n.ipynb", cell_notebook("import sys\nsys.path.append('../lib')\nimport outer"))
        facts = inspect({"root": str(self.root / "project"), "notebooks": ["n.ipynb"]})
        self.assertEqual([(one["path"], one["inside"]) for one in facts["modules"]], [("../lib/outer.py", False)])


class Paths(Project):
    def test_kinds(self) -> None:
        cases = {
            "/content/drive/x": "colab",
            "/kaggle/input/x.csv": "kaggle",
            "../input/x.csv": "kaggle",
            "C:\\data\\x.csv": "windows",
            "~/x.csv": "home",
            "/home/me/x.csv": "absolute",
            "/mnt/x": "absolute",
            "s3://b/x": "url",
            "data/x.csv": "relative",
            "/predict": "relative",
            "/": "relative",
        }
        for path, kind in cases.items():
            with self.subTest(path):
                self.assertEqual(kind_of(path), kind)

    def test_constants_are_carried(self) -> None:
        source = (
            "import os\nfrom pathlib import Path\nimport pandas as pd\nROOT = Path('data')\nNAME = 'x'\n"
            "pd.read_csv(ROOT / 'a.csv')\npd.read_csv(os.path.join('data', f'{NAME}.csv'))\n"
            "open('data/' + NAME + '.txt', 'w')"
        )
        tree, aliases = ast.parse(source), Aliases()
        aliases.learn(tree)
        finder = PathFinder(aliases)
        finder.scan(tree, None)
        used = [(fact["path"], fact["mode"]) for fact in finder.found if fact["mode"] != "mention"]
        self.assertEqual(used, [("data/a.csv", "read"), ("data/x.csv", "read"), ("data/x.txt", "write")])

    def test_existing_files_and_suggestions(self) -> None:
        self.write("data/x.csv", "")
        cell = (
            "import pandas as pd\npd.read_csv('data/x.csv')\npd.read_csv('/home/me/old/data/x.csv')\n"
            "load('data/x.csv')\nload('no.csv')"
        )
        self.write("nb/n.ipynb", cell_notebook(cell))
        paths = self.facts("nb/n.ipynb")["notebooks"][0]["paths"]
        found = [(fact["path"], fact["mode"], fact["file"], fact["suggestion"]) for fact in paths]
        expected = [
            ("data/x.csv", "read", "data/x.csv", None),
            ("/home/me/old/data/x.csv", "read", None, "../data/x.csv"),
            ("data/x.csv", "mention", "data/x.csv", None),
        ]
        self.assertEqual(found, expected)


class Secrets(unittest.TestCase):
    def test_known_forms(self) -> None:
        for kind, key in KEYS.items():
            with self.subTest(kind):
                source = f"connect('{key}')"
                found = scan_source(source, ast.parse(source))
                self.assertEqual([one["kind"] for one in found], [kind])
                self.assertEqual(scan_text(f"log {key} end"), kind)
                self.assertNotIn(key, json.dumps(found))
                self.assertNotIn(key, redact(f"!curl {key}"))

    def test_names(self) -> None:
        secret = [
            "password = 'hunter2x'",
            "db_password='abcd1'",
            "API_KEY = 'q8w7e6r5t4y3u2i1'",
            "connect(token='q8w7e6r5t4y3u2i1')",
            "{'client_secret': 'q8w7e6r5t4y3u2i1'}",
            "os.environ['MY_TOKEN'] = 'q8w7e6r5t4y3u2i1'",
        ]
        plain = [
            "password = 'your_password'",
            "password = ''",
            "password = os.environ['P']",
            "token = '<pad>'",
            "pad_token = 'q8w7e6r5t4y3u2i1'",
            "token_pattern = 'abcdefghij123456'",
            "API_KEY = 'xxxxxxxxxxxxxxxx'",
            "key = 'price_per_unit_2020'",
            "max_tokens = '1234567890abcdef'",
            "tokenizer = 'distilbert-base-uncased'",
            "sort_key = 'a1b2c3d4e5f6g7h8'",
        ]
        for source in secret:
            with self.subTest(source):
                self.assertEqual(len(scan_source(source, ast.parse(source))), 1)
        for source in plain:
            with self.subTest(source):
                self.assertEqual(scan_source(source, ast.parse(source)), [])

    def test_env_magic_and_comments(self) -> None:
        key = KEYS["OpenAI key"]
        self.assertEqual([one["form"] for one in scan_source(f"%env OPENAI_API_KEY={key}", None)], ["env"])
        self.assertEqual([one["form"] for one in scan_source(f"# {key}", ast.parse(""))], ["text"])
        self.assertEqual(redact(f"%env OPENAI_API_KEY={key}"), "%env OPENAI_API_KEY=…")


class Apps(unittest.TestCase):
    def test_applications(self) -> None:
        cases = {
            "from fastapi import FastAPI\napp = FastAPI()": [("app", "asgi")],
            "import fastapi as f\nx = f.FastAPI()\napp = f.FastAPI()": [("app", "asgi"), ("x", "asgi")],
            "from flask import Flask\nserver = Flask(__name__)": [("server", "wsgi")],
            "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()": [
                ("application", "asgi")
            ],
            "async def app(scope, receive, send):\n    pass": [("app", "asgi")],
            "def app(environ, start_response):\n    pass": [("app", "wsgi")],
            "def make():\n    from flask import Flask\n    return Flask('x')": [],
            "class FastAPI: pass\napp = FastAPI()": [],
        }
        for source, expected in cases.items():
            with self.subTest(source):
                tree, aliases = ast.parse(source), Aliases()
                aliases.learn(tree)
                self.assertEqual([(one["attribute"], one["protocol"]) for one in find_apps(tree, aliases)], expected)


class Notebooks(Project):
    def test_recorded_executions(self) -> None:
        colab = {"executionInfo": {"elapsed": 1500, "timestamp": 1612345678901}}
        lab = {
            "execution": {
                "iopub.execute_input": "2021-05-01T10:00:00.123456Z",
                "shell.execute_reply": "2021-05-01T10:00:02.123456Z",
            }
        }
        papermill = {"papermill": {"start_time": "2020-01-01T00:00:00.5", "end_time": "2020-01-01T00:00:01"}}
        cells = [{"source": "x = 1", "metadata": metadata} for metadata in (colab, lab, papermill, {"execution": 3})]
        self.write("n.ipynb", cell_notebook(*cells))
        recorded = [cell["recorded"] for cell in self.facts("n.ipynb")["notebooks"][0]["cells"]]
        self.assertEqual([one and one["seconds"] for one in recorded], [1.5, 2.0, 0.5, None])

    def test_ids_and_versions(self) -> None:
        self.write("n.ipynb", cell_notebook({"source": "x", "id": ""}, "y", language_info={"version": "3.9.1"}))
        facts = self.facts("n.ipynb")["notebooks"][0]
        self.assertEqual([cell["id"] for cell in facts["cells"]], ["cell-0", "c1"])
        self.assertEqual(facts["pythonVersion"], "3.9.1")

    def test_unreadable_files_are_facts(self) -> None:
        self.write("broken.ipynb", '{\n"cells": [}')
        self.write("list.ipynb", "[]")
        self.write("deep.ipynb", "[" * 100_000)
        (self.root / "latin.ipynb").write_bytes(b'{"cells": "\xff"}')
        facts = self.facts("broken.ipynb", "list.ipynb", "deep.ipynb", "latin.ipynb", "missing.ipynb")["notebooks"]
        codes = [one["error"]["code"] for one in facts]
        self.assertEqual(
            codes,
            ["NotebookUnreadable", "NotANotebook", "NotebookUnreadable", "NotebookUnreadable", "NotebookUnreadable"],
        )
        self.assertEqual(facts[0]["error"]["line"], 2)

    def test_strange_cells_do_not_break_it(self) -> None:
        cells: list[Any] = [
            "\x00",
            "(" * 5000,
            {"source": 3},
            {"source": ["a = 1\n", 5, "b = 2"], "metadata": None, "outputs": "x"},
            "x = 1\r\ny = 2",
        ]
        self.write("n.ipynb", cell_notebook(*cells))
        facts = self.facts("n.ipynb")["notebooks"][0]
        self.assertIsNone(facts["error"])
        self.assertEqual([one["cell"] for one in facts["syntax"]], ["c0", "c1"])

    def test_huge_outputs_are_read_in_part(self) -> None:
        text = "x" * 3_000_000 + KEYS["OpenAI key"]
        output = {"output_type": "stream", "name": "stdout", "text": text}
        self.write("n.ipynb", cell_notebook({"source": "x = 1", "outputs": [output]}))
        answer = self.facts("n.ipynb")
        self.assertLess(len(json.dumps(answer)), 20_000)

    def test_a_definition_that_can_move_is_offered(self) -> None:
        self.write("n.ipynb", cell_notebook("import os", "f(1)", "x = 2\n@str\ndef f(a):\n    return os\n"))
        problem = self.facts("n.ipynb")["notebooks"][0]["undefined"][0]
        self.assertEqual(problem["move"], {"line": 2, "endLine": 4, "text": "@str\ndef f(a):\n    return os"})
        self.assertEqual(problem["before"], "c0")


class Program(Project):
    def test_nothing_of_the_project_runs_and_its_names_shadow_nothing(self) -> None:
        marker = self.root / "ran"
        evil = f"open({str(marker)!r}, 'w').close()\n"
        for name in ("ast.py", "json.py", "helpers.py", "sitecustomize.py"):
            self.write(name, evil)
        self.write("n.ipynb", cell_notebook(f"import helpers, json\n{evil}"))
        request = json.dumps({"root": str(self.root), "notebooks": ["n.ipynb"], "modules": ["ast.py"], "packages": []})
        command = [sys.executable, "-I", "-S", str(RUNTIME / "inspect_project.py")]
        done = subprocess.run(command, input=request, capture_output=True, text=True, cwd=self.root, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout)["notebooks"][0]["error"], None)
        self.assertFalse(marker.exists())

    def test_each_request_is_answered_as_it_comes_and_sees_the_files_of_its_time(self) -> None:
        request = json.dumps({"root": str(self.root), "notebooks": [], "modules": ["m.py"], "packages": None}) + "\n"
        command = [sys.executable, "-I", "-S", str(RUNTIME / "inspect_project.py")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            for name in ("numpy", "pandas"):
                self.write("m.py", f"import {name}\n")
                program.stdin.write(request)
                program.stdin.flush()
                answer = json.loads(program.stdout.readline())
                self.assertEqual([one["module"] for one in answer["modules"][0]["imports"]], [name])
            program.stdin.close()
            self.assertEqual(program.wait(10), 0)


class Packages(unittest.TestCase):
    def test_metadata_in_the_folders_of_an_environment(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            info = Path(folder, "scikit_learn-1.3.2.dist-info")
            info.mkdir()
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scikit-learn\nVersion: 1.3.2\n")
            (info / "RECORD").write_text("sklearn/__init__.py,,\nscikit_learn-1.3.2.dist-info/METADATA,,\n")
            for name, module in (("google_cloud_storage", "storage"), ("google_auth", "auth")):
                other = Path(folder, f"{name}-2.0.dist-info")
                other.mkdir()
                path = f"google/cloud/{module}/__init__.py" if module == "storage" else "google/auth/__init__.py"
                (other / "RECORD").write_text(f"{path},,\n")
                (other / "METADATA").write_text(f"Name: {name.replace('_', '-')}\n")
            missing = str(Path(folder, "missing"))
            found = installed_for(["sklearn.svm", "google.cloud.storage", "nothing_here"], [missing, folder])
        self.assertEqual(found["imports"]["sklearn.svm"], [{"name": "scikit-learn", "version": "1.3.2"}])
        self.assertEqual(found["imports"]["google.cloud.storage"], [{"name": "google-cloud-storage", "version": "2.0"}])
        self.assertNotIn("nothing_here", found["imports"])
        self.assertEqual(found["versions"]["scikit-learn"], "1.3.2")

    def test_what_changes_in_an_environment_is_seen_by_the_next_request(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            info = Path(folder, "helper-1.0.dist-info")
            info.mkdir()
            (info / "RECORD").write_text("helper/__init__.py,,\n")
            self.assertEqual(installed_for(["helper"], [folder])["versions"], {"helper": "1.0"})
            direct = {"url": "https://example.org/h.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
            (info / "direct_url.json").write_text(json.dumps(direct))
            found = installed_for(["helper"], [folder])
            self.assertEqual(found["versions"], {})
            self.assertEqual(found["urls"], {"helper": "git+https://example.org/h.git@abc"})
            info.rename(Path(folder, "helper-2.0.dist-info"))
            self.assertEqual(installed_for(["helper"], [folder])["imports"]["helper"][0]["version"], "2.0")


if __name__ == "__main__":
    unittest.main()
