"""Requests and answers of the inspector: one JSON document a line on stdin, one a line on stdout, until stdin ends.

Of code: `{"root": folder, "notebooks": [relative …], "modules": [relative …]}` is answered with
`{"version": 2, "notebooks": […], "modules": […]}`; a file that cannot be read carries `error: {code, message, line}`
in place of facts. Of an environment: `{"imports": [module …], "folders": [folder …]}` is answered as `installed_for`
says. See src/project/facts.ts for every field.
"""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH117, PTH118, PTH120

from __future__ import annotations

import json
import os
import sys
from typing import Any

from .apps import find_apps
from .code_facts import Code
from .modules import Resolver, package_of, source_roots
from .notebook import NotebookError, read_notebook
from .notebook_facts import notebook_facts
from .packages import installed_for
from .secret_scan import scan_source

_MAX_MODULES = 2000
_MAX_SOURCE = 4_000_000


def main() -> int:
    """Answer request after request; exit status 0 unless one of them is broken."""
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(_answer(json.loads(line.decode("utf-8"))), ensure_ascii=True) + "\n")
        sys.stdout.flush()
    return 0


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if "folders" in request:
        return installed_for(request["imports"], request["folders"])
    return inspect(request)


def inspect(request: dict[str, Any]) -> dict[str, Any]:
    """Facts for the notebooks and modules of a request, and for the project's modules that they import."""
    root = os.path.abspath(request["root"])
    project = _Project(root)
    notebooks = [project.notebook(path) for path in request.get("notebooks", [])]
    modules = project.modules([os.path.join(root, path) for path in request.get("modules", [])])
    return {"version": 2, "notebooks": notebooks, "modules": modules}


class _Project:
    def __init__(self, root: str) -> None:
        self._root = root
        self._pending: list[tuple[str, Resolver]] = []

    def notebook(self, path: str) -> dict[str, Any]:
        try:
            notebook = read_notebook(os.path.join(self._root, path))
        except NotebookError as error:
            return {"path": path, "error": {"code": error.code, "message": error.message, "line": error.line}}
        except OSError as error:
            return {
                "path": path,
                "error": {"code": "NotebookUnreadable", "message": error.strerror or str(error), "line": None},
            }
        facts = notebook_facts(notebook)
        folders = list(source_roots(self._root, path))
        facts["sysPath"] = [self._sys_path(entry, folders) for entry in facts["sysPath"]]
        folders += [entry["resolved"] for entry in facts["sysPath"] if entry["resolved"]]
        self._link(facts, Resolver(folders), None)
        self._locate_paths(facts, os.path.dirname(os.path.join(self._root, path)))
        return {"path": path, "error": None, **facts}

    def modules(self, named: list[str]) -> list[dict[str, Any]]:
        """The named modules and all that are imported from them and from the notebooks, each once."""
        seen: set[str] = set()
        found: list[dict[str, Any]] = []
        default = Resolver(list(source_roots(self._root, None)))
        self._pending[:0] = [(file, Resolver([os.path.dirname(file), *default.folders])) for file in named]
        while self._pending and len(found) < _MAX_MODULES:
            file, resolver = self._pending.pop(0)
            if file not in seen:
                seen.add(file)
                found.append(self._module(file, resolver))
        return found

    def _module(self, file: str, resolver: Resolver) -> dict[str, Any]:
        path = _relative(file, self._root)
        inside = not path.startswith("../") and not os.path.isabs(path)
        try:
            with open(file, "rb") as stream:
                source = stream.read(_MAX_SOURCE).decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
        except OSError as error:
            return {
                "path": path,
                "inside": inside,
                "error": {"code": "ModuleUnreadable", "message": str(error.strerror), "line": None},
            }
        code = Code()
        tree = code.scan(source, None)
        facts: dict[str, Any] = {
            "imports": code.imports,
            "installs": code.installs,
            "inputs": code.inputs,
            "paths": code.paths.found,
            "sysPath": [self._sys_path(entry, [os.path.dirname(file)]) for entry in code.paths.sys_path],
            "syntax": code.syntax,
            "functions": {name: fact for name, fact in code.functions.items() if name in ("predict", "load")},
            "apps": find_apps(tree, code.aliases) if tree else [],
            "secrets": [{**fact, "cell": None, "where": "source"} for fact in scan_source(source, tree)],
        }
        folders = resolver.folders + [entry["resolved"] for entry in facts["sysPath"] if entry["resolved"]]
        self._link(facts, Resolver(folders), package_of(file))
        self._locate_paths(facts, os.path.dirname(file))
        return {"path": path, "inside": inside, "error": None, **facts}

    def _link(self, facts: dict[str, Any], resolver: Resolver, package: str | None) -> None:
        """Mark imports that are the project's own files, and queue those files."""
        for fact in facts["imports"]:
            files = resolver.find(fact, package) if fact["via"] != "implied" else []
            fact["files"] = [_relative(file, self._root) for file in files]
            self._pending.extend((file, resolver) for file in files)

    def _sys_path(self, entry: dict[str, Any], bases: list[str]) -> dict[str, Any]:
        text = os.path.expanduser(entry["path"])
        # A notebook runs in its own folder: relative entries start there.
        folder = os.path.normpath(os.path.join(bases[0], text)) if bases else text
        return {**entry, "resolved": folder if os.path.isdir(folder) else None}

    def _locate_paths(self, facts: dict[str, Any], folder: str) -> None:
        """Add `file` (relative to the project) where a path exists, `suggestion` where the project holds its end."""
        kept = []
        for fact in facts["paths"]:
            fact["file"], fact["outside"], fact["suggestion"] = None, False, None
            if fact["kind"] == "relative":
                self._locate_relative(fact, folder)
            elif fact["kind"] != "url":
                fact["suggestion"] = self._suggestion(fact["path"], folder)
                fact["outside"] = True
            if fact["mode"] != "mention" or fact["file"] or fact["kind"] not in ("relative", "url"):
                kept.append(fact)
        facts["paths"] = kept

    def _locate_relative(self, fact: dict[str, Any], folder: str) -> None:
        for base in (folder, self._root):
            file = os.path.normpath(os.path.join(base, fact["path"]))
            if "\x00" not in file and os.path.exists(file):
                relative = _relative(file, self._root)
                fact["outside"] = relative.startswith("..")
                fact["file"] = None if fact["outside"] else relative
                return

    def _suggestion(self, path: str, folder: str) -> str | None:
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", "~", ".", "..")]
        for start in range(len(parts)):
            for base in (folder, self._root):
                candidate = os.path.join(base, *parts[start:])
                if "\x00" not in candidate and os.path.exists(candidate):
                    return _relative(candidate, folder)
        return None


def _relative(path: str, base: str) -> str:
    """POSIX path relative to a folder; absolute where there is no way (another drive on Windows)."""
    try:
        return os.path.relpath(path, base).replace(os.sep, "/")
    except ValueError:
        return path.replace(os.sep, "/")
