"""Which installed distribution provides an import, read from the metadata in an environment's folders."""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH112, PTH118, PTH208

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any


def installed_for(imports: Iterable[str], folders: Iterable[str]) -> dict[str, Any]:
    """`{"imports": {module: [{"name", "version"}]}, "versions": {normalized name: version}}`.

    `folders` are in the order of sys.path. Only directories are listed and small metadata files read:
    importlib.metadata is slow with many packages.
    """
    distributions = _distributions(folders)
    wanted = set(imports)
    tops = {module.split(".")[0] for module in wanted}
    by_top: dict[str, list[tuple[str, str, str]]] = {top: [] for top in tops}
    for name, version, folder in distributions:
        for top in _tops(name, folder, tops):
            by_top[top].append((name, version, folder))
    found = {}
    for module in sorted(wanted):
        candidates = by_top[module.split(".")[0]]
        if len(candidates) > 1:
            candidates = _providing(module, candidates) or candidates
        if candidates:
            found[module] = [{"name": name, "version": version} for name, version, _ in candidates]
    return {"imports": found, "versions": {_normal(name): version for name, version, _ in distributions}}


def _distributions(folders: Iterable[str]) -> list[tuple[str, str, str]]:
    """(name, version, metadata folder), the first folder wins as it does for import."""
    found: dict[str, tuple[str, str, str]] = {}
    for entry in folders:
        if not os.path.isdir(entry):
            continue
        for item in os.listdir(entry):
            match = re.match(
                r"^([A-Za-z0-9_.]+(?:-[A-Za-z][\w.]*)*)-(\d[^-]*)(?:-py[\d.]+(?:-.*)?)?\.(dist-info|egg-info)$", item
            )
            if match:
                name = _real_name(os.path.join(entry, item)) or match.group(1)
                found.setdefault(_normal(name), (name, match.group(2), os.path.join(entry, item)))
    return sorted(found.values())


def _real_name(folder: str) -> str | None:
    """The name as the author writes it (`scikit-learn`, where the folder says `scikit_learn`)."""
    for path in (os.path.join(folder, "METADATA"), os.path.join(folder, "PKG-INFO"), folder):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                match = re.search(r"^Name: *(\S+)", file.read(400), re.MULTILINE)
        except OSError:
            continue
        return match.group(1) if match else None
    return None


def _tops(name: str, folder: str, wanted: set[str]) -> set[str]:
    listed = _lines(os.path.join(folder, "top_level.txt"))
    if listed is not None:
        return wanted.intersection(line.strip().replace("/", ".").split(".")[0] for line in listed)
    guess = _normal(name).replace("-", "_")
    record = _lines(os.path.join(folder, "RECORD"))
    if record is None:
        return {guess} & wanted
    found = set()
    for line in record:
        head = line.split(",", 1)[0].split("/", 1)[0]
        module = head if "/" in line.split(",", 1)[0] else re.sub(r"(\.py|\.[^.]*\.(so|pyd)|\.so|\.pyd)$", "", head)
        if module in wanted:
            found.add(module)
    return found


def _providing(module: str, candidates: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of several distributions under one namespace package (google, azure): those that hold the module itself."""
    path = module.replace(".", "/")
    found = []
    for candidate in candidates:
        record = _lines(os.path.join(candidate[2], "RECORD")) or []
        if any(line.startswith((path + "/", path + ".py", path + ".")) for line in record):
            found.append(candidate)
    return found


def _lines(path: str) -> list[str] | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
