"""Reads notebooks of nbformat 2 to 4 without nbformat: tolerant, because old notebooks are the normal case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any


class NotebookError(Exception):
    """The file is no notebook. `code` is NotANotebook or NotebookUnreadable; `line` where the JSON breaks."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


@dataclass
class Cell:
    """One cell. `id` is the nbformat id, else `cell-<index>` with the index over all cells from 0."""

    id: str
    index: int
    type: str
    source: str
    metadata: dict[str, Any]
    outputs: list[Any] = field(default_factory=list)

    @property
    def tags(self) -> list[str]:
        tags = self.metadata.get("tags")
        return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


@dataclass
class Notebook:
    nbformat: int
    metadata: dict[str, Any]
    cells: list[Cell]

    @property
    def language(self) -> str:
        """Lower-case language of the kernel; `python` when the notebook names none."""
        for section, key in (("language_info", "name"), ("kernelspec", "language")):
            value = _mapping(self.metadata.get(section)).get(key)
            if isinstance(value, str) and value.strip():
                return "python" if value.lower() in ("ipython", "python2", "python3") else value.lower()
        return "python"

    @property
    def python_version(self) -> str | None:
        """Version from language_info, else the kernel's name where that holds one (`python3.9`, `Python 2`)."""
        info = _mapping(self.metadata.get("language_info"))
        version = info.get("version")
        if isinstance(version, str) and re.match(r"\d+\.\d+", version):
            return version
        spec = _mapping(self.metadata.get("kernelspec"))
        for key in ("display_name", "name"):
            match = re.search(r"(?i)python[ -]?(\d(?:\.\d+)*)", str(spec.get(key, "")))
            if match and ("." in match.group(1) or match.group(1) == "2"):
                return match.group(1)
        return None


def read_notebook(path: str) -> Notebook:
    """Read one notebook file.

    Raises NotebookError when it is not JSON or not a notebook, OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        raw = file.read()
    if not raw.strip():
        # Editors make a new notebook as an empty file.
        raw = b'{"cells": []}'
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotebookError("NotebookUnreadable", "The file is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise NotebookError("NotebookUnreadable", error.msg, error.lineno) from error
    except RecursionError as error:
        raise NotebookError("NotebookUnreadable", "The JSON is nested too deeply.") from error
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise NotebookError("NotANotebook", "The file is JSON but holds no cells.")
    version = data.get("nbformat")
    return Notebook(
        version if isinstance(version, int) else 4,
        _mapping(data.get("metadata")),
        [_cell(index, raw_cell) for index, raw_cell in enumerate(_raw_cells(data))],
    )


def recorded_execution(cell: Cell) -> dict[str, Any]:
    """`{"seconds", "at"}` of the last execution as JupyterLab, Colab, ExecuteTime or papermill recorded it."""
    meta = cell.metadata
    lab = _mapping(meta.get("execution"))
    pairs = (
        (lab.get("iopub.execute_input"), lab.get("shell.execute_reply") or lab.get("iopub.status.idle")),
        (_mapping(meta.get("ExecuteTime")).get("start_time"), _mapping(meta.get("ExecuteTime")).get("end_time")),
        (_mapping(meta.get("papermill")).get("start_time"), _mapping(meta.get("papermill")).get("end_time")),
    )
    for start_text, end_text in pairs:
        start, end = _time(start_text), _time(end_text)
        if start and end and end >= start:
            return {"seconds": (end - start).total_seconds(), "at": end.isoformat()}
    colab = _mapping(meta.get("executionInfo"))
    elapsed, stamp = colab.get("elapsed"), colab.get("timestamp")
    if isinstance(elapsed, (int, float)) and isinstance(stamp, (int, float)) and 0 < stamp < 4e12:
        return {"seconds": elapsed / 1000, "at": datetime.fromtimestamp(stamp / 1000, timezone.utc).isoformat()}
    return {}


def output_texts(cell: Cell, limit: int = 200_000) -> Iterator[str]:
    """Text of the outputs, at most `limit` characters of each: enough to see a leaked key, bounded on huge ones."""
    for output in cell.outputs:
        if not isinstance(output, dict):
            continue
        data = _mapping(output.get("data"))
        candidates = [output.get("text"), output.get("evalue"), data.get("text/plain"), data.get("text/html")]
        for value in candidates:
            text = _text(value)
            if text:
                yield text[:limit]


def _raw_cells(data: dict[str, Any]) -> list[Any]:
    if isinstance(data.get("cells"), list):
        return list(data["cells"])
    sheets = data.get("worksheets")
    cells: list[Any] = []
    for sheet in sheets if isinstance(sheets, list) else []:
        found = _mapping(sheet).get("cells")
        cells.extend(found if isinstance(found, list) else [])
    return cells


def _cell(index: int, raw: Any) -> Cell:
    data = _mapping(raw)
    identity = data.get("id")
    kind = data.get("cell_type")
    # nbformat 3 calls the source of a code cell `input`.
    source = _text(data.get("source", data.get("input", "")))
    outputs = data.get("outputs")
    return Cell(
        identity if isinstance(identity, str) and identity else f"cell-{index}",
        index,
        kind if isinstance(kind, str) else "raw",
        source.replace("\r\n", "\n").replace("\r", "\n"),
        _mapping(data.get("metadata")),
        outputs if isinstance(outputs, list) else [],
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    # fromisoformat of 3.8 knows neither `Z` nor other than 3 or 6 digits of a second.
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?", value)
    if not match:
        return None
    micro = (match.group(3) or ".0")[1:7].ljust(6, "0")
    zone = (match.group(4) or "+0000").replace("Z", "+0000").replace(":", "")
    try:
        return datetime.strptime(f"{match.group(1)}T{match.group(2)}.{micro}{zone}", "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None
