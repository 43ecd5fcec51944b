"""Executing a notebook: progress, magics, failures, parameters, inputs, the executed copy."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from train_harness import PYTHON, TrainCase, cell

PREDICT = cell("def predict(x):\n    return x", identity="p")


class RunTest(TrainCase):
    def test_progress_output_magics_and_environment_untouched(self) -> None:
        code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        site = Path(subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
        before = sorted(os.listdir(site))
        # A plain environment: the kernel must come from the support folder.
        self.assertFalse((site / "ipykernel").exists())
        result = self.run_cells(
            [
                cell(
                    "name = 'left-pad'\n!pip install {name} \\\n   other>=2\n%pip install third\n!conda install -y fourth\n!echo shell works\nprint('out')"
                ),
                cell("%%bash\necho one\npip install fifth\necho two"),
                cell("!python -m pip uninstall -y sixth\n%pip --version"),
                {"cell_type": "markdown", "metadata": {}, "source": "# text"},
                PREDICT,
            ]
        )
        self.assertEqual(result.status, 0, result.events)
        self.assertEqual(
            [item["requirement"] for item in result.all("pip")],
            ["left-pad", "other>=2", "third", "fourth", "fifth", None],
        )
        text = "".join(item["text"] for item in result.all("output"))
        for word in ("shell works", "out", "one", "two"):
            self.assertIn(word, text)
        self.assertEqual(
            [(item["id"], item["state"]) for item in result.all("cell")][-2:],
            [("p", "running"), ("p", "done")],
        )
        self.assertEqual(sorted(os.listdir(site)), before)
        self.assertEqual(
            "".join(self.executed()["cells"][1]["source"]), "%%bash\necho one\npip install fifth\necho two"
        )

    def test_what_the_notebook_does_at_its_end_is_done_after_the_artifact_is_there(self) -> None:
        code = "import atexit, pathlib, time\natexit.register(lambda: pathlib.Path('end.txt').write_text(repr(time.time())))"
        result = self.run_cells([cell(code), PREDICT])
        self.assertEqual((result.status, result.events[-1]["event"]), (0, "done"), result.events)
        ended = float((self.folder / "project" / "end.txt").read_text())
        self.assertLess((self.folder / "artifact" / "artifact.json").stat().st_mtime, ended)

    def test_progress_counts_code_cells_only_and_empty_ones_too(self) -> None:
        text = {"cell_type": "markdown", "metadata": {}, "source": "# text"}
        raw = {"cell_type": "raw", "metadata": {}, "source": "raw"}
        result = self.run_cells(
            [text, cell("a = 1", identity="a"), text, cell(" \n", identity="blank"), raw, PREDICT, text]
        )
        self.assertEqual(result.one("started")["cells"], 3)
        self.assertEqual(
            [(item["index"], item["id"], item["state"]) for item in result.all("cell")],
            [(0, "a", "running"), (0, "a", "done"), (1, "blank", "skipped"), (2, "p", "running"), (2, "p", "done")],
        )
        failed = self.run_cells([text, text, cell("1 / 0", identity="a"), PREDICT]).one("failed")
        self.assertEqual((failed["index"], failed["id"]), (0, "a"))

    def test_failing_cell_names_cell_line_and_reason_without_frames_of_ours(self) -> None:
        result = self.run_cells(
            [cell("def f():\n    return 1 / 0", identity="a"), cell("\n\nx = 1\nf()", identity="b"), PREDICT]
        )
        failed = result.one("failed")
        self.assertEqual(
            (result.status, failed["code"], failed["index"], failed["id"], failed["line"]),
            (1, "CellFailed", 1, "b", 4),
        )
        self.assertEqual((failed["ename"], failed["evalue"]), ("ZeroDivisionError", "division by zero"))
        text = "\n".join(failed["traceback"])
        self.assertIn('"modèle 1.ipynb#a", line 2', text)
        self.assertIn("return 1 / 0", text)
        self.assertNotIn("IPython", text)
        self.assertNotIn("\x1b", text)
        self.assertFalse((self.folder / "artifact").exists())
        self.assertEqual(self.executed()["cells"][1]["outputs"][0]["output_type"], "error")

    def test_lines_are_those_of_the_cell_under_time_and_syntax_error(self) -> None:
        failed = self.run_cells([cell("%%time\nx = 1\nprint(undefined_name)"), PREDICT]).one("failed")
        self.assertEqual((failed["ename"], failed["line"]), ("NameError", 3))
        failed = self.run_cells([cell("x = 1\nif x\n  y"), PREDICT]).one("failed")
        self.assertEqual((failed["ename"], failed["line"]), ("SyntaxError", 2))

    def test_input_says_what_to_do(self) -> None:
        failed = self.run_cells([cell("x = input('?')"), PREDICT]).one("failed")
        self.assertIn("`parameters`", failed["message"])
        failed = self.run_cells([cell("import getpass\ngetpass.getpass()"), PREDICT]).one("failed")
        self.assertIn("secrets", failed["message"])

    def test_missing_module_comes_before_the_failure(self) -> None:
        events = self.run_cells([cell("import surely_not_installed.part"), PREDICT]).events
        self.assertEqual([item["event"] for item in events[-2:]], ["missing", "failed"])
        self.assertEqual((events[-2]["module"], events[-2]["optional"]), ("surely_not_installed", False))

    def test_raises_exception_tag_goes_on(self) -> None:
        result = self.run_cells([cell("1 / 0", "raises-exception"), PREDICT])
        self.assertEqual(result.status, 0, result.events)

    def test_kernel_death_names_its_cause(self) -> None:
        failed = self.run_cells([cell("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), PREDICT]).one(
            "failed"
        )
        self.assertEqual((failed["code"], failed["index"], failed["exitStatus"]), ("KernelDied", 0, -9))
        self.assertIn("memory", failed["message"])
        failed = self.run_cells([cell("import os\nos._exit(3)"), PREDICT]).one("failed")
        self.assertIn("exit code 3", failed["message"])
        failed = self.run_cells([cell("import ctypes\nctypes.string_at(0)"), PREDICT]).one("failed")
        self.assertIn("SIGSEGV", failed["message"])

    def test_timeout(self) -> None:
        result = self.run_cells([cell("import time\ntime.sleep(3600)"), PREDICT], cellTimeoutSeconds=1)
        self.assertEqual((result.status, result.one("failed")["code"]), (1, "Timeout"))

    def test_parameters(self) -> None:
        cells = [cell("rate = 1\nnames = []", "parameters"), cell("print(rate, names)"), PREDICT]
        result = self.run_cells(cells, parameters={"rate": 0.5, "names": ["a", None, True]})
        self.assertIn("0.5 ['a', None, True]", "".join(item["text"] for item in result.all("output")))
        self.assertEqual([item["index"] for item in result.all("cell") if item["state"] == "done"], [0, 1, 2])
        result = self.run_cells(cells, parameters={"rat": 1})
        self.assertEqual(result.one("failed")["code"], "UnknownParameter")
        self.assertEqual(result.all("started"), [])

    def test_inputs_network_and_written_files(self) -> None:
        (self.project / "data.csv").write_text("a\n1\n")
        (self.project / "local_code.py").write_text("VALUE = 3\n")
        (self.folder / "elsewhere.txt").write_text("x")
        result = self.run_cells(
            [
                cell(
                    "import local_code, pandas\npandas.read_csv('data.csv')\nopen('../elsewhere.txt').read()\n"
                    "f = open('made.txt', 'w')\nf.write('x')\nf.close()\nopen('made.txt').read()"
                ),
                cell(
                    "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError:\n    pass"
                ),
                PREDICT,
            ]
        )
        inputs = result.one("inputs")
        if not inputs["recorded"]:
            self.skipTest("Python 3.7 has no audit hooks")
        files = {os.path.relpath(item["path"], self.project): item["outside"] for item in inputs["files"]}
        self.assertEqual(files, {"data.csv": False, "local_code.py": False, "../elsewhere.txt": True})
        self.assertEqual(inputs["written"], [str(self.project / "made.txt")])
        self.assertEqual(inputs["network"], ["127.0.0.1:9"])

    def test_what_came_from_hubs(self) -> None:
        repository = self.folder / "hf/hub/models--acme--words"
        snapshot = repository / "snapshots/abc123"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs/main").write_text("abc123")
        (repository / "refs/old").write_text("def456")
        (repository / "blobs").mkdir()
        snapshot.mkdir(parents=True)
        for name, blob in (("config.json", "b1"), ("model.safetensors", "b2")):
            (repository / "blobs" / blob).write_text(name)
            (snapshot / name).symlink_to(f"../../blobs/{blob}")
        (repository / "snapshots/def456").mkdir()
        (repository / "snapshots/def456/config.json").write_text("old")
        checkpoints = self.folder / "torch/hub/checkpoints"
        checkpoints.mkdir(parents=True)
        (checkpoints / "net-0123abcd.pth").write_text("weights")
        (checkpoints / "other.pth").write_text("not used")
        stopwords = self.folder / "nltk/corpora/stopwords"
        stopwords.mkdir(parents=True)
        (stopwords / "english").write_text("the")
        (stopwords / "german").write_text("das")
        result = self.run_cells(
            [
                cell(
                    f"import os\nos.environ['TORCH_HOME'] = {str(self.folder / 'torch')!r}\n"
                    f"os.environ['NLTK_DATA'] = {str(self.folder / 'nltk')!r}\n"
                    f"open({str(checkpoints / 'net-0123abcd.pth')!r}).read()\n"
                    f"open({str(stopwords / 'english')!r}).read()"
                ),
                cell(
                    "def load():\n"
                    f"    return open({str(snapshot / 'config.json')!r}).read()\n"
                    "def predict(model, x):\n    return [model]\nsample_input = [1.0]",
                    "example",
                ),
            ]
        )
        items = result.one("hubs")["items"]
        paths = {
            (item["hub"], item["name"], item["revision"]): [file["path"] for file in item["files"]] for item in items
        }
        if not result.one("inputs")["recorded"]:
            self.skipTest("Python 3.7 has no audit hooks")
        self.assertEqual(
            paths,
            {
                ("huggingface", "acme/words", "abc123"): [
                    "models--acme--words/refs/main",
                    "models--acme--words/snapshots/abc123/config.json",
                    "models--acme--words/snapshots/abc123/model.safetensors",
                ],
                ("nltk", "corpora/stopwords", None): ["corpora/stopwords/english", "corpora/stopwords/german"],
                ("torch", "net-0123abcd.pth", "0123abcd"): ["hub/checkpoints/net-0123abcd.pth"],
            },
        )
        sources = {file["path"]: file["source"] for item in items for file in item["files"]}
        self.assertEqual(
            sources["models--acme--words/snapshots/abc123/model.safetensors"], str(repository / "blobs/b2")
        )

    def test_old_notebook_gets_ids_by_position_and_bad_ones_an_error(self) -> None:
        result = self.run_cells(
            [
                cell("x = 1"),
                {
                    "cell_type": "code",
                    "metadata": {},
                    "source": "1 / 0",
                    "outputs": [],
                    "execution_count": None,
                },
            ],
            minor=2,
        )
        self.assertEqual(result.one("failed")["id"], "cell-1")
        self.assertNotIn("id", self.executed()["cells"][0])
        result = self.run_cells([{"cell_type": "markdown", "metadata": {}, "source": "only text"}])
        self.assertEqual(result.one("failed")["code"], "NotebookInvalid")


if __name__ == "__main__":
    unittest.main()
