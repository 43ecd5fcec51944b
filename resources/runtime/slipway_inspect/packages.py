"""Which installed distribution provides an import, read from the metadata in an environment's folders.

Only directories are listed and small metadata files read: importlib.metadata is slow with many packages.
"""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH208

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

# Names and versions end in requirements, so nothing else may pass.
_METADATA = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9_.]*(?:-[A-Za-z][\w.]*)*)-(\d[\w.!+]*)(?:-py[\d.]+(?:-.*)?)?\.(?:dist-info|egg-info)$",
    re.ASCII,
)
_NAME = re.compile(r"^Name: *([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*$", re.ASCII | re.MULTILINE)
_ADDRESS = re.compile(r"^[\x21-\x7e]+$")


class Distribution(NamedTuple):
    """An installed distribution; `url` is where it came from when that was not an index (PEP 610)."""

    name: str
    version: str
    folder: str
    modules: frozenset[str]
    url: str | None


def installed_for(imports: Iterable[str], folders: Iterable[str]) -> dict[str, Any]:
    """`{"imports": {module: [{"name", "version"}]}, "versions": {name: version}, "urls": {name: url}}`.

    `folders` are in the order of sys.path. Names in `versions` and `urls` are normalized; a distribution that did not
    come from an index is in `urls` only: `git+https://…@COMMIT`, the address of an archive, or `file:` of a folder.
    """
    distributions = _distributions(folders)
    found = {}
    for module in sorted(set(imports)):
        candidates = [one for one in distributions.values() if module.split(".")[0] in one.modules]
        if len(candidates) > 1:
            candidates = [one for one in candidates if _provides(one, module)] or candidates
        if candidates:
            found[module] = [{"name": one.name, "version": one.version} for one in candidates]
    return {
        "imports": found,
        "versions": {name: one.version for name, one in distributions.items() if one.url is None},
        "urls": {name: one.url for name, one in distributions.items() if one.url is not None},
    }


def _distributions(folders: Iterable[str]) -> dict[str, Distribution]:
    """By normalized name, sorted; the first folder wins as it does for import."""
    found: dict[str, Distribution] = {}
    for entry in folders:
        if not os.path.isdir(entry):
            continue
        for item in os.listdir(entry):
            match = _METADATA.match(item)
            if match:
                one = _read_kept(os.path.join(entry, item), match.group(1), match.group(2))
                found.setdefault(_normal(one.name), one)
    return dict(sorted(found.items()))


def _read_kept(folder: str, name: str, version: str) -> Distribution:
    try:
        changed = os.stat(folder).st_mtime_ns
    except OSError:
        changed = 0  # It was uninstalled meanwhile.
    return _read(folder, name, version, changed)


@lru_cache(maxsize=4096)
def _read(folder: str, name: str, version: str, _changed: int) -> Distribution:
    """Kept until the folder changes: a large environment has half a million lines of records."""
    name = _real_name(folder) or name
    url = _origin(folder)
    modules = _modules(name, folder)
    # One that is installed as it is edited has no files of its own; its module has its name, as a rule.
    return Distribution(name, version, folder, modules | {_module_of(name)} if _is_local(url) else modules, url)


def _real_name(folder: str) -> str | None:
    """The name as the author writes it (`scikit-learn`, where the folder says `scikit_learn`)."""
    for path in (os.path.join(folder, "METADATA"), os.path.join(folder, "PKG-INFO"), folder):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                match = _NAME.search(file.read(400))
        except OSError:
            continue
        return match.group(1) if match else None
    return None


def _modules(name: str, folder: str) -> frozenset[str]:
    """The top-level names that a distribution brings."""
    listed = _lines(os.path.join(folder, "top_level.txt"))
    if listed is not None:
        return frozenset(line.strip().replace("/", ".").split(".")[0] for line in listed)
    record = _lines(os.path.join(folder, "RECORD"))
    if record is None:
        return frozenset((_module_of(name),))
    files = (line.split(",", 1)[0] for line in record)
    return frozenset(
        file.split("/", 1)[0] if "/" in file else re.sub(r"(\.py|\.[^.]*\.(so|pyd)|\.so|\.pyd)$", "", file)
        for file in files
    )


def _origin(folder: str) -> str | None:
    """The requirement's address by the "direct URL" specification of packaging; None for a package of an index.

    What conda built names a folder of the machine that built it: it is a package of an index, too.
    """
    try:
        with open(os.path.join(folder, "direct_url.json"), encoding="utf-8") as file:
            direct = json.load(file)
        url = str(direct["url"])
        vcs = direct.get("vcs_info")
        address = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not _ADDRESS.match(address) or (_is_local(address) and not _is_here(address)):
        return None
    return address


def _is_here(address: str) -> bool:
    # Few environments need it, and it takes as long as all else.
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return os.path.exists(url2pathname(urlsplit(address).path))


def _provides(distribution: Distribution, module: str) -> bool:
    """Of several distributions under one namespace package (google, azure): whether it holds the module itself."""
    path = module.replace(".", "/")
    record = _lines(os.path.join(distribution.folder, "RECORD")) or []
    return any(line.startswith((path + "/", path + ".py", path + ".")) for line in record)


def _lines(path: str) -> list[str] | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return None


def _is_local(url: str | None) -> bool:
    return url is not None and url.startswith("file:")


def _module_of(name: str) -> str:
    return _normal(name).replace("-", "_")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
