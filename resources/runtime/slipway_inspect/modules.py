"""Which imports are the project's own files: resolves them as Python would, without importing anything."""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH112, PTH113, PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any


class Resolver:
    """Finds modules in folders (absolute, in the order of sys.path)."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders

    def find(self, fact: dict[str, Any], package: str | None) -> list[str]:
        """Files (absolute) that an import loads from the folders, packages' `__init__` included; [] when not local.

        `package` is the folder of the importing module's package, for relative imports.
        """
        if fact["level"]:
            return self._relative(fact, package)
        for folder in self.folders:
            files = _walk(folder, fact["module"].split("."), fact["names"])
            if files:
                return files
        return []

    def _relative(self, fact: dict[str, Any], package: str | None) -> list[str]:
        base = package
        for _ in range(fact["level"] - 1):
            base = os.path.dirname(base) if base else None
        if not base:
            return []
        parts = fact["module"].split(".") if fact["module"] else []
        return _walk(base, parts, fact["names"])


def _walk(folder: str, parts: list[str], names: list[str]) -> list[str]:
    files: list[str] = []
    regular = False
    current = folder
    for part in parts:
        kind, path = _locate(current, part)
        if kind == "module":
            return [*files, path]
        if kind == "none":
            # A regular package may set attributes that look like submodules; a folder without __init__ may not.
            return files if regular else []
        if kind == "package":
            regular = True
            files.append(os.path.join(path, "__init__.py"))
        current = path
    for name in names:
        kind, path = _locate(current, name)
        if kind == "module":
            files.append(path)
        elif kind == "package":
            files.append(os.path.join(path, "__init__.py"))
    return files


def _locate(folder: str, name: str) -> tuple[str, str]:
    """(package | module | namespace | none, path)."""
    path = os.path.join(folder, name)
    if os.path.isfile(os.path.join(path, "__init__.py")):
        return "package", path
    if os.path.isfile(path + ".py"):
        return "module", path + ".py"
    return ("namespace", path) if os.path.isdir(path) else ("none", path)


def package_of(file: str) -> str:
    """The folder of the package that a module file belongs to."""
    return os.path.dirname(file)


def source_roots(root: str, notebook: str | None) -> Iterator[str]:
    """Folders that stand for sys.path: the notebook's own first, then the project's, then a `src` layout."""
    seen = set()
    folders = [os.path.dirname(os.path.join(root, notebook))] if notebook else []
    for folder in [*folders, root, os.path.join(root, "src")]:
        folder = os.path.normpath(folder)
        if folder not in seen and os.path.isdir(folder):
            seen.add(folder)
            yield folder
