"""What is read of pip's configuration is what pip itself says."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# The environment of the tests has no pip; the Python that it was made from does.
PYTHON = str(Path(sys.executable).resolve())
SCRIPT = Path(__file__).resolve().parents[2] / "resources" / "runtime" / "pip_configuration.py"


@unittest.skipIf(sys.platform in ("win32", "darwin"), "its folders can be moved by variables on Linux only")
class PipConfiguration(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = Path(made.name)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "XDG_CONFIG_DIRS": f"{self.root / 'one'}{os.pathsep}{self.root / 'two'}",
        }

    def _write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PYTHON, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def _read(self) -> dict[str, str]:
        done = self._run("-I", "-S", str(SCRIPT))
        self.assertEqual(done.returncode, 0, done.stderr)
        read: dict[str, str] = json.loads(done.stdout)
        return read

    def _assert_as_pip(self) -> dict[str, str]:
        done = self._run("-m", "pip", "config", "list")
        self.assertEqual(done.returncode, 0, done.stderr)
        pairs = (line.split("=", 1) for line in done.stdout.splitlines())
        read = self._read()
        self.assertEqual(read, {name: ast.literal_eval(value) for name, value in pairs})
        return read

    def test_takes_the_files_in_the_order_of_pip(self) -> None:
        self._write("one/pip/pip.conf", "[global]\nindex-url = https://one.example\ntimeout = 1\n")
        self._write("two/pip/pip.conf", "[global]\ntimeout: 2\nretries = 2\n")
        self._write("home/.pip/pip.conf", "[global]\nretries = 3\n[install]\nno_index = true\n")
        self._write(
            "home/.config/pip/pip.conf",
            "# mine\n[global]\n--Trusted_Host =\n    a.example\n    b.example\n; more\n[install]\nretries = 4\n",
        )
        read = self._assert_as_pip()
        self.assertEqual(read["global.index-url"], "https://one.example")
        self.assertEqual((read["global.timeout"], read["global.retries"], read["install.retries"]), ("2", "3", "4"))
        self.assertEqual(read["global.trusted-host"], "\na.example\nb.example")

    def test_a_named_file_stands_for_those_of_the_user(self) -> None:
        self._write("home/.config/pip/pip.conf", "[global]\nindex-url = https://user.example\n")
        self._write("two/pip/pip.conf", "[global]\nretries = 2\n")
        named = self._write("named.conf", "[global]\nindex-url = https://named.example\n")
        self.environment["PIP_CONFIG_FILE"] = str(named)
        read = self._read()
        self.assertEqual((read["global.index-url"], read["global.retries"]), ("https://named.example", "2"))
        named.unlink()
        self.assertEqual(self._read()["global.index-url"], "https://user.example")
        self.environment["PIP_CONFIG_FILE"] = os.devnull
        self.assertEqual(self._read(), {})

    def test_fails_where_pip_fails(self) -> None:
        self._write("home/.config/pip/pip.conf", "index-url without a section\n")
        for arguments in (["-m", "pip", "config", "list"], ["-I", "-S", str(SCRIPT)]):
            self.assertNotEqual(self._run(*arguments).returncode, 0)


if __name__ == "__main__":
    unittest.main()
