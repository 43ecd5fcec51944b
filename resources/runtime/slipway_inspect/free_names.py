"""Names that functions, lambdas and classes read from the scope around them."""

from __future__ import annotations

import ast
from typing import Iterator, Tuple  # noqa: UP035

from .syntax import FunctionNode, MatchMapping, MatchName, bound_names, import_bindings

# typing.Tuple: evaluated at run time, where 3.8 knows no `tuple[…]`.
Use = Tuple[str, int]  # noqa: UP006


def argument_expressions(node: FunctionNode) -> Iterator[ast.expr]:
    arguments = node.args
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default)
    if not getattr(node, "type_params", None):
        every = [*arguments.args, *arguments.kwonlyargs, *getattr(arguments, "posonlyargs", [])]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
        yield from (argument.annotation for argument in every if argument.annotation)


def globals_set_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Global):
            yield from part.names


def free_names(node: ast.AST) -> Iterator[Use]:
    """Names that a function, lambda or class body reads from outside, nested scopes included."""
    own = _own_names(node)
    body = [node.body] if isinstance(node, ast.Lambda) else list(getattr(node, "body", []))
    for statement in body:
        for name, line in _reads(statement):
            if name not in own:
                yield name, line


def _reads(node: ast.AST) -> Iterator[Use]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for expression in [*node.decorator_list, *argument_expressions(node)]:
            yield from _reads(expression)
        yield from free_names(node)
    elif isinstance(node, (ast.Lambda, ast.ClassDef)):
        for base in getattr(node, "bases", []):
            yield from _reads(base)
        yield from free_names(node)
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node.id, node.lineno
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        own = {name for generator in node.generators for name in bound_names(generator.target)}
        for child in ast.iter_child_nodes(node):
            yield from (use for use in _reads(child) if use[0] not in own)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _reads(child)


def _own_names(node: ast.AST) -> set[str]:
    own: set[str] = set()
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        every = [*arguments.args, *arguments.kwonlyargs, *getattr(arguments, "posonlyargs", [])]
        own.update(argument.arg for argument in every + [x for x in (arguments.vararg, arguments.kwarg) if x])
    if isinstance(node, ast.ClassDef):
        own.update(("__qualname__", "__module__", "__class__"))
    own.update(("__class__",))
    own.update(parameter.name for parameter in getattr(node, "type_params", []))
    outside = set(globals_set_in(node))
    body = node.body if not isinstance(node, ast.Lambda) else [node.body]  # type: ignore[attr-defined]
    for statement in body:
        for part in _same_scope(statement):
            own.update(_binds(part))
    return own - outside


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _same_scope(child)


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (name for name, _ in import_bindings(node))
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, MatchName) and getattr(node, "name", None):
        yield node.name  # type: ignore[attr-defined]
    elif isinstance(node, MatchMapping) and getattr(node, "rest", None):
        yield node.rest  # type: ignore[attr-defined]
