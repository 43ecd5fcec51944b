"""The state of an earlier training, for a run that only defines functions anew (Python 3.7+)."""

from __future__ import annotations

import ast
import json
import os
import pickle
from typing import Any

from slipway_inspect.magics import strip_magics

from slipway_train import reuse
from slipway_train.examples import TAG, bound_by, handed_to
from slipway_train.failure import Failure
from slipway_train.reuse_rules import NotProven

_VARIABLE = "variable "


def resume(request: dict[str, Any], namespace: dict[str, Any], examples: list[Any]) -> dict[str, Any]:
    """{"cells": what to run of each cell, or None for all when the training must be done again, "why": the reason}.

    `request["previous"]` is the folder of a training: `executed.ipynb`, `artifact`. What is needed of its state is put
    into the namespace. Raises Failure NotReusable when the state cannot be read, and then the process is to be ended.
    """
    artifact = os.path.join(request["previous"], "artifact")
    try:
        before = _cells(os.path.join(request["previous"], "executed.ipynb"))
        manifest = _json(os.path.join(artifact, "artifact.json"))
        variable = _variable(manifest, before, request["predict"])
        if "load" in manifest["callables"] or _defines(request["cells"], request["load"]):
            raise NotProven("the notebook loads the state itself")
        held = set(manifest.get("state", []))
        plan = reuse.plan(request["cells"], before, request["predict"], held, variable)
    except (NotProven, OSError, ValueError, KeyError, RecursionError) as error:
        return {"cells": None, "why": str(error)}
    state = _read(artifact, manifest, plan.wanted)
    namespace.update({name: state["predict"].__globals__[name] for name in plan.wanted})
    if variable is not None and variable not in plan.wanted:
        namespace[variable] = state["example"]
    if manifest["example"] is not None and manifest["example"]["source"] == TAG:
        examples.append(state["example"])
    return {"cells": plan.cells, "why": None}


def _read(artifact: str, manifest: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """What the snapshot holds, in which all that is wanted is found."""
    try:
        buffers = [_bytes(os.path.join(artifact, one["file"])) for one in manifest["buffers"]]
        options: dict[str, Any] = {"buffers": buffers} if buffers else {}
        state: dict[str, Any] = pickle.loads(_bytes(os.path.join(artifact, manifest["pickle"])), **options)
        missing = wanted - set(state["predict"].__globals__)
    except Exception as error:
        raise Failure("NotReusable", f"The state of the training before cannot be read: {error}") from error
    if missing:
        raise Failure("NotReusable", f"The state of the training before lacks {sorted(missing)}")
    return state


def _variable(manifest: dict[str, Any], cells: list[dict[str, Any]], predict: str) -> str | None:
    """The variable that holds the example, as operations.value_of_cell finds it."""
    source = (manifest["example"] or {}).get("source", "")
    if source.startswith(_VARIABLE):
        return str(source[len(_VARIABLE) :])
    tagged = next((cell["source"] for cell in reversed(cells) if "example" in cell["tags"] and cell["source"]), "")
    body = ast.parse(strip_magics(tagged).source).body
    last = body[-1] if body and source == TAG else None
    return handed_to(predict, last) or bound_by(last)


def _defines(cells: list[dict[str, Any]], load: str | None) -> bool:
    return load is not None and any(f"def {load}(" in cell["source"] for cell in cells)


def _cells(path: str) -> list[dict[str, Any]]:
    found = []
    for cell in _json(path)["cells"]:
        source = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
        found.append({"source": source if source.strip() else "", "tags": cell["metadata"].get("tags", [])})
    return found


def _json(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def _bytes(path: str) -> bytearray:
    with open(path, "rb") as file:
        return bytearray(file.read())
