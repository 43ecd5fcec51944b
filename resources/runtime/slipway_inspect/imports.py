"""Which modules code imports, where, and whether it can do without them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from .syntax import Aliases, keywords, string

_GUARDS = frozenset(["ImportError", "ModuleNotFoundError", "Exception", "BaseException"])

# Calls that import a package which no import statement names: documented optional dependencies of pandas.
_IMPLIED_CALLS = {
    "read_parquet": "pyarrow",
    "to_parquet": "pyarrow",
    "read_feather": "pyarrow",
    "to_feather": "pyarrow",
    "read_orc": "pyarrow",
    "read_excel": "openpyxl",
    "to_excel": "openpyxl",
    "read_hdf": "tables",
    "to_hdf": "tables",
    "read_html": "lxml",
    "read_xml": "lxml",
    "to_markdown": "tabulate",
    "background_gradient": "matplotlib",
}


def find_imports(tree: ast.AST) -> list[dict[str, Any]]:
    """Facts `{module, names, level, line, optional, via}`; `module` is "" for `from . import x`."""
    found: list[dict[str, Any]] = []
    _Visitor(found).visit(tree)
    return found


def find_imports_by_text(source: str) -> list[dict[str, Any]]:
    """The same for code that does not parse (Python 2, newer syntax): statements at the start of a line."""
    found: list[dict[str, Any]] = []
    for number, line in enumerate(source.split("\n"), 1):
        plain = re.match(
            r"\s*import\s+([\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*)\s*(?:#.*|;.*)?$", line
        )
        origin = re.match(r"\s*from\s+(\.*)([\w.]*)\s+import\s+(.+)$", line)
        if plain:
            for part in plain.group(1).split(","):
                found.append(_fact(part.split()[0], [], 0, number, False, "import"))
        elif origin:
            names = re.findall(r"(\w+)(?:\s+as\s+\w+)?\s*(?:,|$|\)|#)", origin.group(3))
            found.append(_fact(origin.group(2), names, len(origin.group(1)), number, False, "import"))
    return found


def implied_imports(tree: ast.AST, aliases: Aliases) -> list[dict[str, Any]]:
    """Packages that a call needs although nothing imports them (`pd.read_excel` needs openpyxl)."""
    found: list[dict[str, Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.extend(_fact(module, [], 0, node.lineno, False, "implied") for module in _implied_by(node, aliases))
    return found


def _implied_by(call: ast.Call, aliases: Aliases) -> Iterator[str]:
    if not isinstance(call.func, (ast.Attribute, ast.Name)):
        return
    origin = aliases.resolve(call.func) or ""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else origin.rsplit(".", 1)[-1]
    given = keywords(call)
    uses_pandas = any(value.split(".")[0] == "pandas" for value in aliases.names.values())
    if name in _IMPLIED_CALLS and (origin.startswith("pandas.") or (uses_pandas and not name.startswith("read_"))):
        yield _excel_reader(call) if name == "read_excel" else _IMPLIED_CALLS[name]
    as_frame = given.get("as_frame")
    if isinstance(as_frame, ast.Constant) and as_frame.value is True:
        yield "pandas"
    if origin == "sklearn.datasets.fetch_openml":
        yield "pandas"
    if (
        isinstance(call.func, ast.Attribute)
        and name in ("plot", "hist", "boxplot")
        and uses_pandas
        and "ax" not in given
    ):
        owner = aliases.resolve(call.func.value) or ""
        if owner.split(".")[0] not in set(aliases.names.values()) and not owner.startswith(("matplotlib", "plt", "ax")):
            yield "matplotlib"
    if (
        origin == "pandas.read_csv"
        and isinstance(given.get("engine"), ast.Constant)
        and string(given["engine"]) == "pyarrow"
    ):
        yield "pyarrow"


def _excel_reader(call: ast.Call) -> str:
    path = string(call.args[0]) if call.args else None
    return "xlrd" if path and path.lower().endswith(".xls") else "openpyxl"


def _fact(module: str, names: list[str], level: int, line: int, optional: bool, via: str) -> dict[str, Any]:
    return {"module": module, "names": names, "level": level, "line": line, "optional": optional, "via": via}


class _Visitor(ast.NodeVisitor):
    def __init__(self, found: list[dict[str, Any]]) -> None:
        self._found = found
        self._optional = 0

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._found.append(_fact(alias.name, [], 0, node.lineno, self._optional > 0, "import"))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = [alias.name for alias in node.names]
        self._found.append(_fact(node.module or "", names, node.level, node.lineno, self._optional > 0, "import"))

    def visit_Call(self, node: ast.Call) -> None:
        module = _dynamic_import(node)
        if module:
            self._found.append(_fact(module, [], 0, node.lineno, self._optional > 0, "import"))
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(_catches_import_error(handler) for handler in node.handlers)
        self._optional += guarded
        self._visit_all(node.body)
        # What stands in the handler of a failed import is the alternative: needed only where the first is missing.
        for handler in node.handlers:
            self.visit(handler)
        self._optional -= guarded
        self._visit_all(node.orelse)
        self._visit_all(node.finalbody)

    def visit_If(self, node: ast.If) -> None:
        test = ast.dump(node.test)
        type_checking = (
            "TYPE_CHECKING" in test
            or "find_spec" in test
            or (isinstance(node.test, ast.Constant) and not node.test.value)
        )
        self._optional += type_checking
        self._visit_all(node.body)
        self._optional -= type_checking
        self.visit(node.test)
        self._visit_all(node.orelse)

    def _visit_all(self, nodes: list[ast.stmt]) -> None:
        for node in nodes:
            self.visit(node)


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _GUARDS for kind in kinds)


def _dynamic_import(call: ast.Call) -> str | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("import_module", "__import__", "importorskip") or not call.args:
        return None
    module = string(call.args[0])
    return module if module and re.match(r"^[A-Za-z_][\w.]*$", module) else None


def extension_imports(magics: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """`%load_ext X` imports X; other magics that IPython's or a library's code answers by an import."""
    found: list[dict[str, Any]] = []
    for name, text, line in magics:
        words = text.lstrip("%").split()
        if name in ("load_ext", "reload_ext") and len(words) > 1 and re.match(r"^[A-Za-z_][\w.]*$", words[1]):
            if words[1] not in ("autoreload", "storemagic"):
                found.append(_fact(words[1], [], 0, line, False, "load_ext"))
        elif name in ("matplotlib", "pylab"):
            found.append(_fact("matplotlib", [], 0, line, False, "magic"))
            if any(word in ("widget", "ipympl") for word in words[1:]):
                found.append(_fact("ipympl", [], 0, line, False, "magic"))
    return found
