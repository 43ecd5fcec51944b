"""What statements do beside binding names: which train, and which objects they change in place (Python 3.7+).

Nothing is executed, so this goes by names and by what the notebook's own functions contain. A call trains when its
name says so (`fit`, `train_model`, `backward`) or when it calls a function of the notebook that does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from slipway_train.statements import DEFINES, FUNCTIONS, LOOPS, Statement, dotted, root

_VERBS = {"fit", "train", "backward", "learn", "optimize", "finetune", "pretrain"}
_NOT_TRAINING = {"load", "read", "get", "is", "has", "check", "set", "split", "make", "build", "plot", "save", "test"}
_STEPS = {"step", "zero_grad"}
_READING = {"load", "loads", "read", "open", "get", "parse", "safe", "dict", "list", "set", "tuple", "sorted", "range"}
_MAKING = {"array", "zeros", "ones", "arange", "path", "str", "int", "float", "len", "sum", "min", "max", "zip"}
_FRAMES = {"DataFrame", "Series", "Counter", "defaultdict", "OrderedDict"}
_CHANGES = {"append", "extend", "insert", "update", "add", "set", "register", "load", "pop", "remove", "discard"} | {
    *("clear", "sort", "reverse", "setdefault", "eval", "read", "compile", "move", "freeze", "half", "requires"),
}
_HOLDERS = (ast.Call, ast.Dict, ast.List, ast.Tuple)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


class Effects:
    """Effects of the statements of one notebook."""

    def __init__(self, statements: list[Statement]) -> None:
        self._functions = {
            item.node.name: item.node for item in statements if isinstance(item.node, (*FUNCTIONS, ast.ClassDef))
        }
        self._constants = _constants(statements)
        self._data, self._defined = _data_names(statements)
        self._declares = {name: item.declares for item in statements for name in item.binds if _is_function(item.node)}
        self._calls = {name: _called(node) for name, node in self._functions.items()}
        self._training = self._training_functions()
        self._holds = self._held(statements)

    def trains(self, node: Any) -> bool:
        """Whether running it trains; a branch that a constant switches off does not count."""
        if isinstance(node, DEFINES):
            return False
        if isinstance(node, ast.If):
            return any(self.trains(child) for child in [node.test, *self._taken(node)])
        if isinstance(node, ast.Call) and self._call_trains(node):
            return True
        return any(self.trains(child) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.Lambda))

    def changes(self, statement: Statement) -> set[str]:
        """Names whose object the statement changes or trains in place, and globals that a call in it assigns."""
        node = statement.node
        if isinstance(node, DEFINES):
            return set()
        changed: set[str] = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                changed |= self._changed_by_call(inner)
            else:
                changed |= _stored(inner)
        return changed | self._trained(node)

    def assigned_by(self, name: str) -> set[str]:
        """Globals that a function of the notebook assigns, itself or through functions that it calls."""
        found: set[str] = set()
        for one in self._reached(name):
            found |= self._declares.get(one, set())
        return found

    def switched_off(self, node: Any) -> set[str]:
        """Names that stand only in branches of the statement that a constant switches off."""
        if isinstance(node, DEFINES):
            return set()
        branches = [one for one in ast.walk(node) if isinstance(one, ast.If)]
        dead = [child for one in branches for child in [*one.body, *one.orelse] if child not in self._taken(one)]
        inside = [name for child in dead for name in ast.walk(child) if isinstance(name, ast.Name)]
        outside = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one not in inside}
        return {one.id for one in inside} - outside

    def is_plain_function(self, name: str) -> bool:
        """Whether it is a function of the notebook that makes no other function, so nothing of it outlives a call."""
        node = self._functions.get(name)
        inner = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
        return isinstance(node, FUNCTIONS) and not any(
            isinstance(child, inner) for child in ast.walk(node) if child is not node
        )

    def _taken(self, node: ast.If) -> list[ast.stmt]:
        negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        test = node.test.operand if isinstance(node.test, ast.UnaryOp) and negated else node.test
        value = self._constants.get(test.id) if isinstance(test, ast.Name) else _literal(test)
        if value is None:
            return [*node.body, *node.orelse]
        return node.body if bool(value[0]) != negated else node.orelse

    def _call_trains(self, call: ast.Call) -> bool:
        if isinstance(call.func, ast.Name) and call.func.id in self._functions:
            return call.func.id in self._training
        return _says_training(dotted(call.func).split(".")[-1])

    def _training_functions(self) -> set[str]:
        training: set[str] = set()
        while True:
            self._training = training
            found = {name for name, node in self._functions.items() if self._body_trains(name, node)}
            if found == training:
                return training
            training = found

    def _body_trains(self, name: str, node: Any) -> bool:
        body = _runs_when_called(node)
        endless = _says_training(name) and any(isinstance(one, LOOPS) for item in body for one in ast.walk(item))
        return endless or any(self.trains(item) for item in body)

    def _reached(self, name: str) -> set[str]:
        seen: set[str] = set()
        pending = [name]
        while pending:
            one = pending.pop()
            if one not in seen:
                seen.add(one)
                pending += self._calls.get(one, set())
        return seen

    def _changed_by_call(self, call: ast.Call) -> set[str]:
        if isinstance(call.func, ast.Attribute):
            owner = root(call.func.value)
            return {owner} if owner is not None and _changes_owner(call) else set()
        name = dotted(call.func)
        node = self._functions.get(name)
        if not isinstance(node, FUNCTIONS):
            return set()
        changed = self.assigned_by(name)
        inner = {one for item in ast.walk(node) for one in _stored(item)} | self._changed_inside(node)
        for parameter, value in zip([one.arg for one in node.args.args], call.args):
            if parameter in inner and isinstance(value, ast.Name):
                changed = changed | {value.id}
        return changed

    def _changed_inside(self, node: Any) -> set[str]:
        calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
        return {owner for one in calls for owner in [root(one.func)] if owner and _changes_owner(one)}

    def _trained(self, node: ast.stmt) -> set[str]:
        """`model.fit(x)` gives `model` its value as much as an assignment; so does `train(model)` on its own, and a
        loop that trains to what it calls.
        """
        if not self.trains(node):
            return set()
        owners: set[str] = set()
        others: set[str] = set()
        for call in [one for one in ast.walk(node) if isinstance(one, ast.Call)]:
            if isinstance(call.func, ast.Attribute):
                owners |= {root(call.func) or ""} if _trains_owner(call.func.attr) else set()
                continue
            others |= {dotted(call.func)} if isinstance(node, LOOPS) else set()
            if isinstance(node, (ast.Expr, *LOOPS)) and self._call_trains(call):
                others |= {value.id for value in call.args if isinstance(value, ast.Name)}
        held = {inner for name in owners | others for inner in self._holds.get(name, set())}
        return (owners | held | (others - self._data)) - self._defined - {""}

    def _held(self, statements: Iterable[Statement]) -> dict[str, set[str]]:
        """Objects that others were made from: training a pipeline or stepping an optimizer trains what it holds."""
        held: dict[str, set[str]] = {}
        for item in statements:
            value = getattr(item.node, "value", None)
            if isinstance(item.node, ast.Assign) and isinstance(value, _HOLDERS) and not self.trains(item.node):
                names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)} - self._data
                names |= {root(one) or "" for one in ast.walk(value) if _gives_weights(one)}
                inside = {inner for name in names for inner in held.get(name, set())}
                held.update({name: names | inside for name in item.binds})
        return held


def _says_training(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[0] in _NOT_TRAINING or "split" in words:
        return False
    return bool(_VERBS.intersection(words)) or name.startswith("cross_val")


def _trains_owner(method: str) -> bool:
    return _says_training(method) or method in _STEPS


def _changes_owner(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    words = _WORD.findall(name)
    in_place = any(one.arg == "inplace" and _literal(one.value) == (True,) for one in call.keywords)
    return in_place or name.endswith("_") or bool(words and words[0] in _CHANGES)


def _stored(node: Any) -> set[str]:
    """`CONFIG["a"] = 1`, `os.environ["B"] += "2"` and `del a.b` change what CONFIG, os and a name."""
    if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
        owner = root(node)
        return {owner} if owner is not None else set()
    return set()


def _literal(node: Any) -> tuple[Any] | None:
    try:
        return (ast.literal_eval(node),)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None


def _constants(statements: Iterable[Statement]) -> dict[str, tuple[Any] | None]:
    """Names that are bound once, to a literal; `__name__` is that of a script."""
    found: dict[str, tuple[Any] | None] = {}
    for item in statements:
        value = _literal(getattr(item.node, "value", None)) if isinstance(item.node, ast.Assign) else None
        found.update({name: None if name in found else value for name in item.binds})
    return found


def _data_names(statements: Iterable[Statement]) -> tuple[set[str], set[str]]:
    """Names that only ever stand for data, modules or functions; those of modules and functions apart."""
    data: set[str] = set()
    defined: set[str] = set()
    other: set[str] = set()
    for item in statements:
        if isinstance(item.node, DEFINES):
            defined |= item.binds
        elif _is_data(getattr(item.node, "value", None)):
            data |= item.binds
        else:
            other |= item.binds
    return (data | defined) - other, defined - data - other


def _is_data(value: Any) -> bool:
    if isinstance(value, ast.Call):
        name = dotted(value.func).split(".")[-1]
        words = [word.lower() for word in _WORD.findall(name)]
        return name in _FRAMES or bool(words and words[0] in _READING | _MAKING)
    if isinstance(value, (ast.List, ast.Tuple, ast.Dict)):
        return not any(isinstance(one, ast.Name) for one in ast.iter_child_nodes(value))
    return value is not None and not isinstance(value, (ast.Name, ast.Attribute, ast.Await))


def _gives_weights(node: Any) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in ("parameters", "named_parameters")


def _is_function(node: Any) -> bool:
    return isinstance(node, FUNCTIONS)


def _called(node: Any) -> set[str]:
    return {one.func.id for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}


def _runs_when_called(node: Any) -> list[ast.stmt]:
    if isinstance(node, FUNCTIONS):
        return list(node.body)
    made = [one for one in node.body if isinstance(one, FUNCTIONS) and one.name in ("__init__", "__new__")]
    return [statement for one in made for statement in one.body]
