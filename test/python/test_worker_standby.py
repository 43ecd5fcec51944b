"""A worker that waits for its bundle imports what a fresh one would import, and nothing else."""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "resources" / "runtime"))

from slipway_worker import standby
from slipway_worker.arguments import Arguments, parse


class Orders:
    """A control channel on which these operations come."""

    def __init__(self, *orders: dict[str, Any]) -> None:
        self._orders = list(orders)

    def next(self) -> dict[str, Any]:
        return self._orders.pop(0)


class Standby(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        self.bundle = Path(folder.name).resolve()
        (self.bundle / "project").mkdir()
        (self.bundle / "artifact").mkdir()
        about = {"artifact": "artifact", "sysPath": ["project"]}
        (self.bundle / "bundle.json").write_text(json.dumps(about))
        (self.bundle / "artifact" / "artifact.json").write_text(json.dumps({"pickle": "snapshot.pkl"}))
        self.snapshot("colorsys")

    def snapshot(self, *names: str) -> None:
        (self.bundle / "artifact" / "snapshot.pkl").write_bytes(pickle.dumps(list(names), protocol=5))

    def wait(self, *modules: str) -> Arguments:
        options = parse(["--standby", "--support", "s", "--model", "iris", "--control-fd", "9"])
        orders = (
            [{"op": "import", "modules": list(modules), "workdir": str(self.bundle / "project")}] if modules else []
        )
        return standby.wait(
            options, Orders(*orders, {"op": "load", "bundle": str(self.bundle), "version": 4, "replica": 1})
        )

    def test_it_takes_over_the_bundle_that_names_what_it_imported(self) -> None:
        sys.modules.pop("colorsys", None)
        options = self.wait("colorsys")
        self.assertEqual((options.bundle, options.version, options.replica), (self.bundle, "4", 1))
        self.assertIn("colorsys", sys.modules)
        self.assertEqual(Path.cwd(), self.bundle / "project")

    def test_a_module_that_the_new_snapshot_does_not_name_needs_a_fresh_worker(self) -> None:
        self.snapshot("colorsys.more", "xcolorsys")
        with self.assertRaisesRegex(standby.Unsuited, "does not name colorsys"):
            self.wait("colorsys")

    def test_a_project_that_hides_what_was_loaded_needs_a_fresh_worker(self) -> None:
        for name in ("colorsys", "colorsys.py"):
            with self.subTest(name):
                sys.modules.pop("colorsys", None)
                hidden = self.bundle / "project" / name
                hidden.mkdir() if name == "colorsys" else hidden.touch()
                with self.assertRaisesRegex(standby.Unsuited, "a module colorsys of its own"):
                    self.wait("colorsys")
                hidden.rmdir() if name == "colorsys" else hidden.unlink()

    def test_a_bundle_with_files_of_hubs_needs_a_fresh_worker(self) -> None:
        (self.bundle / "artifact/hubs/huggingface").mkdir(parents=True)
        with self.assertRaisesRegex(standby.Unsuited, "hubs"):
            self.wait("colorsys")

    def test_a_module_that_cannot_be_imported_needs_a_fresh_worker(self) -> None:
        with self.assertRaisesRegex(standby.Unsuited, "no_such_module cannot be imported"):
            self.wait("no_such_module")

    def test_without_modules_it_takes_any_bundle(self) -> None:
        (self.bundle / "artifact" / "snapshot.pkl").unlink()
        self.assertEqual(self.wait().bundle, self.bundle)

    def test_installed_modules_that_the_snapshot_names_are_told(self) -> None:
        import numpy.linalg  # noqa: F401

        self.snapshot("numpy.linalg", "json", "numpy.random.not_loaded")
        self.assertEqual(standby.named_modules(self.bundle), ["numpy.linalg"])

    def test_it_needs_a_channel(self) -> None:
        with self.assertRaises(SystemExit):
            parse(["--standby", "--support", "s", "--model", "iris"])


if __name__ == "__main__":
    unittest.main()
