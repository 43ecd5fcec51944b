"""Facts of one notebook: its cells taken in order, as they would run."""

from __future__ import annotations

import ast
from typing import AbstractSet, Any  # noqa: UP035

from .code_facts import Code
from .definitions import movable
from .imports import extension_imports
from .magics import strip_magics
from .models import ModelFinder
from .notebook import Cell, Notebook, output_texts, recorded_execution
from .paths import PathFinder
from .secret_scan import redact, scan_source, scan_text
from .timeline import Timeline


def notebook_facts(notebook: Notebook) -> dict[str, Any]:
    """Facts of a notebook's cells; of a notebook of another language its cells and secrets only."""
    return _python_facts(notebook) if notebook.language == "python" else _foreign_facts(notebook)


def _python_facts(notebook: Notebook) -> dict[str, Any]:
    code = Code()
    timeline = Timeline()
    models = ModelFinder(code.aliases)
    collected: dict[str, Any] = {"cells": [], "magics": [], "secrets": []}
    trees = {}
    for cell in notebook.cells:
        if cell.type != "code":
            collected["secrets"].extend(_source_secrets(cell, None))
            continue
        stripped = strip_magics(cell.source)
        tree = code.scan(stripped.source, cell.id)
        trees[cell.index] = (tree, stripped.source)
        code.imports.extend(
            {**fact, "cell": cell.id} for fact in extension_imports([(m.name, m.text, m.line) for m in stripped.magics])
        )
        for line, install in stripped.installs:
            code.add_install(install, cell.id, line)
        timeline.run(cell.index, tree, stripped.injects)
        if tree is not None:
            models.scan(tree, stripped.source, cell.id)
        _drop_columns(code.paths, cell.id, stripped.altered)
        collected["magics"].extend(
            {"kind": m.kind, "name": m.name, "text": redact(m.text), "cell": cell.id, "line": m.line}
            for m in stripped.magics
        )
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


def _foreign_facts(notebook: Notebook) -> dict[str, Any]:
    """A notebook of another language: its cells only."""
    cells = [_cell_facts(cell) for cell in notebook.cells if cell.type == "code"]
    lists: dict[str, Any] = {
        key: []
        for key in (
            "magics",
            "syntax",
            "imports",
            "installs",
            "inputs",
            "definitions",
            "paths",
            "sysPath",
            "undefined",
            "models",
        )
    }
    secrets = [fact for cell in notebook.cells for fact in _source_secrets(cell, None)]
    return {
        **_header(notebook),
        "cells": cells,
        "secrets": secrets,
        **lists,
        "functions": {},
        "aliases": {},
        "live": {},
    }


def _header(notebook: Notebook) -> dict[str, Any]:
    spec = notebook.metadata.get("kernelspec")
    kernel = spec.get("name") if isinstance(spec, dict) else None
    return {
        "nbformat": notebook.nbformat,
        "language": notebook.language,
        "kernel": kernel if isinstance(kernel, str) else None,
        "pythonVersion": notebook.python_version,
    }


def _cell_facts(cell: Cell) -> dict[str, Any]:
    lines = cell.source.split("\n")
    return {
        "id": cell.id,
        "index": cell.index,
        "lines": len(lines),
        "empty": not cell.source.strip(),
        "tags": cell.tags,
        "recorded": recorded_execution(cell) or None,
    }


def _source_secrets(cell: Cell, tree: ast.AST | None, altered: AbstractSet[int] = frozenset()) -> list[dict[str, Any]]:
    return [{**fact, "cell": cell.id, "where": "source"} for fact in scan_source(cell.source, tree, altered)]


def _output_secrets(cell: Cell) -> list[dict[str, Any]]:
    kinds = sorted({kind for kind in map(scan_text, output_texts(cell)) if kind})
    return [
        {
            "kind": kind,
            "name": "",
            "line": 1,
            "column": 0,
            "endColumn": 0,
            "form": "text",
            "cell": cell.id,
            "where": "output",
        }
        for kind in kinds
    ]


def _drop_columns(paths: PathFinder, cell: str, altered: set[int]) -> None:
    for fact in paths.found:
        if fact["cell"] == cell and fact["line"] in altered:
            fact["column"] = fact["endColumn"] = None


def _undefined(
    problem: dict[str, Any], notebook: Notebook, trees: dict[int, Any], timeline: Timeline
) -> dict[str, Any]:
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
