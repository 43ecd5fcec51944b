"""Small helpers over `ast` shared by the analyses."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Union

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef]
# match statements came with 3.10, type parameters with 3.12; this file must load on 3.8.
MatchName: tuple[type, ...] = tuple(
    kind for kind in (getattr(ast, name, None) for name in ("MatchAs", "MatchStar")) if isinstance(kind, type)
)
MatchMapping: tuple[type, ...] = tuple(
    kind for kind in (getattr(ast, name, None) for name in ("MatchMapping",)) if isinstance(kind, type)
)

_PYTHON_2 = re.compile(
    r"^\s*(print\s+[\"'\w%]|print\s*$|exec\s+[\"'\w]|raise\s+\w+\s*,|except\s+[\w.()]+\s*,\s*\w+\s*:|from\s+__future__\s+import\s+print_function)"
    r"|<>|\bur[\"']|\b0\d+\b(?![.xobeE])|`[^`]+`|\bprint\s*>>",
    re.MULTILINE,
)


def parse(source: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """The tree, or the reason why there is none. Never raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source), None
        except SyntaxError as error:
            return None, error
        except (ValueError, RecursionError, MemoryError) as error:
            return None, SyntaxError(str(error) or type(error).__name__)


def looks_like_python_2(source: str) -> bool:
    """Whether code that failed to parse carries a mark of Python 2, such as a print statement."""
    return bool(_PYTHON_2.search(source))


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` of a name or attribute chain, else None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def string(node: ast.AST | None) -> str | None:
    """The value of a string literal, else None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def segment(source: str, node: ast.AST) -> str:
    """The source text of a node."""
    return ast.get_source_segment(source, node) or ""


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def bound_names(target: ast.AST) -> Iterator[str]:
    """Names that an assignment target binds: not those of attributes and subscripts."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from bound_names(element)
    elif isinstance(target, ast.Starred):
        yield from bound_names(target.value)


def import_bindings(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Pairs of local name and full dotted origin; a star import yields `("*", module)`."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, alias.name
            else:
                yield alias.name.split(".")[0], alias.name.split(".")[0]
        return
    base = "." * node.level + (node.module or "")
    for alias in node.names:
        joined = base + alias.name if base.endswith(".") else f"{base}.{alias.name}"
        yield ("*", base) if alias.name == "*" else (alias.asname or alias.name, joined)


class Aliases:
    """Maps what code writes (`pd.read_csv`) to where it comes from (`pandas.read_csv`)."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def learn(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, origin in import_bindings(node):
                    if name != "*":
                        self.names[name] = origin

    def resolve(self, node: ast.AST) -> str | None:
        """Full dotted origin of a name or attribute chain; the text itself where nothing imported it."""
        text = dotted(node)
        if text is None:
            return None
        head, separator, rest = text.partition(".")
        return self.names.get(head, head) + separator + rest

    def alias_of(self, module: str) -> str | None:
        """The name under which a module is imported, such as `pd` for pandas."""
        return next((name for name, origin in self.names.items() if origin == module), None)
