"""What the runner asks of the kernel besides executing cells (Python 3.7+)."""

from __future__ import annotations

import ast
from typing import Any, Callable

from slipway_train import audit, definitions, earlier, snapshot
from slipway_train.examples import bound_by, handed_to
from slipway_train.failure import Failure


def run(
    request: dict[str, Any], namespace: dict[str, Any], examples: list[Any], launch: dict[str, Any]
) -> dict[str, Any]:
    """{"result": …} of the operation `request["op"]`, or {"failure": {"code", "message", …}}."""
    try:
        return {"result": _OPERATIONS[request["op"]](request, namespace, examples, launch)}
    except Failure as failure:
        return {"failure": failure.details}


def value_of_cell(shell: Any, code: str, predict: str) -> Any:
    """The example that a tagged cell tells: what it hands to `predict` when it ends by calling it, else the value of
    its last expression, else what its last assignment bound; None when none of these.
    """
    try:
        body = ast.parse(shell.transform_cell(code)).body
    except SyntaxError:
        return None
    last = body[-1] if body else None
    handed = handed_to(predict, last)
    if handed is not None:
        return shell.user_ns.get(handed)
    result = getattr(getattr(shell, "last_execution_result", None), "result", None)
    if result is not None:
        return result
    name = bound_by(last)
    return None if name is None else shell.user_ns.get(name)


def _inputs(request: dict[str, Any], *_context: Any) -> dict[str, Any]:
    return audit.inputs(request["roots"])


def _hubs(*_context: Any) -> dict[str, Any]:
    return {"items": audit.from_hubs()}


def _plan(request: dict[str, Any], *_context: Any) -> dict[str, Any]:
    return {"cells": definitions.plan(request["cells"], request["predict"], request["load"])}


def _resume(
    request: dict[str, Any], namespace: dict[str, Any], examples: list[Any], _launch: dict[str, Any]
) -> dict[str, Any]:
    return earlier.resume(request, namespace, examples)


def _snapshot(
    request: dict[str, Any], namespace: dict[str, Any], examples: list[Any], launch: dict[str, Any]
) -> dict[str, Any]:
    return snapshot.make(request, namespace, examples, launch)


_OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "inputs": _inputs,
    "hubs": _hubs,
    "plan": _plan,
    "resume": _resume,
    "snapshot": _snapshot,
}
