"""Finds what came from model hubs among the names of opened files (Python 3.7+).

Hub clients keep what they fetched in caches of a known layout below the user's home. The model needs it where it
is served, so it becomes part of the artifact. Native libraries open files unseen, so the whole of a snapshot counts,
not only the files that Python opened.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import Any, Callable, Dict

_REPOSITORY = re.compile(r"^(?P<folder>.*/(?:models|datasets|spaces)--[^/]+)/(?P<rest>.+)$")
_HASHED = re.compile(r"-(?P<hash>[0-9a-f]{8,64})\.\w+$")
_USELESS = {"__pycache__", ".git", ".github"}

Found = Dict[str, Any]


def find(opened: Iterable[str]) -> list[Found]:
    """[{"hub", "name", "revision", "files": [{"path", "source"}]}]: `path` is where the hub's client looks for the
    file, relative to the folder of its hub; `source` is the file itself, links resolved. `revision` is null where
    the hub has none.
    """
    names = sorted({name.replace(os.sep, "/") for name in opened})
    found: dict[tuple[str, str], Found] = {}
    for recognise in (_hugging_face, _torch(), _nltk()):
        for name in names:
            for one in recognise(name):
                found.setdefault((one["hub"], one["key"]), one)
    return [{key: value for key, value in one.items() if key != "key"} for _, one in sorted(found.items())]


def _hugging_face(name: str) -> Iterable[Found]:
    """The layout of https://huggingface.co/docs/huggingface_hub/guides/manage-cache"""
    match = _REPOSITORY.match(name)
    if match is None or not os.path.isdir(f"{match['folder']}/snapshots"):
        return []
    folder, (kind, _, rest) = match["folder"], match["rest"].partition("/")
    if kind == "snapshots":
        revisions = [rest.split("/")[0]]
    elif kind == "refs":
        revisions = [_text(name)]
    else:
        revisions = [one for one in os.listdir(f"{folder}/snapshots") if _links_to(f"{folder}/snapshots/{one}", name)]
    return [_snapshot(folder, one) for one in revisions if os.path.isdir(f"{folder}/snapshots/{one}")]


def _snapshot(folder: str, revision: str) -> Found:
    repository = os.path.basename(folder)
    refs = [path for path in _below(f"{folder}/refs") if _text(path) == revision]
    paths = refs + _below(f"{folder}/snapshots/{revision}")
    return {
        "hub": "huggingface",
        "key": f"{repository}@{revision}",
        "name": "/".join(repository.split("--")[1:]),
        "revision": revision,
        "files": _files(paths, os.path.dirname(folder), ""),
    }


def _torch() -> Callable[[str], Iterable[Found]]:
    loaded: Any = sys.modules.get("torch.hub")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    root = (loaded.get_dir() if loaded is not None else os.path.join(home, "hub")).replace(os.sep, "/")

    def recognise(name: str) -> Iterable[Found]:
        if not name.startswith(root + "/"):
            return []
        first, _, rest = name[len(root) + 1 :].partition("/")
        if not rest:
            return []
        weights = first == "checkpoints"
        path = name if weights else f"{root}/{first}"
        hashed = _HASHED.search(name) if weights else None
        return [
            {
                "hub": "torch",
                "key": path,
                "name": os.path.basename(path),
                "revision": hashed["hash"] if hashed else None,
                "files": _files([path] if weights else _below(path), root, "hub/"),
            }
        ]

    return recognise


def _nltk() -> Callable[[str], Iterable[Found]]:
    """Below a data folder stand `category/package` and `category/package.zip`. https://www.nltk.org/data.html"""
    loaded: Any = sys.modules.get("nltk.data")
    given = os.environ.get("NLTK_DATA", "").split(os.pathsep) if loaded is None else loaded.path
    roots = [os.path.abspath(str(root)).replace(os.sep, "/") for root in given if root and os.path.isdir(str(root))]

    def recognise(name: str) -> Iterable[Found]:
        root = next((root for root in roots if name.startswith(root + "/")), None)
        parts = name[len(root) + 1 :].split("/") if root is not None else []
        if root is None or len(parts) < 2:
            return []
        package = "/".join(parts[:2])
        path = f"{root}/{package}"
        files = _files(_below(path) if os.path.isdir(path) else [path], root, "")
        return [{"hub": "nltk", "key": package, "name": package, "revision": None, "files": files}]

    return recognise


def _files(paths: Iterable[str], root: str, prefix: str) -> list[dict[str, str]]:
    return [
        {"path": prefix + path[len(root) + 1 :], "source": os.path.realpath(path)}
        for path in sorted(paths)
        if os.path.isfile(path)
    ]


def _below(folder: str) -> list[str]:
    return [
        f"{where}/{name}".replace(os.sep, "/")
        for where, _, names in os.walk(folder)
        if _USELESS.isdisjoint(where[len(folder) :].split(os.sep))
        for name in names
    ]


def _links_to(snapshot: str, blob: str) -> bool:
    return any(os.path.realpath(path) == os.path.realpath(blob) for path in _below(snapshot))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(200).strip()
    except (OSError, ValueError):
        return ""
