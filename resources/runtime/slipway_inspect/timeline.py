"""Names that a notebook uses before any cell defined them, when run from top to bottom.

An approximation on the careful side: every branch counts as taken, a function's body is checked when a cell calls it,
and after something that may define any name (star import, %run, exec) nothing is reported any more.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any

from .free_names import Use
from .module_walker import ModuleWalker

# IPython's names, bare words that its automagic answers, builtins of Python 2 (which has its own finding) and of
# newer Pythons than this one.
_MORE_NAMES = """
    get_ipython In Out exit quit display open _ __ ___ _i _ii _iii _ih _oh _dh __name__ __doc__ __builtins__ __builtin__
    __file__ __spec__ __loader__ __package__ __annotations__ __vsc_ipynb_file__
    ls ll pwd cd cls clear who whos lsmagic magic
    WindowsError unicode xrange raw_input reduce basestring long unichr
    aiter anext EncodingWarning ExceptionGroup BaseExceptionGroup
"""
INJECTED = frozenset([*dir(builtins), *_MORE_NAMES.split()])


class Timeline:
    """Feed cells in order with `run`; then `problems` tells the names that were missing."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.injects = False
        # (name, cell, line, known before the statement)
        self._missing: list[tuple[str, int, int]] = []
        self._first_definition: dict[str, tuple[int, int]] = {}
        self._bodies: dict[str, list[Use]] = {}
        self._deferred: list[tuple[str, int, int]] = []

    def run(self, index: int, tree: ast.Module | None, injects: bool) -> None:
        """Take in one cell; `tree` is None where it does not parse, then it may define anything."""
        self.injects = self.injects or injects or tree is None
        if tree is not None:
            ModuleWalker(self, index).walk(tree.body)

    def define(self, name: str, cell: int, line: int) -> None:
        if name == "*":
            self.injects = True
            return
        self.known[name] = cell
        self._first_definition.setdefault(name, (cell, line))

    def forget(self, name: str) -> None:
        self.known.pop(name, None)

    def defer(self, owner: str | None, uses: list[Use], cell: int) -> None:
        """Names that the body of function `owner` reads when it is called; None for a lambda nobody names."""
        if owner:
            self._bodies[owner] = uses
        self._deferred.extend((name, cell, line) for name, line in uses)

    def use(self, name: str, cell: int, line: int) -> None:
        if not self.injects and name not in self.known and name not in INJECTED and not _output_name(name):
            self._missing.append((name, cell, line))

    def call(self, name: str, cell: int, line: int) -> None:
        """A cell calls function `name`: what its body reads must be there by now, through further functions too."""
        seen: set[str] = set()
        pending = [name]
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            for used, _ in self._bodies.get(current, []):
                self.use(used, cell, line)
                pending.append(used)

    def first_definitions(self) -> dict[str, tuple[int, int]]:
        """Cell and line where each name is first defined."""
        return self._first_definition

    def problems(self) -> list[dict[str, Any]]:
        """`{name, cell, line, definedCell, definedLine}`, once per name; defined* are None when no cell defines it."""
        seen: set[str] = set()
        late = [use for use in self._deferred if use[0] not in self._first_definition and use[0] not in INJECTED]
        missing = self._missing + ([] if self.injects else late)
        found = []
        for name, cell, line in missing:
            definition = self._first_definition.get(name)
            if name in seen or (definition is None and self.injects):
                continue
            seen.add(name)
            found.append(
                {
                    "name": name,
                    "cell": cell,
                    "line": line,
                    "definedCell": definition[0] if definition else None,
                    "definedLine": definition[1] if definition else None,
                }
            )
        return found


def _output_name(name: str) -> bool:
    return name.startswith("_") and name.lstrip("_i").isdigit()
