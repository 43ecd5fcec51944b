"""Compiles the modules of wheels and folders into one image layer: `byte_code.py` reads a request on standard input.

The layer holds `__pycache__` files that Python uses without looking at the source, so that a container starts without
compiling and works on a read-only file system. Nothing that is compiled is imported or run.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import json
import marshal
import os
import sys
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

_MODIFIED = 315_532_800
_LEVEL = 3
_PIECE = 256 * 1024
_SKIPPED = {"test", "tests"}
_HASH_BASED_UNCHECKED = 0b01


class Layer:
    """A layer that is written part by part: each is a gzip member, and hashed on both sides."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._blob = hashlib.sha256()
        self._tar = hashlib.sha256()
        self._unpacked = 0
        self._size = 0

    def add(self, part: IO[bytes]) -> None:
        """Take a part from its beginning."""
        inflate = zlib.decompressobj(31)
        for piece in iter(lambda: part.read(_PIECE), b""):
            self._blob.update(piece)
            self._size += len(piece)
            self._file.write(piece)
            content = inflate.decompress(piece)
            self._tar.update(content)
            self._unpacked += len(content)

    def finish(self) -> dict[str, Any]:
        """End the file; what the image's manifest needs to know of it."""
        self._file.close()
        return {
            "digest": f"sha256:{self._blob.hexdigest()}",
            "diffId": f"sha256:{self._tar.hexdigest()}",
            "size": self._size,
            "unpacked": self._unpacked,
        }


def wheel_sources(wheel: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Every module of a wheel with the path that it has in the image, without a leading slash."""
    with zipfile.ZipFile(wheel["file"]) as archive:
        for name in sorted(archive.namelist()):
            installed = _installed(name)
            if installed is not None and _is_wanted(installed):
                yield f"{wheel['packages']}/{installed}", archive.read(name)


def folder_sources(folder: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The same of files in a folder."""
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
    """Compile everything and write the layer. What was compiled of a wheel is kept, for layers with others."""
    kept = Path(request["kept"])
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        parts = [_part(kept / wheel["key"], wheel_sources(wheel)) for wheel in request["wheels"]]
        parts += [_part(Path(made) / str(at), folder_sources(one)) for at, one in enumerate(request["folders"])]
        layer = Layer(Path(request["output"]))
        layer.add(_member(_folder_entries({name for _, names in parts for name in names})))
        for path, _ in parts:
            with path.open("rb") as part:
                layer.add(part)
        layer.add(_member(bytes(1024)))
        return layer.finish()


def _part(path: Path, sources: Iterator[tuple[str, bytes]]) -> tuple[Path, list[str]]:
    """A file with what is compiled of sources, as a piece of a tar archive, and the folders that it needs."""
    names = path.with_name(f"{path.name}.folders")
    if not path.exists():
        # Two processes may compile one wheel: each moves files of its own into place, the mark of both last.
        mine = [one.with_name(f"{one.name}.{os.getpid()}.tmp") for one in (path, names)]
        mine[1].write_text(json.dumps(sorted(_compile(mine[0], sources))), "utf-8")
        mine[1].replace(names)
        mine[0].replace(path)
    return path, json.loads(names.read_text("utf-8"))


def _compile(path: Path, sources: Iterator[tuple[str, bytes]]) -> set[str]:
    folders: set[str] = set()
    with path.open("wb") as file, _packed(file) as packed:
        archive = tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT)
        for source_path, source in sources:
            content = byte_code(source_path, source)
            if content is not None:
                cached = _cached(source_path)
                folders.update(str(parent) for parent in PurePosixPath(cached).parents if str(parent) != ".")
                archive.addfile(_entry(cached, tarfile.REGTYPE, 0o644, len(content)), io.BytesIO(content))
    return folders


def _folder_entries(folders: set[str]) -> bytes:
    output = io.BytesIO()
    archive = tarfile.TarFile(fileobj=output, mode="w", format=tarfile.PAX_FORMAT)
    for name in sorted(folders):
        archive.addfile(_entry(name, tarfile.DIRTYPE, 0o755, 0))
    return output.getvalue()


def _member(content: bytes) -> IO[bytes]:
    output = io.BytesIO()
    with _packed(output) as packed:
        packed.write(content)
    output.seek(0)
    return output


def _packed(output: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=output, mtime=0)


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


def _entry(name: str, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, size, _MODIFIED
    return entry


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(write_layer(json.load(sys.stdin))))
