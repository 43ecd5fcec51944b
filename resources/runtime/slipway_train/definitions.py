"""Cuts a notebook down to what `predict` and `load` need, so that nothing is trained (Python 3.7+).

A statement is kept, in its place and with its line number, when a name that is needed gets its value there or is
changed in place there: imports, functions, classes, assignments, `with`, loops and branches, calls such as
`CONFIG.update(…)`. What it refers to is needed in turn, as it is at that point; what a function refers to is
needed as it is when the function is called. Code that changes how other code is read, such as sys.path, always
stays. A name that `load` assigns (`global`) is not needed. A needed name whose value comes from training is an
error.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from slipway_train.effects import Effects
from slipway_train.examples import NAMES as EXAMPLE_NAMES
from slipway_train.failure import Failure
from slipway_train.statements import DEFINES, Statement, dotted, read, text_of

_SETTINGS = ("sys.path.append", "sys.path.insert", "sys.path.extend", "os.environ.update", "os.environ.setdefault")


class Need(NamedTuple):
    """A name whose value at statement number `at` counts; functions that it stands for are called at `time`.
    `wanted` is the global of predict or load that it is needed for.
    """

    name: str
    at: int
    time: int
    wanted: str


def plan(cells: list[dict[str, Any]], predict: str, load: str | None) -> list[str | None]:
    """Per cell ({"source", "tags", "number"}) the code to run, as many lines as the cell has, or None when nothing is
    needed. `number` is how users count the cell.

    Raises Failure SnapshotFailed naming the variable that only training gives, CellFailed for a cell with a
    syntax error.
    """
    notebook = _Notebook(cells, read(cells), predict, load)
    end = len(notebook.statements)
    kept = notebook.slice([Need(name, end, end, name) for name in notebook.roots])
    for name in notebook.example_names():
        try:
            kept |= notebook.slice([Need(name, end, end, name)])
            break
        except Failure:
            continue
    ordered = [item for item in notebook.statements if item in kept]
    return [
        text_of(cell["source"], [item for item in ordered if item.cell == index]) for index, cell in enumerate(cells)
    ]


class _Notebook:
    def __init__(
        self, cells: list[dict[str, Any]], statements: list[Statement], predict: str, load: str | None
    ) -> None:
        self.statements = statements
        self._cells = cells
        self._predict = predict
        self._effects = Effects(statements)
        self._changes = [self._effects.changes(item) for item in statements]
        defined = {name for item in statements if isinstance(item.node, DEFINES) for name in item.binds}
        self.roots = [predict] + ([load] if load in defined and load is not None else [])
        self._provided = self._effects.assigned_by(load) if load in defined and load is not None else set()

    def slice(self, needs: list[Need]) -> set[Statement]:
        """The statements that give what is needed. Raises Failure when one of them trains."""
        kept: set[Statement] = set()
        pending = list(needs)
        for item in self.statements:
            if always(item):
                kept.add(item)
                pending += self._refers(item, Need("", item.number, item.number, ""))
        seen: set[Need] = set()
        while pending:
            need = pending.pop()
            if need in seen:
                continue
            seen.add(need)
            for item in self._giving(need):
                kept.add(item)
                pending += self._refers(item, need)
        return kept

    def example_names(self) -> Iterator[str]:
        """Names that may hold the example, the likeliest first."""
        for item in reversed(self.statements):
            if "example" in self._cells[item.cell]["tags"]:
                yield from sorted(item.binds or item.direct | item.deferred)
        defined = {name for item in self.statements for name in item.binds}
        yield from (name for name in EXAMPLE_NAMES if name in defined)

    def _giving(self, need: Need) -> Iterator[Statement]:
        """Statements before `need.at` that the value may come from, back to the one that replaces it as a whole."""
        provided = need.name in self._provided and need.at == len(self.statements)
        for item in reversed(self.statements[: need.at]):
            if need.name not in item.binds and need.name not in self._changes[item.number]:
                continue
            if not provided:
                if self._effects.trains(item.node):
                    raise self._needs_training(need, item)
                yield item
            elif _is_plain_value(item.node):
                yield item
            if need.name in item.kills:
                return

    def _refers(self, item: Statement, need: Need) -> Iterator[Need]:
        dead = self._effects.switched_off(item.node)
        called = _only_called(item.node)
        for name in item.direct - dead:
            if not (name in called and self._effects.is_plain_function(name)):
                yield Need(name, item.number, need.time, need.wanted or name)
            yield Need(name, item.number, item.number, need.wanted or name)
        for name in item.deferred - dead:
            last = need.time == len(self.statements)
            yield Need(name, need.time, need.time, name if last else need.wanted or name)

    def _needs_training(self, need: Need, item: Statement) -> Failure:
        number = self._cells[item.cell].get("number")
        where = f"{'the parameters' if number is None else f'cell {number}'}, line {item.line}"
        text = next((line.strip() for line in item.text.split("\n") if line.strip()), "")
        made = "" if need.name == need.wanted else f", which is made from `{need.name}`"
        message = (
            f"`{self._predict}` needs `{need.wanted}`{made}. Its value comes from training ({where}: "
            f"`{text[:80]}`), and training is switched off. Read it in `load()` (`global {need.wanted}`) from the "
            "saved weights, or let Slipway train."
        )
        return Failure("SnapshotFailed", message, variable=need.wanted, cell=item.cell, line=item.line)


def always(item: Statement) -> bool:
    """Whether it decides how other code is read or runs: `from __future__`, `import *`, sys.path, os.environ."""
    node = item.node
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__" or any(alias.name == "*" for alias in node.names)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return dotted(node.value.func) in _SETTINGS
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return any(
        dotted(getattr(one, "value", one)) in ("os.environ", "sys.path") or dotted(one) == "sys.path" for one in targets
    )


def _is_plain_value(node: ast.stmt) -> bool:
    """`model = None`, which `load` may look at before it assigns the name."""
    value = getattr(node, "value", None)
    return isinstance(node, (ast.Assign, ast.AnnAssign)) and (
        type(value).__name__ in ("Constant", "NameConstant", "Num", "Str")
        or (isinstance(value, (ast.Dict, ast.List)) and not any(ast.iter_child_nodes(value)))
    )


def _only_called(node: ast.stmt) -> set[str]:
    """Names that the statement calls and does nothing else with."""
    called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    others = [one for one in ast.walk(node) if isinstance(one, ast.Name) and not any(one is call for call in called)]
    return {one.id for one in called if isinstance(one, ast.Name)} - {one.id for one in others}
