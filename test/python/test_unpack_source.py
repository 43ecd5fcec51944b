"""Source distributions are unpacked, and stay in their folder."""

import io
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "resources" / "runtime"))

import unpack_source


class UnpackSource(unittest.TestCase):
    def setUp(self) -> None:
        self._made = tempfile.TemporaryDirectory()
        self.addCleanup(self._made.cleanup)
        self.root = Path(self._made.name)

    def _tar(self, *names: str) -> Path:
        file = self.root / "source.tar.gz"
        with tarfile.open(file, "w:gz") as archive:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.size = 2
                archive.addfile(entry, io.BytesIO(b"ok"))
        return file

    def test_gives_the_folder_of_a_tar_archive_and_of_a_zip(self) -> None:
        found = unpack_source.unpack(self._tar("a-1/setup.py", "a-1/src/a.c"), self.root / "tar")
        self.assertEqual((found / "src" / "a.c").read_text(), "ok")
        self.assertEqual(found.name, "a-1")
        file = self.root / "source.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("b-1/setup.py", "ok")
        self.assertEqual(unpack_source.unpack(file, self.root / "zip").name, "b-1")

    def test_refuses_names_that_lead_out_of_it(self) -> None:
        for name in ("../planted", "a-1/../../planted"):
            with self.assertRaises((ValueError, tarfile.TarError)):
                unpack_source.unpack(self._tar("a-1/setup.py", name), self.root / "out" / "folder")
        self.assertEqual(list(self.root.rglob("planted")), [])

    def test_refuses_what_is_no_source_distribution(self) -> None:
        with self.assertRaises(ValueError):
            unpack_source.unpack(self._tar("a-1/setup.py", "b-1/setup.py"), self.root / "two")


if __name__ == "__main__":
    unittest.main()
