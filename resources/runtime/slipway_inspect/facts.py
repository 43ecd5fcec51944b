"""The request and the answer of the inspector: JSON on stdin, JSON on stdout.

Request: `{"root": folder, "notebooks": [relative …], "modules": [relative …], "packages": bool}`.
Answer: `{"version": 1, "python", "notebooks": […], "modules": […], "packages": {…} | null}`; a file that cannot be read
carries `error: {code, message, line}` in place of facts. See src/project/facts.ts for every field.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import sys
from typing import AbstractSet, Any, Dict, List, Optional, Set, Tuple

from .apps import find_apps
from .code_facts import Code
from .definitions import movable
from .imports import extension_imports
from .magics import strip_magics
from .models import ModelFinder
from .modules import Resolver, package_of, source_roots
from .notebook import Cell, Notebook, NotebookError, output_texts, read_notebook, recorded_execution
from .packages import installed_for
from .paths import PathFinder
from .secret_scan import redact, scan_source, scan_text
from .timeline import Timeline

_MAX_MODULES = 2000
_MAX_SOURCE = 4_000_000


def main() -> int:
    """Answer one request; exit status 0 unless the request itself is broken."""
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    answer = json.dumps(inspect(request), ensure_ascii=True)
    sys.stdout.write(answer + "\n")
    sys.stdout.flush()
    return 0


def inspect(request: Dict[str, Any]) -> Dict[str, Any]:
    """Facts for the notebooks and modules of a request, and for the project's modules that they import."""
    root = os.path.abspath(request["root"])
    project = _Project(root)
    notebooks = [project.notebook(path) for path in request.get("notebooks", [])]
    modules = project.modules([os.path.join(root, path) for path in request.get("modules", [])])
    packages = None
    if request.get("packages"):
        facts = [*notebooks, *modules]
        packages = installed_for(fact["module"] for item in facts for fact in item.get("imports", []) if _top(fact))
    return {"version": 1, "python": platform.python_version(), "notebooks": notebooks, "modules": modules, "packages": packages}


class _Project:
    def __init__(self, root: str) -> None:
        self._root = root
        self._pending: List[Tuple[str, Resolver]] = []

    def notebook(self, path: str) -> Dict[str, Any]:
        try:
            notebook = read_notebook(os.path.join(self._root, path))
        except NotebookError as error:
            return {"path": path, "error": {"code": error.code, "message": error.message, "line": error.line}}
        except OSError as error:
            return {"path": path, "error": {"code": "NotebookUnreadable", "message": error.strerror or str(error), "line": None}}
        facts = _notebook_facts(notebook) if notebook.language == "python" else _foreign_facts(notebook)
        folders = list(source_roots(self._root, path))
        facts["sysPath"] = [self._sys_path(entry, folders) for entry in facts["sysPath"]]
        folders += [entry["resolved"] for entry in facts["sysPath"] if entry["resolved"]]
        self._link(facts, Resolver(folders), None)
        self._locate_paths(facts, os.path.dirname(os.path.join(self._root, path)))
        return {"path": path, "error": None, **facts}

    def modules(self, named: List[str]) -> List[Dict[str, Any]]:
        """The named modules and all that are imported from them and from the notebooks, each once."""
        seen: Set[str] = set()
        found: List[Dict[str, Any]] = []
        default = Resolver(list(source_roots(self._root, None)))
        self._pending[:0] = [(file, Resolver([os.path.dirname(file), *default.folders])) for file in named]
        while self._pending and len(found) < _MAX_MODULES:
            file, resolver = self._pending.pop(0)
            if file not in seen:
                seen.add(file)
                found.append(self._module(file, resolver))
        return found

    def _module(self, file: str, resolver: Resolver) -> Dict[str, Any]:
        path = _relative(file, self._root)
        inside = not path.startswith("../") and not os.path.isabs(path)
        try:
            with open(file, "rb") as stream:
                source = stream.read(_MAX_SOURCE).decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
        except OSError as error:
            return {"path": path, "inside": inside, "error": {"code": "ModuleUnreadable", "message": str(error.strerror), "line": None}}
        code = Code()
        tree = code.scan(source, None)
        facts: Dict[str, Any] = {
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

    def _link(self, facts: Dict[str, Any], resolver: Resolver, package: Optional[str]) -> None:
        """Mark imports that are the project's own files, and queue those files."""
        for fact in facts["imports"]:
            files = resolver.find(fact, package) if fact["via"] != "implied" else []
            fact["files"] = [_relative(file, self._root) for file in files]
            self._pending.extend((file, resolver) for file in files)

    def _sys_path(self, entry: Dict[str, Any], bases: List[str]) -> Dict[str, Any]:
        text = os.path.expanduser(entry["path"])
        # A notebook runs in its own folder: relative entries start there.
        folder = os.path.normpath(os.path.join(bases[0], text)) if bases else text
        return {**entry, "resolved": folder if os.path.isdir(folder) else None}

    def _locate_paths(self, facts: Dict[str, Any], folder: str) -> None:
        """Add `file` (relative to the project) where a path exists, and `suggestion` where the project holds its end."""
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

    def _locate_relative(self, fact: Dict[str, Any], folder: str) -> None:
        for base in (folder, self._root):
            file = os.path.normpath(os.path.join(base, fact["path"]))
            if "\x00" not in file and os.path.exists(file):
                relative = _relative(file, self._root)
                fact["outside"] = relative.startswith("..")
                fact["file"] = None if fact["outside"] else relative
                return

    def _suggestion(self, path: str, folder: str) -> Optional[str]:
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", "~", ".", "..")]
        for start in range(len(parts)):
            for base in (folder, self._root):
                candidate = os.path.join(base, *parts[start:])
                if "\x00" not in candidate and os.path.exists(candidate):
                    return _relative(candidate, folder)
        return None


def _notebook_facts(notebook: Notebook) -> Dict[str, Any]:
    code = Code()
    timeline = Timeline()
    models = ModelFinder(code.aliases)
    collected: Dict[str, Any] = {"cells": [], "magics": [], "secrets": []}
    trees = {}
    for cell in notebook.cells:
        if cell.type != "code":
            collected["secrets"].extend(_source_secrets(cell, None))
            continue
        stripped = strip_magics(cell.source)
        tree = code.scan(stripped.source, cell.id)
        trees[cell.index] = (tree, stripped.source)
        code.imports.extend({**fact, "cell": cell.id} for fact in extension_imports([(m.name, m.text, m.line) for m in stripped.magics]))
        for line, install in stripped.installs:
            code.add_install(install, cell.id, line)
        timeline.run(cell.index, tree, stripped.injects)
        if tree is not None:
            models.scan(tree, stripped.source, cell.id)
        _drop_columns(code.paths, cell.id, stripped.altered)
        collected["magics"].extend({"kind": m.kind, "name": m.name, "text": redact(m.text), "cell": cell.id, "line": m.line} for m in stripped.magics)
        collected["secrets"].extend(_source_secrets(cell, tree, stripped.altered))
        collected["secrets"].extend(_output_secrets(cell))
        collected["cells"].append(_cell_facts(cell))
    return {
        **_header(notebook),
        **collected,
        "syntax": code.syntax,
        "imports": code.imports,
        "installs": code.installs,
        "inputs": code.inputs,
        "definitions": code.definitions,
        "functions": code.functions,
        "paths": code.paths.found,
        "sysPath": code.paths.sys_path,
        "undefined": [_undefined(problem, notebook, trees, timeline) for problem in timeline.problems()],
        "aliases": code.aliases.names,
        **models.facts(),
    }


def _foreign_facts(notebook: Notebook) -> Dict[str, Any]:
    """A notebook of another language: its cells only."""
    cells = [_cell_facts(cell) for cell in notebook.cells if cell.type == "code"]
    lists: Dict[str, Any] = {key: [] for key in ("magics", "syntax", "imports", "installs", "inputs", "definitions", "paths", "sysPath", "undefined", "models")}
    secrets = [fact for cell in notebook.cells for fact in _source_secrets(cell, None)]
    return {**_header(notebook), "cells": cells, "secrets": secrets, **lists, "functions": {}, "aliases": {}, "live": {}}


def _header(notebook: Notebook) -> Dict[str, Any]:
    spec = notebook.metadata.get("kernelspec")
    kernel = spec.get("name") if isinstance(spec, dict) else None
    return {
        "nbformat": notebook.nbformat,
        "language": notebook.language,
        "kernel": kernel if isinstance(kernel, str) else None,
        "pythonVersion": notebook.python_version,
    }


def _cell_facts(cell: Cell) -> Dict[str, Any]:
    lines = cell.source.split("\n")
    return {"id": cell.id, "index": cell.index, "lines": len(lines), "empty": not cell.source.strip(), "tags": cell.tags, "recorded": recorded_execution(cell) or None}


def _source_secrets(cell: Cell, tree: Optional[ast.AST], altered: AbstractSet[int] = frozenset()) -> List[Dict[str, Any]]:
    return [{**fact, "cell": cell.id, "where": "source"} for fact in scan_source(cell.source, tree, altered)]


def _output_secrets(cell: Cell) -> List[Dict[str, Any]]:
    kinds = sorted({kind for kind in map(scan_text, output_texts(cell)) if kind})
    return [{"kind": kind, "name": "", "line": 1, "column": 0, "endColumn": 0, "form": "text", "cell": cell.id, "where": "output"} for kind in kinds]


def _drop_columns(paths: PathFinder, cell: str, altered: Set[int]) -> None:
    for fact in paths.found:
        if fact["cell"] == cell and fact["line"] in altered:
            fact["column"] = fact["endColumn"] = None


def _undefined(problem: Dict[str, Any], notebook: Notebook, trees: Dict[int, Any], timeline: Timeline) -> Dict[str, Any]:
    by_index = {cell.index: cell for cell in notebook.cells}
    defined = problem["definedCell"]
    move = None
    if defined is not None and defined != problem["cell"]:
        tree, _ = trees[defined]
        found = movable(tree, by_index[defined].source, problem["name"]) if tree else None
        early = {name for name, (cell, _) in timeline.first_definitions().items() if cell < problem["cell"]}
        if found and set(found["needs"]) <= early:
            move = {"line": found["line"], "endLine": found["endLine"], "text": found["text"]}
    before = [cell.id for cell in notebook.cells if cell.index < problem["cell"]]
    return {
        **problem,
        "cell": by_index[problem["cell"]].id,
        "definedCell": by_index[defined].id if defined is not None else None,
        "before": before[-1] if before else None,
        "move": move,
    }


def _relative(path: str, base: str) -> str:
    """POSIX path relative to a folder; absolute where there is no way (another drive on Windows)."""
    try:
        return os.path.relpath(path, base).replace(os.sep, "/")
    except ValueError:
        return path.replace(os.sep, "/")


def _top(fact: Dict[str, Any]) -> bool:
    return bool(fact["module"]) and not fact["level"] and not fact["files"]
