"""Runs the cases that need libraries in the environment that SLIPWAY_TEST_PYTHON names."""

from __future__ import annotations

import os
import re
import subprocess
import unittest
from pathlib import Path

PYTHON = os.environ.get("SLIPWAY_TEST_PYTHON")


@unittest.skipUnless(PYTHON, "SLIPWAY_TEST_PYTHON names no interpreter with the libraries")
class Libraries(unittest.TestCase):
    def run_cases(self, module: str, least: int) -> None:
        command = [str(PYTHON), "-m", "unittest", module]
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=600, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        ran = re.search(r"Ran (\d+) tests", done.stderr)
        assert ran is not None
        self.assertGreaterEqual(int(ran.group(1)), least)
        self.assertNotIn("skipped", done.stderr)

    def test_libraries(self) -> None:
        self.run_cases("server_cases_libraries", 20)

    def test_tritonclient(self) -> None:
        self.run_cases("server_cases_triton", 4)
