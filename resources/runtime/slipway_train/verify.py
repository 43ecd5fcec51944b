"""Calls `predict` with the example as the server will (Python 3.7+)."""

from __future__ import annotations

import dis
import inspect
import types
from typing import Any

from slipway_train import audit
from slipway_train.examples import Example
from slipway_train.failure import Failure
from slipway_train.tracebacks import describe

STATE_PARAMETERS = ("model", "state")


def assigned_by(function: Any) -> set[str]:
    """Names that a function and those nested in it assign as globals."""
    pending = [code for code in [getattr(function, "__code__", None)] if code]
    names: set[str] = set()
    while pending:
        code = pending.pop()
        names.update(step.argval for step in dis.get_instructions(code) if step.opname == "STORE_GLOBAL")
        pending += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names


def predict_once(predict: Any, load: Any, example: Example, notebook: str) -> bool:
    """True when `predict` answered. False when it failed on a shortened example and the whole one is still
    to try.

    Raises Failure ExampleFailed naming cell and line otherwise.
    """
    step = "load()"
    try:
        with audit.recording():
            state = load() if load is not None else None
        step = f"predict() with its example ({example.source})"
        positional, named = arguments(predict, state, example.value)
        with audit.recording():
            predict(*positional, **named)
        return True
    except Exception as error:
        if example.shortened and step != "load()":
            return False
        raise _failure(error, step, notebook) from error


def arguments(predict: Any, state: Any, example: Any) -> tuple[list[Any], dict[str, Any]]:
    """How predict is called with an example: by name when it takes several values and the example is a dict
    of them.
    """
    names = list(_parameters(predict))
    positional: list[Any] = []
    if state is not None and names and names[0].name in STATE_PARAMETERS:
        positional.append(state)
        names = names[1:]
    required = [parameter.name for parameter in names if parameter.default is parameter.empty]
    if (
        isinstance(example, dict)
        and len(required) != 1
        and set(required) <= set(example) <= {item.name for item in names}
    ):
        return positional, dict(example)
    if isinstance(example, tuple) and len(required) > 1:
        return positional + list(example), {}
    return [*positional, example], {}


def _parameters(predict: Any) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(predict).parameters.values()
    except (TypeError, ValueError):
        return []
    return [parameter for parameter in found if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)]


def _failure(error: Exception, step: str, notebook: str) -> Failure:
    location = _location(error, notebook)
    filename = f"{notebook}#{location[0]}" if location[0] else ""
    details = describe(error, filename)
    message = "{} raised {}: {}. The server would fail the same way; correct the cell or the example.".format(
        step[0].upper() + step[1:] if step == "load()" else step, type(error).__name__, error
    )
    return Failure(
        "ExampleFailed",
        message,
        id=location[0],
        line=location[1],
        ename=type(error).__name__,
        evalue=str(error),
        traceback=details["traceback"],
        chain=details["chain"],
    )


def _location(error: BaseException, notebook: str) -> tuple[Any, Any]:
    found: tuple[Any, Any] = (None, None)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(notebook + "#"):
            found = (name[len(notebook) + 1 :], trace.tb_lineno)
        trace = trace.tb_next
    return found
