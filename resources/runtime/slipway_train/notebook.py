"""The notebook as a file: reading any nbformat, stable cell ids, parameters, and the executed copy."""

# nbformat carries no annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import ast
import itertools
import json
import logging
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from slipway_train.failure import Failure
from slipway_train.redaction import redact


@dataclass(frozen=True)
class Cell:
    """A cell of the executed copy. `index` counts the code cells of the user's notebook from 0, empty ones too;
    it is None for other cells and for one that Slipway added. `id` is that of the user's notebook.
    """

    index: int | None
    id: str
    node: Any

    @property
    def tags(self) -> list[str]:
        """Tags of the cell's metadata."""
        tags = self.node.metadata.get("tags")
        return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []

    @property
    def runs(self) -> bool:
        """Whether there is code in it."""
        return bool(self.node.cell_type == "code" and self.node.source.strip())


@dataclass(frozen=True)
class Document:
    """`node` is the executed copy in nbformat 4, `cells` are all its cells in order."""

    name: str
    node: Any
    cells: tuple[Cell, ...]

    def save(self, path: Path, secrets: Mapping[str, str]) -> None:
        """Write the copy atomically, without the values of secrets. Raises Failure WriteFailed."""
        beside = path.with_name(".%s.%d" % (path.name, os.getpid()))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(nbformat.writes(redact(self.node, secrets)) + "\n", encoding="utf-8")
            os.replace(beside, path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise Failure(
                "WriteFailed",
                f"The executed notebook could not be written to {path}: {error.strerror or error}.",
            ) from error


def read(path: Path, parameters: Mapping[str, Any]) -> Document:
    """Read a notebook, clear its outputs and put the parameters in. Raises Failure NotebookInvalid or
    UnknownParameter.
    """
    try:
        raw = json.loads(path.read_bytes().decode("utf-8-sig"))
        node = _convert(raw)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise Failure(
            "NotebookInvalid",
            f"{path.name} is not a notebook that can be read: {error}. Open it in an editor and save it again.",
        ) from error
    ids = _ids(raw, node)
    numbers = itertools.count()
    cells = [
        Cell(next(numbers) if cell.cell_type == "code" else None, identity, cell)
        for identity, cell in zip(ids, node.cells)
    ]
    if not any(cell.runs for cell in cells):
        raise Failure("NotebookInvalid", f"{path.name} has no code cell. Add one that defines `predict`.")
    for cell in cells:
        _clear(cell.node)
    cells = _with_parameters(cells, parameters)
    node.cells = [cell.node for cell in cells]
    _name_cells(node, cells)
    return Document(path.name, node, tuple(cells))


def _convert(raw: Any) -> Any:
    if not isinstance(raw, dict) or not ("cells" in raw or "worksheets" in raw):
        raise ValueError("it holds no cells")
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # Missing ids are filled in below, in the same way every time.
        warnings.simplefilter("ignore")
        node = nbformat.convert(nbformat.from_dict(raw), 4)
    for cell in node.cells:
        cell.source = "".join(cell.source) if isinstance(cell.source, list) else cell.source
        cell.source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
        cell.setdefault("metadata", nbformat.from_dict({}))
    node.setdefault("metadata", nbformat.from_dict({}))
    return node


def _ids(raw: dict[str, Any], node: Any) -> list[str]:
    originals = raw.get("cells") if isinstance(raw.get("cells"), list) else None
    found: list[str] = []
    for index in range(len(node.cells)):
        identity = originals[index].get("id") if originals else None
        fits = isinstance(identity, str) and identity and identity not in found
        found.append(str(identity) if fits else "cell-%d" % index)
    return found


def _name_cells(node: Any, cells: list[Cell]) -> None:
    has_ids = (node.nbformat, node.nbformat_minor) >= (4, 5)
    for cell in cells:
        if has_ids:
            cell.node["id"] = cell.id
        else:
            cell.node.pop("id", None)


def _clear(cell: Any) -> None:
    if cell.cell_type == "code":
        cell["outputs"], cell["execution_count"] = [], None


def _with_parameters(cells: list[Cell], parameters: Mapping[str, Any]) -> list[Cell]:
    if not parameters:
        return cells
    at = next((position for position, cell in enumerate(cells) if "parameters" in cell.tags and cell.runs), None)
    known = _assigned(cells[at].node.source) if at is not None else set()
    unknown = sorted(set(parameters) - known)
    if at is None or unknown:
        raise Failure("UnknownParameter", _unknown(unknown, known, at is not None))
    source = "# Parameters\n" + "\n".join(f"{name} = {_literal(value)}" for name, value in parameters.items())
    added = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    # As papermill does: a cell injected by an earlier run gives way.
    rest = [cell for cell in cells[at + 1 :] if "injected-parameters" not in cell.tags]
    return [*cells[: at + 1], Cell(None, "injected-parameters", added), *rest]


def _unknown(unknown: list[str], known: set[str], tagged: bool) -> str:
    if not tagged:
        return "The notebook has no cell tagged `parameters`, so {} cannot be set. Tag one.".format(", ".join(unknown))
    return "The cell tagged `parameters` does not assign {}. It assigns: {}.".format(
        ", ".join(unknown), ", ".join(sorted(known)) or "nothing"
    )


def _assigned(source: str) -> set[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    targets = [target for node in body for target in getattr(node, "targets", [getattr(node, "target", None)])]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return "[{}]".format(", ".join(map(_literal, value)))
    if isinstance(value, dict):
        return "{{{}}}".format(", ".join(f"{key!r}: {_literal(item)}" for key, item in value.items()))
    return repr(value)
