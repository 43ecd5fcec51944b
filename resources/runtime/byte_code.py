"""Compiles the modules of wheels and folders into one image layer: `byte_code.py` reads a request on standard input.

The layer holds `__pycache__` files that Python uses without looking at the source, so that a container starts without
compiling and works on a read-only file system. Nothing that is compiled is imported or run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import marshal
import sys
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

_MODIFIED = 315_532_800
_LEVEL = 3
_SKIPPED = {"test", "tests"}
_HASH_BASED_UNCHECKED = 0b01


class LayerFile(io.RawIOBase):
    """Compresses what is written and hashes both sides."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self._blob = hashlib.sha256()
        self._tar = hashlib.sha256()
        self._position = 0
        self._size = 0

    def writable(self) -> bool:
        """It only can be written."""
        return True

    def tell(self) -> int:
        """Bytes of the archive so far."""
        return self._position

    def write(self, data: Any) -> int:
        """Take a part of the archive."""
        self._tar.update(data)
        self._position += len(data)
        self._put(self._gzip.compress(data))
        return len(data)

    def finish(self) -> dict[str, Any]:
        """End the file; what the image's manifest needs to know of it."""
        self._put(self._gzip.flush())
        self._file.close()
        return {
            "digest": f"sha256:{self._blob.hexdigest()}",
            "diffId": f"sha256:{self._tar.hexdigest()}",
            "size": self._size,
            "unpacked": self._position,
        }

    def _put(self, data: bytes) -> None:
        self._blob.update(data)
        self._size += len(data)
        self._file.write(data)


def sources(request: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Every module with the path that it has in the image, without a leading slash."""
    for wheel in request["wheels"]:
        with zipfile.ZipFile(wheel["file"]) as archive:
            for name in sorted(archive.namelist()):
                installed = _installed(name)
                if installed is not None and _is_wanted(installed):
                    yield f"{wheel['packages']}/{installed}", archive.read(name)
    for folder in request["folders"]:
        root = Path(folder["folder"])
        for name in sorted(folder["files"]):
            if _is_wanted(name):
                yield f"{folder['path']}/{name}", (root / name).read_bytes()


def byte_code(path: str, source: bytes) -> bytes | None:
    """The content of a `.pyc`; None for a file that is no module of this Python, such as a template."""
    try:
        code = compile(source, f"/{path}", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    header = importlib.util.MAGIC_NUMBER + _HASH_BASED_UNCHECKED.to_bytes(4, "little")
    return header + importlib.util.source_hash(source) + marshal.dumps(code)


def write_layer(request: dict[str, Any]) -> dict[str, Any]:
    """Compile everything and write the layer."""
    layer = LayerFile(Path(request["output"]))
    folders: set[str] = set()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, source in sources(request):
            content = byte_code(path, source)
            if content is not None:
                _add(archive, _cached(path), content, folders)
    return layer.finish()


def _installed(name: str) -> str | None:
    parts = name.split("/")
    if ".." in parts or name.startswith("/"):
        return None
    if not parts[0].endswith(".data"):
        return name
    return "/".join(parts[2:]) if len(parts) > 2 and parts[1] in ("purelib", "platlib") else None


def _is_wanted(name: str) -> bool:
    return name.endswith(".py") and not _SKIPPED.intersection(name.split("/")[:-1])


def _cached(path: str) -> str:
    module = PurePosixPath(path)
    return str(module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc")


def _add(archive: tarfile.TarFile, path: str, content: bytes, folders: set[str]) -> None:
    for parent in reversed(PurePosixPath(path).parents):
        name = str(parent)
        if name != "." and name not in folders:
            folders.add(name)
            archive.addfile(_entry(name, tarfile.DIRTYPE, 0o755, 0))
    archive.addfile(_entry(path, tarfile.REGTYPE, 0o644, len(content)), io.BytesIO(content))


def _entry(name: str, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, size, _MODIFIED
    return entry


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(write_layer(json.load(sys.stdin))))
