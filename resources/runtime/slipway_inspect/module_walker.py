"""Walks the statements of a cell in the order in which they run and tells what they read, bind, defer and call."""

from __future__ import annotations

import ast
from typing import Any, Iterator, Protocol  # noqa: UP035

from .free_names import Use, argument_expressions, free_names, globals_set_in
from .syntax import FunctionNode, MatchMapping, MatchName, bound_names, import_bindings


class Recorder(Protocol):
    """What the walk is told to: see timeline.Timeline."""

    injects: bool

    def define(self, name: str, cell: int, line: int) -> None: ...
    def forget(self, name: str) -> None: ...
    def defer(self, owner: str | None, uses: list[Use], cell: int) -> None: ...
    def use(self, name: str, cell: int, line: int) -> None: ...
    def call(self, name: str, cell: int, line: int) -> None: ...


class ModuleWalker:
    """Statements at the top level of a cell, in the order in which they run."""

    def __init__(self, timeline: Recorder, cell: int) -> None:
        self._timeline = timeline
        self._cell = cell
        self._conditional = 0

    def walk(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._function(node)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, _ in import_bindings(node):
                self._define(name, node.lineno)
        elif isinstance(node, ast.Delete):
            self._delete(node)
        elif hasattr(node, "body") or type(node).__name__ == "Match":
            self._compound(node)
        else:
            self._simple(node)

    def _compound(self, node: Any) -> None:
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self._expression(node.iter)
            self._bind(node.target)
            self._block(node.body, node.orelse)
        elif isinstance(node, (ast.If, ast.While)):
            self._branch(node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self._expression(item.context_expr)
                if item.optional_vars:
                    self._bind(item.optional_vars)
            self.walk(node.body)
        elif type(node).__name__ == "Match":
            self._match(node)
        else:
            self._try(node)

    def _simple(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self._expression(node.value, _single_name(node.targets))
            for target in node.targets:
                self._bind(target)
        elif isinstance(node, ast.AugAssign):
            self._expression(node.value)
            # It changes what must be there already: for a name it defines nothing.
            if isinstance(node.target, ast.Name):
                self._use(node.target.id, node.lineno)
            else:
                self._bind(node.target)
        elif isinstance(node, ast.AnnAssign):
            self._expression(node.annotation)
            if node.value:
                self._expression(node.value)
                self._bind(node.target)
        elif type(node).__name__ == "TypeAlias":
            self._bind(node.name)  # type: ignore[attr-defined]
        else:
            for child in ast.iter_child_nodes(node):
                self._expression(child)

    def _branch(self, node: ast.If | ast.While) -> None:
        # `if "model" not in globals():` is how notebooks guard a name: what is inside may rely on it.
        guarded = any(
            isinstance(n, ast.Name) and n.id in ("globals", "locals", "dir", "vars") for n in ast.walk(node.test)
        )
        self._expression(node.test)
        if guarded:
            self._define_all(node.body + node.orelse)
        else:
            self._block(node.body, node.orelse)

    def _try(self, node: Any) -> None:
        caught = {
            n.id for handler in node.handlers if handler.type for n in ast.walk(handler.type) if isinstance(n, ast.Name)
        }
        if caught & {"NameError", "Exception", "BaseException"} or any(
            handler.type is None for handler in node.handlers
        ):
            self._define_all(node.body)
        else:
            self.walk(node.body)
        for handler in node.handlers:
            if handler.name:
                self._define(handler.name, handler.lineno)
            self._block(handler.body)
        self._block(node.orelse, node.finalbody)

    def _match(self, node: Any) -> None:
        self._expression(node.subject)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, MatchName) and getattr(part, "name", None):
                    self._define(part.name, case.pattern.lineno)  # type: ignore[attr-defined]
                if isinstance(part, MatchMapping) and getattr(part, "rest", None):
                    self._define(part.rest, case.pattern.lineno)  # type: ignore[attr-defined]
            if case.guard:
                self._expression(case.guard)
            self._block(case.body)

    def _block(self, *bodies: list[ast.stmt]) -> None:
        self._conditional += 1
        for body in bodies:
            self.walk(body)
        self._conditional -= 1

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._use(target.id, node.lineno)
                if not self._conditional:
                    self._timeline.forget(target.id)
            else:
                self._expression(target)

    def _function(self, node: FunctionNode) -> None:
        for child in [*node.decorator_list, *argument_expressions(node)]:
            self._expression(child)
        self._define(node.name, node.lineno)
        for name in globals_set_in(node):
            self._define(name, node.lineno)
        self._timeline.defer(node.name, list(free_names(node)), self._cell)

    def _class(self, node: ast.ClassDef) -> None:
        for child in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self._expression(child)
        self._define(node.name, node.lineno)
        self._timeline.defer(None, list(free_names(node)), self._cell)

    def _expression(self, node: ast.AST, owner: str | None = None) -> None:
        if isinstance(node, ast.Lambda):
            self._timeline.defer(owner, list(free_names(node)), self._cell)
            return
        for name, line in _loads(node, self._on_lambda):
            self._use(name, line)
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                if part.func.id in ("exec", "execfile"):
                    self._timeline.injects = True
                self._timeline.call(part.func.id, self._cell, part.lineno)
            elif isinstance(part, ast.NamedExpr):
                self._bind(part.target)
            elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
                self._through_globals(part)

    def _through_globals(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "globals":
            self._timeline.injects = True

    def _on_lambda(self, node: ast.Lambda) -> None:
        self._timeline.defer(None, list(free_names(node)), self._cell)

    def _bind(self, target: ast.AST) -> None:
        for name in bound_names(target):
            self._define(name, getattr(target, "lineno", 1))
        if not isinstance(target, ast.Name):
            self._expression(target)

    def _define(self, name: str, line: int) -> None:
        self._timeline.define(name, self._cell, line)

    def _define_all(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self._define(node.id, node.lineno)
                elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    self._define(node.name, node.lineno)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    for name, _ in import_bindings(node):
                        self._define(name, node.lineno)

    def _use(self, name: str, line: int) -> None:
        self._timeline.use(name, self._cell, line)


def _single_name(targets: list[ast.expr]) -> str | None:
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _loads(node: ast.AST, on_lambda: Any) -> Iterator[Use]:
    """Names an expression reads at once; comprehension targets are their own, lambdas are handed to `on_lambda`."""
    if isinstance(node, ast.Lambda):
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            yield from _loads(default, on_lambda)
        on_lambda(node)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        own = {name for generator in node.generators for name in bound_names(generator.target)}
        own |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)}
        yield from _loads(node.generators[0].iter, on_lambda)
        for child in ast.iter_child_nodes(node):
            yield from (use for use in _loads(child, on_lambda) if use[0] not in own)
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node.id, node.lineno
    else:
        own = {
            n.target.id
            for n in ast.iter_child_nodes(node)
            if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)
        }
        for child in ast.iter_child_nodes(node):
            yield from (use for use in _loads(child, on_lambda) if use[0] not in own)
