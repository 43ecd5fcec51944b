"""Proves that an edit leaves what a training did as it was, so that only definitions need to run again (Python 3.7+).

The edit may change top-level functions, comments and imports of the standard library. What changed is tainted, and so
is each function and class that refers to it. Nothing that ran may refer to what is tainted, except for trials at the
very end, such as `print(predict(sample_input))`. Code that could find a name otherwise than by naming it ends the
proof, as does everything that is not foreseen here: a wrong proof would deploy a model that nobody trained, while a
missing one costs a training.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from slipway_train.definitions import always
from slipway_train.examples import NAMES as EXAMPLE_NAMES
from slipway_train.failure import Failure
from slipway_train.reuse_rules import (
    NotProven,
    harmless_import,
    is_idle,
    is_registered,
    is_trial,
    only_called,
    only_reads,
    refuse_dynamic,
    refuse_magics,
    spoken_names,
    stands_alone,
)
from slipway_train.statements import FUNCTIONS, Statement, read, text_of

IMPORTS = (ast.Import, ast.ImportFrom)
_TAGS = {"example", "parameters", "injected-parameters"}


class Plan(NamedTuple):
    """Per cell the code to run or None, and the names that need the values of the earlier training."""

    cells: list[str | None]
    wanted: set[str]


def plan(
    cells: list[dict[str, Any]],
    before: list[dict[str, Any]],
    predict: str,
    held: set[str],
    example: str | None,
) -> Plan:
    """What to run of `cells` ({"source", "tags"}) over the state that the cells `before` gave. Of that state the names
    `held` were kept, and the variable `example` where that is not None. Raises NotProven.
    """
    old, new = _Version(before), _Version(cells)
    if old.magics != new.magics:
        raise NotProven("magics changed")
    tainted = _tainted(old, new)
    trials = _trials(old, new, tainted)
    made = {name for item in trials for name in item.binds}
    if made & set(EXAMPLE_NAMES):
        raise NotProven("the example is made by what changed")
    again, wanted = new.needed([predict], tainted, held - made, set())
    given = made | ({example} - wanted if example else set())
    for item in trials:
        more, others = new.needed(item.direct, tainted, held - made, given)
        again, wanted = again | more, wanted | others
    kept = [item for item in new.statements if item in again or item in trials or _is_future(item)]
    codes = [text_of(cell["source"], [one for one in kept if one.cell == index]) for index, cell in enumerate(cells)]
    return Plan(codes, wanted)


class _Version:
    """A notebook before or after the edit."""

    def __init__(self, cells: list[dict[str, Any]]) -> None:
        try:
            self.statements = read(cells)
        except Failure as failure:
            raise NotProven("a cell is no Python") from failure
        self.magics = refuse_magics(cells)
        self._cells = cells
        self.bound = Counter(name for item in self.statements for name in item.binds | item.declares)
        self.functions = {
            item.node.name: item
            for item in self.statements
            if isinstance(item.node, FUNCTIONS) and not item.node.decorator_list and self.bound[item.node.name] == 1
        }
        self._imports = {
            name: item
            for item in self.statements
            if isinstance(item.node, IMPORTS)
            for name in item.binds
            if self.bound[name] == 1
        }
        for item in self.statements:
            refuse_dynamic(item.node)
            if always(item) and not _is_future(item):
                raise NotProven("it changes how modules are found or what the environment says")

    def rest(self, but: set[Statement]) -> list[Any]:
        """All that may have done something, for comparison: code, whether its value is shown, and tags that matter."""
        last = {item.cell: item for item in self.statements}
        return [
            (
                ast.dump(item.node),
                isinstance(item.node, ast.Expr) and last[item.cell] is item,
                sorted(_TAGS.intersection(self._cells[item.cell]["tags"])),
            )
            for item in self.statements
            if item not in but and not is_idle(item.node)
        ]

    def needed(
        self, roots: Iterable[str], tainted: set[str], held: set[str], given: set[str]
    ) -> tuple[set[Statement], set[str]]:
        """The definitions that give names and what they refer to, and the names that only training gave."""
        again: set[Statement] = set()
        wanted: set[str] = set()
        pending = list(roots)
        while pending:
            name = pending.pop()
            item = self.functions.get(name) or self._imports.get(name)
            if name in given or name in wanted or item in again:
                continue
            if item is not None:
                again.add(item)
                if name in self.functions:
                    self.refuse_unless_alone(name)
                    pending += item.direct | item.deferred
            elif name in held and name not in tainted:
                wanted.add(name)
            elif self.bound[name] or not (hasattr(builtins, name) or name == "display"):
                raise NotProven(f"{name} was not kept")
        return again, wanted

    def refuse_unless_alone(self, name: str) -> None:
        """Raises NotProven unless defining a function again gives what it was, and the first time did nothing else."""
        if name in self.functions:
            stands_alone(self.functions[name], self._is_lasting)
            for item in self.statements:
                only_called(item.node, name)

    def _is_lasting(self, name: str) -> bool:
        return name in self._imports or (not self.bound[name] and hasattr(builtins, name))


def _tainted(old: _Version, new: _Version) -> set[str]:
    """Names of what changed, and of functions and classes that refer to it. Raises NotProven when more changed."""
    changed = {
        name
        for name in {*old.functions, *new.functions}
        if _dump(old.functions.get(name)) != _dump(new.functions.get(name))
    }
    if any(name.startswith("__") or max(old.bound[name], new.bound[name]) > 1 for name in changed):
        raise NotProven("a name of what changed is bound more than once, or Python's own")
    for name in changed:
        old.refuse_unless_alone(name)
        new.refuse_unless_alone(name)
    aside = [_aside(old, new, changed), _aside(new, old, changed)]
    if old.rest(aside[0]) != new.rest(aside[1]):
        raise NotProven("more than functions changed")
    tainted = changed | {name for items in aside for item in items for name in item.binds}
    definitions = [item for one in (old, new) for item in one.statements if isinstance(item.node, _CARRIERS)]
    size = -1
    while size != len(tainted):
        size = len(tainted)
        found = [item for item in definitions if _refers(item, tainted)]
        if any(is_registered(item.node) for item in found):
            raise NotProven("a class or a decorated function uses what changed")
        tainted |= {name for item in found for name in item.binds}
    return tainted


_CARRIERS = (*FUNCTIONS, ast.ClassDef)


def _aside(version: _Version, other: _Version, changed: set[str]) -> set[Statement]:
    """What one version has and the other has not: changed functions, and imports. Raises NotProven for an import that
    may do something.
    """
    there = Counter(ast.dump(item.node) for item in other.statements if isinstance(item.node, IMPORTS))
    found = {item for name, item in version.functions.items() if name in changed}
    for item in version.statements:
        if isinstance(item.node, IMPORTS):
            there[ast.dump(item.node)] -= 1
            if there[ast.dump(item.node)] < 0:
                harmless_import(item.node)
                found.add(item)
    return found


def _trials(old: _Version, new: _Version, tainted: set[str]) -> list[Statement]:
    """The statements at the end that try what changed. Raises NotProven when anything else refers to it."""
    trials: list[Statement] = []
    for item in new.statements:
        is_plain = item in new.functions.values() or isinstance(item.node, IMPORTS) or is_idle(item.node)
        if is_plain or isinstance(item.node, _CARRIERS):
            # What stands in functions runs where they are called, and that names them.
            if item.direct & tainted:
                raise NotProven("a definition uses what changed as it is made")
        elif trials or _refers(item, tainted) or item.binds & tainted:
            if item.binds & tainted or not is_trial(item.node, tainted):
                raise NotProven(f"code that ran uses what changed: {item.text.strip()[:60]}")
            trials.append(item)
    for name in {name for item in trials for name in item.direct & tainted}:
        _only_reads(old, name, set())
    return trials


def _only_reads(old: _Version, name: str, seen: set[str]) -> None:
    """Raises NotProven unless the function as it was, and those that it calls, changed nothing when they ran."""
    item = old.functions.get(name)
    if name in seen:
        return
    if item is None:
        raise NotProven(f"{name} was tried and is no plain function")
    only_reads(item.node, set(old.functions))
    for inner in item.deferred & set(old.functions):
        _only_reads(old, inner, seen | {name})


def _refers(item: Statement, names: set[str]) -> bool:
    return bool((item.direct | item.deferred) & names) or bool(spoken_names(item.node) & names)


def _dump(item: Statement | None) -> str | None:
    return None if item is None else ast.dump(item.node)


def _is_future(item: Statement) -> bool:
    return isinstance(item.node, ast.ImportFrom) and item.node.module == "__future__"
