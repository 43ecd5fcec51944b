"""What cells define at the top level, and the signature of functions such as `predict` and `load`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from .free_names import free_names
from .syntax import FunctionNode, bound_names, import_bindings, segment
from .timeline import INJECTED


def find_definitions(tree: ast.Module) -> list[dict[str, Any]]:
    """`{name, kind, line, endLine}`; kind is function, class, variable or import."""
    found: list[dict[str, Any]] = []
    for node in _flat(tree.body):
        for name, kind in _defines(node):
            found.append({"name": name, "kind": kind, "line": node.lineno, "endLine": node.end_lineno or node.lineno})
    return found


def find_functions(tree: ast.Module, source: str) -> dict[str, dict[str, Any]]:
    """Signatures `{parameters: [{name, annotation, required, kind}], returns, async, line, doc}`; the last wins."""
    found: dict[str, dict[str, Any]] = {}
    for node in _flat(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = _signature(node, source)
    return found


def movable(tree: ast.Module, source: str, name: str) -> dict[str, Any] | None:
    """The statement that defines `name` when it may move to an earlier cell: `{line, endLine, text, needs}`, else None.

    Only imports, functions, classes and plain constants move; `needs` are the names it reads when it runs.
    """
    statements = [node for node in tree.body if name in {defined for defined, _ in _defines(node)}]
    if len(statements) != 1:
        return None
    node = statements[0]
    end = node.end_lineno or node.lineno
    first = min([node.lineno] + [decorator.lineno for decorator in getattr(node, "decorator_list", [])])
    if any(other is not node and other.lineno <= end and (other.end_lineno or 0) >= first for other in tree.body):
        return None
    text = "\n".join(source.split("\n")[first - 1 : end])
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {"line": first, "endLine": end, "text": text, "needs": []}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or _is_constant(node):
        needs = sorted({used for used, _ in free_names(ast.Module(body=[node], type_ignores=[]))} - INJECTED - {name})
        return {"line": first, "endLine": end, "text": text, "needs": needs}
    return None


def _is_constant(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    return not any(isinstance(part, (ast.Call, ast.Attribute, ast.Subscript)) for part in ast.walk(node.value))


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, with those inside if, try, with and loops."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(node, field, None)
            if isinstance(inner, list) and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _flat(inner)
        for handler in getattr(node, "handlers", []):
            yield from _flat(handler.body)


def _defines(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name, "function"
    elif isinstance(node, ast.ClassDef):
        yield node.name, "class"
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((name, "import") for name, _ in import_bindings(node))
    elif isinstance(node, ast.Assign):
        kind = "function" if isinstance(node.value, ast.Lambda) else "variable"
        yield from ((name, kind) for target in node.targets for name in bound_names(target))
    elif (isinstance(node, ast.AnnAssign) and node.value is not None) or isinstance(node, (ast.For, ast.AsyncFor)):
        yield from ((name, "variable") for name in bound_names(node.target))
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if item.optional_vars:
                yield from ((name, "variable") for name in bound_names(item.optional_vars))


def _signature(node: FunctionNode, source: str) -> dict[str, Any]:
    arguments = node.args
    positional = [*getattr(arguments, "posonlyargs", []), *arguments.args]
    required = len(positional) - len(arguments.defaults)
    parameters = [_parameter(a, source, index < required, "positional") for index, a in enumerate(positional)]
    parameters += [
        _parameter(a, source, default is None, "keyword")
        for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults)
    ]
    parameters += [
        _parameter(a, source, False, kind)
        for a, kind in ((arguments.vararg, "star"), (arguments.kwarg, "starstar"))
        if a
    ]
    return {
        "parameters": parameters,
        "returns": segment(source, node.returns) if node.returns else None,
        "async": isinstance(node, ast.AsyncFunctionDef),
        "line": node.lineno,
        "doc": (ast.get_docstring(node) or "").split("\n")[0][:200] or None,
    }


def _parameter(argument: ast.arg, source: str, required: bool, kind: str) -> dict[str, Any]:
    annotation = segment(source, argument.annotation) if argument.annotation else None
    return {"name": argument.arg, "annotation": annotation, "required": required, "kind": kind}
