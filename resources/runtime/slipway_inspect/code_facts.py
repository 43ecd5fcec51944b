"""Facts of one unit of code: the cells of a notebook, or a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from .definitions import find_definitions, find_functions
from .imports import find_imports, find_imports_by_text, implied_imports
from .paths import PathFinder
from .pip_args import Install, parse_arguments, parse_installs
from .syntax import Aliases, looks_like_python_2, parse, string


class Code:
    """Parsed code with the facts that a cell and a module share; `scan` it in order, then read the lists."""

    def __init__(self) -> None:
        self.aliases = Aliases()
        self.paths = PathFinder(self.aliases)
        self.imports: list[dict[str, Any]] = []
        self.definitions: list[dict[str, Any]] = []
        self.functions: dict[str, dict[str, Any]] = {}
        self.inputs: list[dict[str, Any]] = []
        self.installs: list[dict[str, Any]] = []
        self.syntax: list[dict[str, Any]] = []

    def scan(self, source: str, cell: str | None) -> ast.Module | None:
        """Take in one piece of plain Python; the tree, or None when it does not parse (then a fact says so)."""
        tree, error = parse(source)
        if tree is None:
            python2 = looks_like_python_2(source)
            line = error.lineno if error and error.lineno else 1
            message = (error.msg if error else "") or "invalid syntax"
            self.syntax.append({"cell": cell, "line": line, "message": message, "python2": python2})
            self.imports.extend({**fact, "cell": cell} for fact in find_imports_by_text(source))
            return None
        self.aliases.learn(tree)
        self.imports.extend(
            {**fact, "cell": cell} for fact in [*find_imports(tree), *implied_imports(tree, self.aliases)]
        )
        self.definitions.extend({**fact, "cell": cell} for fact in find_definitions(tree))
        self.functions.update({name: {**fact, "cell": cell} for name, fact in find_functions(tree, source).items()})
        self.paths.scan(tree, cell)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._call(node, cell)
        return tree

    def add_install(self, install: Install, cell: str | None, line: int) -> None:
        self.installs.append(
            {
                "tool": install.tool,
                "requirements": install.requirements,
                "files": install.files,
                "editable": install.editable,
                "other": install.other,
                "cell": cell,
                "line": line,
            }
        )

    def _call(self, call: ast.Call, cell: str | None) -> None:
        name = self.aliases.resolve(call.func) or ""
        if name in ("input", "raw_input", "getpass.getpass", "getpass", "google.colab.files.upload"):
            self.inputs.append({"function": name, "cell": cell, "line": call.lineno})
        for install in _installs_in(call, name):
            self.add_install(install, cell, call.lineno)


def _installs_in(call: ast.Call, name: str) -> Iterator[Install]:
    """`os.system("pip install x")` and `subprocess.check_call([sys.executable, "-m", "pip", "install", "x"])`."""
    if not call.args or not re.match(
        r"(os\.(system|popen)|subprocess\.|get_ipython\(\))|pip(\._internal.*)?\.main", name
    ):
        return
    first = call.args[0]
    text = string(first)
    if text:
        yield from parse_installs(text)
    elif isinstance(first, (ast.List, ast.Tuple)):
        words = [string(element) for element in first.elts]
        if "install" in words and ("pip" in words or name.startswith("pip")):
            yield parse_arguments([word for word in words[words.index("install") + 1 :] if word])
