"""Unpacks a source distribution: `unpack_source.py ARCHIVE FOLDER` prints the one folder that it holds.

@see https://packaging.python.org/en/latest/specifications/source-distribution-format/
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> Path:
    """Everything of it, and nothing outside the folder."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    else:
        with tarfile.open(archive) as opened:
            _extract(opened, folder)
    inside = [one for one in folder.iterdir() if one.is_dir()]
    if len(inside) != 1:
        raise ValueError("it does not hold one folder")
    return inside[0]


def _extract(opened: tarfile.TarFile, folder: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        opened.extractall(folder, filter="data")
        return
    # A Python that cannot tell what leads out of the folder: nothing but plain files and folders is taken.
    for member in opened.getmembers():
        target = folder / member.name
        if ".." in Path(member.name).parts or member.name.startswith("/"):
            raise ValueError(f"{member.name} leads out of the archive")
        content = opened.extractfile(member) if member.isfile() else None
        if content is None:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)


if __name__ == "__main__":
    print(unpack(Path(sys.argv[1]), Path(sys.argv[2])))
