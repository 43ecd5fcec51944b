"""Layers of byte code: what is in them, and what is compiled again."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "resources" / "runtime"))

import byte_code


class ByteCode(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = Path(made.name)
        self.count = 0

    def wheel(self, name: str, **modules: str) -> dict[str, Any]:
        file = self.root / f"{name}.whl"
        with zipfile.ZipFile(file, "w") as archive:
            for module, text in modules.items():
                archive.writestr(f"{module.replace('__', '/')}.py", text)
            archive.writestr(f"{name}-1.dist-info/METADATA", "")
        return {"key": f"{name}-key", "file": str(file), "packages": "opt/packages"}

    def layer(self, *wheels: dict[str, Any], kept: str = "kept") -> tuple[dict[str, Any], bytes]:
        self.count += 1
        output = self.root / f"layer{self.count}"
        request = {"output": str(output), "kept": str(self.root / kept), "wheels": list(wheels), "folders": []}
        return byte_code.write_layer(request), output.read_bytes()

    def test_is_an_archive_with_each_folder_once_and_before_what_is_in_it(self) -> None:
        one = self.wheel("one", shared__a="x = 1\n", broken="def (\n")
        two = self.wheel("two", shared__b="y = 2\n")
        found, blob = self.layer(one, two)
        content = gzip.decompress(blob)
        self.assertEqual(found["digest"], f"sha256:{hashlib.sha256(blob).hexdigest()}")
        self.assertEqual(found["diffId"], f"sha256:{hashlib.sha256(content).hexdigest()}")
        self.assertEqual((found["size"], found["unpacked"]), (len(blob), len(content)))
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            names = archive.getnames()
        tag = sys.implementation.cache_tag
        folder = "opt/packages/shared/__pycache__"
        parents = ["opt", "opt/packages", "opt/packages/shared", folder]
        self.assertEqual(names, [*parents, f"{folder}/a.{tag}.pyc", f"{folder}/b.{tag}.pyc"])

    def test_compiles_a_wheel_once_for_all_layers_and_gives_the_same_bytes(self) -> None:
        one, two = self.wheel("one", a="x = 1\n"), self.wheel("two", b="y = 2\n")
        self.layer(one)
        with mock.patch.object(byte_code, "byte_code", wraps=byte_code.byte_code) as compiled:
            _, both = self.layer(one, two)
        self.assertEqual([call.args[0] for call in compiled.call_args_list], ["opt/packages/b.py"])
        self.assertEqual(self.layer(one, two, kept="elsewhere")[1], both)
        self.assertEqual([path.name for path in (self.root / "kept").glob("*.tmp")], [])


if __name__ == "__main__":
    unittest.main()
