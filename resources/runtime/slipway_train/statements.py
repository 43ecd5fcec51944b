"""The top-level statements of a notebook: their places, and the names they bind and refer to (Python 3.7+)."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from typing import Any

from slipway_inspect.magics import strip_magics

from slipway_train.failure import Failure

DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
# Scopes that symtable keeps apart although they run where they stand.
_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")
_ASYNC = re.compile(r"\bawait\b|\basync(?=\s+(?:for|with)\b)")


class Statement:
    """A statement and its names: `binds` assigned here, `kills` those of them whose earlier value is lost, `direct`
    read when it runs, `deferred` read when a function or method in it is called, `declares` assigned by such a function
    with `global`.
    """

    def __init__(self, cell: int, number: int, node: ast.stmt, text: str) -> None:
        self.cell = cell
        self.number = number
        self.node = node
        self.text = text
        table = _symbols(text)
        self.binds = {*_bound(table), *_walruses(node)}
        self.direct, self.deferred, self.declares = _referred(table)
        self.kills = self.binds - self.direct if _straight(node) else set()
        if isinstance(node, DEFINES):
            self.kills = set(self.binds)

    @property
    def line(self) -> int:
        """Line in the cell, from 1."""
        return first_line(self.node)


def read(cells: list[dict[str, Any]]) -> list[Statement]:
    """Statements of all cells ({"source", "tags"}) in order. Raises Failure CellFailed for a syntax error."""
    numbered = ((index, item) for index, cell in enumerate(cells) for item in _of_cell(index, cell["source"]))
    return [Statement(cell, number, node, text) for number, (cell, (node, text)) in enumerate(numbered)]


def dotted(node: Any) -> str:
    """`a.b.c` of names and attributes; the part after the last call or subscript otherwise."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def root(node: Any) -> str | None:
    """`a` of `a.b[0].c(…).d`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def first_line(node: Any) -> int:
    """The line where a statement begins; Python 3.7 does not count decorators."""
    decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
    return int(min([node.lineno, *decorators]))


def text_of(source: str, kept: list[Statement]) -> str | None:
    """The statements at their lines of the cell; None when there are none."""
    if not kept:
        return None
    out = [""] * (source.count("\n") + 1)
    for statement in kept:
        for offset, line in enumerate(statement.text.split("\n")):
            at = statement.line - 1 + offset
            out[at] = f"{out[at]}; {line}" if out[at].strip() else line
    return "\n".join(out)


def _of_cell(index: int, cell: str) -> Iterator[tuple[ast.stmt, str]]:
    source = strip_magics(cell).source
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
        text = _cut(lines, node, body[position + 1] if position + 1 < len(body) else None)
        if text.strip():
            yield node, text


def _cut(lines: list[str], node: ast.stmt, following: ast.stmt | None) -> str:
    """Text from this statement to the next; Python 3.7 knows no end_lineno."""
    start = first_line(node)
    end = first_line(following) if following is not None else len(lines) + 1
    if following is not None and end == following.lineno and end <= getattr(node, "end_lineno", node.lineno):
        # `a = 1; b = 2`: columns count bytes of UTF-8
        rest = lines[end - 1].encode()[: following.col_offset].decode().rstrip().rstrip(";")
        whole = [*lines[start - 1 : end - 1], rest]
    else:
        whole = lines[start - 1 : end - 1]
    whole[0] = whole[0].encode()[node.col_offset :].decode() if start == node.lineno else whole[0]
    return "\n".join(whole)


def _symbols(text: str) -> Any:
    try:
        return symtable.symtable(text, "<cell>", "exec")
    except SyntaxError:  # `await` at the top level is a notebook's, and no name
        return symtable.symtable(_ASYNC.sub(lambda found: " " * len(found.group()), text).lstrip(" "), "<cell>", "exec")


def _straight(node: ast.stmt) -> bool:
    """Whether what it assigns is certainly assigned: not in a branch or a loop."""
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return all(_straight(child) for child in node.body)
    return isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr, *DEFINES))


def _bound(top: Any) -> Iterator[str]:
    for symbol in top.get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            yield symbol.get_name()


def _walruses(node: ast.stmt) -> Iterator[str]:
    """`[last := n for n in …]` binds outside of the comprehension."""
    if not isinstance(node, DEFINES):
        for inner in ast.walk(node):
            target = getattr(inner, "target", None)
            if type(inner).__name__ == "NamedExpr" and isinstance(target, ast.Name):
                yield target.id


def _referred(top: Any) -> tuple[set[str], set[str], set[str]]:
    direct = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    deferred: set[str] = set()
    declares: set[str] = set()
    pending = [(table, False) for table in top.get_children()]
    while pending:
        table, later = pending.pop()
        later = later or (table.get_type() != "class" and table.get_name() not in _COMPREHENSIONS)
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_global()]
        (deferred if later else direct).update(one.get_name() for one in symbols if one.is_referenced())
        declares.update(one.get_name() for one in symbols if one.is_declared_global() and one.is_assigned())
        pending += [(child, later) for child in table.get_children()]
    return direct, deferred, declares
