"""Runs train.py as the extension does: request on standard input, events from standard output.

SLIPWAY_TEST_RUNNER (Python with nbclient), SLIPWAY_TEST_PYTHON (Python with numpy, pandas, scikit-learn) and
SLIPWAY_TEST_SUPPORT (folder with ipykernel and cloudpickle) say where; without them these tests are skipped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).parents[2] / "resources/runtime"
RUNNER = os.environ.get("SLIPWAY_TEST_RUNNER", "")
PYTHON = os.environ.get("SLIPWAY_TEST_PYTHON", "")
SUPPORT = os.environ.get("SLIPWAY_TEST_SUPPORT", "")
DEADLINE = 120.0


def cell(source: str, *tags: str, identity: str | None = None) -> dict[str, Any]:
    """A code cell."""
    node: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {**node, "id": identity} if identity else node


class Result:
    """Exit status and events of a run."""

    def __init__(self, status: int, events: list[dict[str, Any]], folder: Path) -> None:
        self.status, self.events, self.folder = status, events, folder

    def all(self, event: str) -> list[dict[str, Any]]:
        """Events of a kind."""
        return [item for item in self.events if item["event"] == event]

    def one(self, event: str) -> dict[str, Any]:
        """The only event of a kind."""
        found = self.all(event)
        assert len(found) == 1, (event, self.events)
        return found[0]


@unittest.skipUnless(RUNNER and PYTHON and SUPPORT, "SLIPWAY_TEST_RUNNER, _PYTHON and _SUPPORT are not set")
class TrainCase(unittest.TestCase):
    """Gives each test a folder with the notebook `modèle 1.ipynb`, and ends what it started."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="slipway train ")
        self.addCleanup(holder.cleanup)
        self.folder = Path(os.path.realpath(holder.name))
        self.project = self.folder / "project"
        self.project.mkdir()

    def start(self, cells: list[dict[str, Any]], minor: int = 5, **request: Any) -> subprocess.Popen[str]:
        """Write the notebook and start a run."""
        if minor >= 5:
            cells = [{"id": "c%d" % index, **item} for index, item in enumerate(cells)]
        path = self.project / "modèle 1.ipynb"
        path.write_text(
            json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells}),
            encoding="utf-8",
        )
        wanted = {
            "notebook": str(path),
            "workdir": str(self.project),
            "sysPath": [str(self.project)],
            "python": PYTHON,
            "support": SUPPORT,
            "artifact": str(self.folder / "artifact"),
            "executed": str(self.folder / "executed.ipynb"),
            "connectionDir": str(self.folder / "k"),
            "mode": "full",
            "entry": {"predict": "predict", "load": "load"},
            "parameters": None,
            "env": {},
            "cellTimeoutSeconds": None,
            **request,
        }
        process = subprocess.Popen(
            [RUNNER, str(RUNTIME / "train.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(_end, process)
        assert process.stdin is not None
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        return process

    def run_cells(self, cells: list[dict[str, Any]], minor: int = 5, **request: Any) -> Result:
        """Run to the end."""
        process = self.start(cells, minor, **request)
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
        return Result(process.wait(DEADLINE), events, self.folder)

    def executed(self) -> dict[str, Any]:
        """The executed notebook, checked by nbformat."""
        path = self.folder / "executed.ipynb"
        check = "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))"
        done = subprocess.run(
            [RUNNER, "-W", "error", "-c", check, str(path)], capture_output=True, text=True, timeout=DEADLINE
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def unpickle(self, code: str) -> Any:
        """Evaluate `code` in the user's environment with `s`, the unpickled snapshot; the JSON that comes out."""
        script = (
            "import json, sys, pickle; from pathlib import Path; a = Path(sys.argv[1]); sys.path[:0] = [sys.argv[3]]; sys.path.append(sys.argv[2])\n"
            "m = json.loads((a / 'artifact.json').read_text(encoding='utf-8'))\n"
            "b = [bytearray((a / x['file']).read_bytes()) for x in m['buffers']]\n"
            "s = pickle.loads((a / m['pickle']).read_bytes(), **({'buffers': b} if b else {}))\n"
            "print(json.dumps(eval(sys.argv[4])))"
        )
        arguments = [PYTHON, "-c", script, str(self.folder / "artifact"), SUPPORT, str(self.project), code]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=DEADLINE, cwd=self.project)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
