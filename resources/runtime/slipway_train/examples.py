"""Finds one input of `predict` in the notebook and writes it as a body of POST /invocations (Python 3.7+)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from slipway_train import invocation

# Variables that hold an example by their name, best first.
NAMES = (
    "sample_input",
    "example_input",
    "input_example",
    "sample_inputs",
    "example_inputs",
    "input_sample",
    "example",
    "sample",
    "X_example",
    "X_sample",
    "example_X",
    "sample_X",
    "x_example",
    "x_sample",
    "sample_data",
    "example_data",
    "test_input",
    "sample_text",
    "example_text",
)
ROWS = 5
# Where an example comes from that is no variable of these names.
TAG = "cell tag 'example'"


class Example:
    """An input of predict. `source` says where it comes from; `shortened` whether rows were left out."""

    def __init__(self, value: Any, source: str, shortened: bool) -> None:
        self.value = value
        self.source = source
        self.shortened = shortened

    def describe(self) -> dict[str, Any]:
        """The member `example` of artifact.json."""
        return {
            "source": self.source,
            "type": invocation.type_name(self.value),
            "invocation": invocation.body(self.value),
        }


def find(namespace: dict[str, Any], tagged: list[Any], predict: Any) -> Iterator[Example | None]:
    """The example at most ROWS long, then the whole one where that differs; one None when there is none."""
    value, source = _search(namespace, tagged, predict)
    if source is None:
        yield None
        return
    small = _head(value)
    if small is not value:
        yield Example(small, source, True)
    yield Example(value, source, False)


def _search(namespace: dict[str, Any], tagged: list[Any], predict: Any) -> Any:
    for value in reversed(tagged):
        if value is not None and invocation.supported(value):
            return value, TAG
    for name in NAMES:
        value = namespace.get(name)
        if value is not None and value is not predict and invocation.supported(value):
            return value, f"variable {name}"
    return None, None


def _head(value: Any) -> Any:
    kind = invocation.type_name(value)
    if kind in ("pandas.DataFrame", "pandas.Series"):
        return value.head(ROWS) if len(value) > ROWS else value
    if kind == "numpy.ndarray" and len(value.shape) > 1 and value.shape[0] > ROWS:
        # A copy: a view would pickle the whole array that it looks into.
        return value[:ROWS].copy()
    if isinstance(value, list) and len(value) > ROWS and isinstance(value[0], (dict, list, tuple, str)):
        return value[:ROWS]
    return value


def handed_to(predict: str, statement: ast.stmt | None) -> str | None:
    """Name of the one variable in a closing `predict(name)`, bare, assigned or printed."""
    value = getattr(statement, "value", None)
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and len(value.args) == 1:
        argument = value.args[0]
        if value.func.id == predict:
            return argument.id if isinstance(argument, ast.Name) else None
        value = argument
    return None


def bound_by(statement: ast.stmt | None) -> str | None:
    """Name of the variable that a statement binds, or shows."""
    if isinstance(statement, ast.Assign):
        target: Any = statement.targets[-1]
    else:
        target = getattr(statement, "target", getattr(statement, "value", None))
    return target.id if isinstance(target, ast.Name) else None
