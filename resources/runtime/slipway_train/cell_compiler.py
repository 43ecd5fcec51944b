"""Compiles cells under the name `<notebook>#<cell id>`, the same in every run, with the cell's own line
numbers.
"""

from __future__ import annotations

import ast
import linecache
from typing import Any

from IPython.core.compilerop import CachingCompiler

# %%time compiles the body of a cell under these names.
_TIMED = ("<timed exec>", "<timed eval>")


class CellCompiler(CachingCompiler):  # type: ignore[misc]
    """IPython's compiler, told by `enter` which cell it works for."""

    name = "<before the first cell>"
    _source = ""
    _skipped = 0

    def enter(self, name: str, source: str) -> None:
        """The next code to compile is `source`, the text of the cell called `name`."""
        self.name = name
        self._source = source
        # IPython drops blank lines at the top and hands the body of a cell magic on without its first line.
        body = source.lstrip("\n")
        self._skipped = len(source) - len(body) + body.startswith("%%")

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """File name of the code objects."""
        return self.name

    def cache(self, *args: Any, **kwargs: Any) -> str:
        """Make tracebacks and inspect.getsource show the cell as the user wrote it."""
        name: str = super().cache(*args, **kwargs)
        linecache.cache[name] = (len(self._source), None, self._source.splitlines(True), name)
        return name

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        """Parse with the line numbers of the whole cell."""
        tree: ast.AST = super().ast_parse("\n" * self._skipped + source, filename, symbol)
        return tree

    def __call__(self, source: Any, filename: str, symbol: str, *args: Any, **kwargs: Any) -> Any:
        """Compile source or a syntax tree to a code object."""
        named = self.name if filename in _TIMED else filename
        return super().__call__(source, named, symbol, *args, **kwargs)


def install(shell: Any) -> CellCompiler:
    """Give the shell such a compiler and return it."""
    compiler = CellCompiler()
    shell.compile = compiler
    return compiler
