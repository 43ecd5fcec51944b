"""Cuts a notebook down to what `predict` and `load` need, so that nothing is trained (Python 3.7+).

Kept, in order and with their line numbers: imports, functions, classes and simple assignments that predict,
load or an example refer to, directly or through others, and changes of sys.path. Everything else is
dropped: calls on their own, loops, `with`. A name that load assigns (`global`) is not needed. A needed name
that only training gives is an error.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from typing import Any

from slipway_inspect.magics import strip_magics

from slipway_train.examples import NAMES as EXAMPLE_NAMES
from slipway_train.failure import Failure

_DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_TRAINS = ("fit", "train", "partial_fit", "cross_val", "optimize", "learn")
# Python 3.7 has a node per kind of literal.
_LITERALS = ("Constant", "Str", "Num", "NameConstant", "Ellipsis")
_PATH_CALLS = ("sys.path.append", "sys.path.insert", "sys.path.extend")


class Statement:
    """A top-level statement: where it stands, which names it binds and refers to, whether it may run."""

    def __init__(self, cell: int, node: ast.stmt, text: str) -> None:
        self.cell = cell
        self.node = node
        self.text = text
        table = symtable.symtable(text, "<cell>", "exec")
        self.binds = {*_bound(table), *_mutated(node), *_trained(node)}
        self.refers = set(_referred(table))
        self.declares = {
            symbol.get_name() for inner in _tables(table) for symbol in inner.get_symbols() if _assigns_global(symbol)
        }

    def simple(self, trains: set[str]) -> bool:
        """Whether running it defines something and trains nothing; `trains` are functions known to train."""
        return _simple(self.node, trains)

    def always(self) -> bool:
        """Whether it decides how other code is read: `from __future__`, `import *`, sys.path."""
        node = self.node
        if isinstance(node, ast.ImportFrom):
            return node.module == "__future__" or any(alias.name == "*" for alias in node.names)
        return (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _dotted(node.value.func) in _PATH_CALLS
        )


def plan(cells: list[dict[str, Any]], predict: str, load: str | None) -> list[str | None]:
    """Per cell ({"source", "tags"}) the code to run, as many lines as the cell has, or None when nothing is
    needed.

    Raises Failure SnapshotFailed naming the variable that only training gives, CellFailed for a cell with a
    syntax error.
    """
    statements = [statement for index, cell in enumerate(cells) for statement in _statements(index, cell)]
    trains = _training_functions(statements)
    defined = {name for statement in statements if isinstance(statement.node, _DEFINES) for name in statement.binds}
    provided = {name for item in statements if load in item.binds for name in item.declares} if load else set()
    roots = {predict} | ({load} if load in defined else set())
    kept = _closure(statements, roots, provided, trains, predict)
    for name in _example_names(cells, statements):
        try:
            kept |= _closure(statements, {name}, provided, trains, predict)
            break
        except Failure:
            continue
    return [
        _text(cell["source"], [item for item in statements if item in kept and item.cell == index])
        for index, cell in enumerate(cells)
    ]


def _closure(
    statements: list[Statement], roots: set[str], provided: set[str], trains: set[str], predict: str
) -> set[Statement]:
    kept = {statement for statement in statements if statement.always()}
    pending = sorted(roots.union(*(statement.refers for statement in kept)))
    seen: set[str] = set(provided)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        binding = [statement for statement in statements if name in statement.binds]
        usable = [statement for statement in binding if statement.simple(trains)]
        if len(usable) < len(binding) and not _only_functions(usable):
            raise _needs_training(name, predict, binding)
        for statement in usable:
            kept.add(statement)
            pending.extend(sorted(statement.refers))
    return kept


def _only_functions(usable: list[Statement]) -> bool:
    return bool(usable) and isinstance(usable[-1].node, _DEFINES)


def _needs_training(name: str, predict: str, binding: list[Statement]) -> Failure:
    last = binding[-1]
    message = (
        f"`{predict}` needs `{name}`, which only training gives, and training is switched "
        f"off. Assign it in `load()` "
        f"(`global {name}`) from the saved weights, or let Slipway train."
    )
    return Failure("SnapshotFailed", message, variable=name, cell=last.cell, line=last.node.lineno)


def _statements(index: int, cell: dict[str, Any]) -> Iterator[Statement]:
    source = strip_magics(cell["source"]).source
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise Failure(
            "CellFailed",
            f"The cell is not valid Python: {error.msg}.",
            cell=index,
            line=error.lineno,
            ename="SyntaxError",
        ) from error
    lines = source.split("\n")
    for position, node in enumerate(body):
        following = body[position + 1] if position + 1 < len(body) else None
        text = _cut(lines, node, following)
        if text.strip():
            yield Statement(index, node, text)


def _first_line(node: Any) -> int:
    decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
    return int(min([node.lineno, *decorators]))


def _cut(lines: list[str], node: ast.stmt, following: ast.stmt | None) -> str:
    """Text from this statement to the next; Python 3.7 knows no end_lineno."""
    start = _first_line(node)
    end = _first_line(following) if following is not None else len(lines) + 1
    if following is not None and end == following.lineno and end <= getattr(node, "end_lineno", node.lineno):
        # `a = 1; b = 2`: columns count bytes of UTF-8
        rest = lines[end - 1].encode()[: following.col_offset].decode().rstrip().rstrip(";")
        whole = [*lines[start - 1 : end - 1], rest]
    else:
        whole = lines[start - 1 : end - 1]
    whole[0] = whole[0].encode()[node.col_offset :].decode() if start == node.lineno else whole[0]
    return "\n".join(whole)


def _text(source: str, kept: list[Statement]) -> str | None:
    if not kept:
        return None
    out = [""] * (source.count("\n") + 1)
    for statement in kept:
        start = _first_line(statement.node) - 1
        for offset, line in enumerate(statement.text.split("\n")):
            out[start + offset] = f"{out[start + offset]}; {line}" if out[start + offset].strip() else line
    return "\n".join(out)


def _tables(table: Any) -> Iterator[Any]:
    for child in table.get_children():
        yield child
        yield from _tables(child)


def _bound(top: Any) -> Iterator[str]:
    for symbol in top.get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            yield symbol.get_name()


def _referred(top: Any) -> Iterator[str]:
    for symbol in top.get_symbols():
        if symbol.is_referenced():
            yield symbol.get_name()
    for table in _tables(top):
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                yield symbol.get_name()


def _assigns_global(symbol: Any) -> bool:
    return bool(symbol.is_declared_global() and symbol.is_assigned())


def _mutated(node: ast.stmt) -> Iterator[str]:
    """`CONFIG["a"] = 1` and `os.environ["B"] = "2"` change what CONFIG and os name."""
    for target in getattr(node, "targets", [getattr(node, "target", None)]):
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
            if isinstance(target, ast.Name):
                yield target.id


def _trained(node: ast.stmt) -> Iterator[str]:
    """`model.fit(x)` gives `model` its value as much as an assignment; `train(model)` does too."""
    if isinstance(node, _DEFINES):
        return
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _call_trains(call, set()):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            for value in [owner, *call.args] if owner is None else [owner]:
                if isinstance(value, ast.Name):
                    yield value.id


def _simple(node: ast.stmt, trains: set[str]) -> bool:
    if isinstance(node, _DEFINES):
        return True
    if isinstance(node, _ASSIGNS):
        return not any(_call_trains(call, trains) for call in ast.walk(node) if isinstance(call, ast.Call))
    if isinstance(node, (ast.If, ast.Try)):
        inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.ExceptHandler))]
        return all(_simple(child, trains) for child in inner)  # type: ignore[arg-type]
    if isinstance(node, ast.ExceptHandler):
        return all(_simple(child, trains) for child in node.body)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and type(node.value).__name__ in _LITERALS)


def _call_trains(call: ast.Call, trains: set[str]) -> bool:
    name = _dotted(call.func).split(".")[-1]
    return name in trains or (name.startswith(_TRAINS) and name != "train_test_split")


def _dotted(node: Any) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _training_functions(statements: list[Statement]) -> set[str]:
    """Functions of the notebook that train, directly or through others."""
    functions = {
        name: item.node for item in statements if isinstance(item.node, ast.FunctionDef) for name in [item.node.name]
    }
    trains: set[str] = set()
    while True:
        found = {
            name
            for name, node in functions.items()
            if any(_call_trains(call, trains) for call in ast.walk(node) if isinstance(call, ast.Call))
        }
        if found == trains:
            return trains
        trains = found


def _example_names(cells: list[dict[str, Any]], statements: list[Statement]) -> Iterator[str]:
    for statement in reversed(statements):
        if "example" in cells[statement.cell]["tags"]:
            yield from sorted(statement.binds or statement.refers)
    defined = {name for statement in statements for name in statement.binds}
    yield from (name for name in EXAMPLE_NAMES if name in defined)
