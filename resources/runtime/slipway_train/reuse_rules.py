"""What a proof of reuse accepts: see reuse.py (Python 3.7+)."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import sysconfig
from typing import Any, Callable

from slipway_inspect.magics import strip_magics

from slipway_train.statements import FUNCTIONS, Statement, dotted

# Ways to find a name without naming it, and names that IPython gives.
_NAMES = frozenset(
    """
        globals locals vars dir eval exec compile breakpoint get_ipython exit quit __import__ __builtins__ __loader__
        __spec__ In Out _ __ ___ _ih _oh _dh
        """.split()  # noqa: SIM905
)
_HISTORY = re.compile(r"_i*\d*")
_MODULES = frozenset(
    """
        __main__ IPython inspect gc dill cloudpickle ctypes code codeop runpy builtins importlib imp timeit cProfile
        profile pdb bdb trace fire doctest unittest pytest ipytest papermill nbformat atexit linecache ipykernel
        """.split()  # noqa: SIM905
)
_SHOWN = "IPython.display"
_ATTRIBUTES = frozenset(
    """
        __globals__ __code__ __closure__ __dict__ __defaults__ __kwdefaults__ __builtins__ __subclasses__ __mro__
        __wrapped__ _getframe _current_frames settrace setprofile f_globals f_locals f_back gi_frame tb_frame user_ns
        run_cell run_line_magic
        """.split()  # noqa: SIM905
)
# Pickles name functions and classes of the notebook.
_UNPICKLING = frozenset(
    "load loads read_pickle Unpickler unpickle load_model load_learner load_from_checkpoint read_object restore".split()  # noqa: SIM905
)
_PLAIN_LOADING = frozenset(["json.load", "json.loads", "tomllib.load", "tomllib.loads", "yaml.safe_load"])
# pandas and others read names of the code that calls them from such texts.
_TEXTS = frozenset(["eval", "query"])
_HARMLESS_MAGICS = frozenset(["matplotlib", "config", "time"])
# What calls a function that it is given, and keeps it not.
_APPLYING = frozenset("apply applymap map filter sorted sort sort_values max min agg pipe groupby reduce".split())  # noqa: SIM905
_PRINTING = frozenset("print display len list str repr round sorted type dict tuple sum min max".split())  # noqa: SIM905
_READING = _PRINTING | frozenset(
    """
        abs all any bool enumerate filter float int isinstance map range reversed set zip predict predict_proba
        predict_log_proba decision_function transform inverse_transform kneighbors score_samples tolist to_list to_numpy
        to_dict astype reshape copy argmax argmin mean DataFrame Series array asarray items keys values get join format
        split strip lower upper title startswith endswith
        """.split()  # noqa: SIM905
)
# Kinds of nodes by name: they differ between versions of Python.
_VALUES = {"Name", "Constant", "Subscript", "Index", "Tuple", "List", "Load"}
_TRIAL = _VALUES | {"Call", "keyword", "Dict", "JoinedStr", "FormattedValue", "Store", "Slice", "Expr", "Assign"}
_ANNOTATION = _VALUES | {"Attribute", "BinOp", "BitOr"}
_IDENTIFIERS = re.compile(r"@?\b([^\W\d]\w*)\b\s*\(?")


class NotProven(Exception):
    """Why the training is done anew."""


def refuse_magics(cells: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The magics of all cells, in order. Raises NotProven for one that may do anything."""
    found = [magic for cell in cells for magic in strip_magics(cell["source"]).magics]
    other = next((one for one in found if one.name not in _HARMLESS_MAGICS or one.kind not in ("line", "cell")), None)
    if other is not None:
        raise NotProven(f"a magic may do anything: {other.text[:40]}")
    return [(magic.kind, magic.text) for magic in found]


def refuse_dynamic(node: ast.AST) -> None:
    """Raises NotProven for code that could reach a name without naming it."""
    called = {id(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
    for inner in ast.walk(node):
        found = _dynamic(inner, id(inner) in called)
        if found is not None:
            raise NotProven(f"{found} may reach any name")


def _dynamic(node: ast.AST, is_called: bool) -> str | None:
    if isinstance(node, ast.Name):
        is_special = node.id in _NAMES or _HISTORY.fullmatch(node.id)
        return node.id if is_special and not isinstance(node.ctx, ast.Store) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # `if __name__ == "__main__"` is well known.
        return node.value if "__main__" in node.value and node.value != "__main__" else None
    if isinstance(node, ast.Call) and _unpickles(node.func):
        return dotted(node.func).split(".")[-1]
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr in _ATTRIBUTES or (node.attr == "modules" and not is_called) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TEXTS:
        plain = all(isinstance(one, ast.Constant) for one in node.args[:1])
        return None if plain else node.func.attr
    if isinstance(node, ast.Import):
        return next((one.name for one in node.names if _is_odd(one.name)), None)
    return _dynamic_import(node) if isinstance(node, ast.ImportFrom) else None


def _unpickles(function: ast.expr) -> bool:
    name = dotted(function)
    return name.split(".")[-1] in _UNPICKLING and name not in _PLAIN_LOADING


def _dynamic_import(node: ast.ImportFrom) -> str | None:
    module = node.module or ""
    if module != _SHOWN and _is_odd(module):
        return module
    names = {one.name for one in node.names}
    return next(iter(sorted(names & (_ATTRIBUTES | {"*", "modules"}))), None)


def _is_odd(module: str) -> bool:
    return module.split(".")[0] in _MODULES and module != _SHOWN


def spoken_names(node: ast.AST) -> set[str]:
    """Names that texts in the code name: a whole text, `name(` and `@name`. Docstrings name nothing."""
    documents = {
        id(one.body[0].value)
        for one in ast.walk(node)
        if isinstance(one, (*FUNCTIONS, ast.ClassDef)) and one.body and isinstance(one.body[0], ast.Expr)
    }
    names: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and id(inner) not in documents:
            for match in _IDENTIFIERS.finditer(inner.value):
                if match.group().strip() != match.group(1) or match.group() == inner.value.strip():
                    names.add(match.group(1))
    return names


def harmless_import(node: Any) -> None:
    """Raises NotProven for an import that may do more than bind a name."""
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
    if getattr(node, "level", 0) or not all(_is_of_python(one.split(".")[0]) for one in modules):
        raise NotProven("an import changed")


def _is_of_python(module: str) -> bool:
    """Whether it is of the standard library, and no file of the project goes by the same name."""
    if module not in getattr(sys, "stdlib_module_names", ()):
        return False
    spec = importlib.util.find_spec(module)
    origin = getattr(spec, "origin", None) or ""
    return origin in ("built-in", "frozen") or origin.startswith(sysconfig.get_paths()["stdlib"])


def is_idle(node: ast.stmt) -> bool:
    """A text or number on its own, or `pass`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def is_trial(node: ast.stmt, tainted: set[str]) -> bool:
    """Whether it only calls what changed and shows or keeps the answer."""
    if not isinstance(node, (ast.Expr, ast.Assign)) or not _consists_of(node, _TRIAL):
        return False
    if isinstance(node, ast.Assign) and not all(isinstance(one, ast.Name) for one in node.targets):
        return False
    called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    functions = tainted | _PRINTING
    return all(isinstance(one, ast.Name) and one.id in functions for one in called)


def only_reads(node: Any, functions: set[str]) -> None:
    """Raises NotProven unless calling the function leaves everything outside of it as it was."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name = dotted(inner.func).split(".")[-1]
            if name not in _READING and not (isinstance(inner.func, ast.Name) and name in functions):
                raise NotProven(f"{node.name} was tried and calls {name or 'something'}")
        elif isinstance(inner, (ast.Subscript, ast.Attribute)) and not isinstance(inner.ctx, ast.Load):
            raise NotProven(f"{node.name} was tried and changes something in place")
        elif isinstance(inner, (ast.Global, ast.Nonlocal, ast.Delete, ast.ClassDef, ast.AugAssign, ast.With)):
            raise NotProven(f"{node.name} was tried and may change something")


def is_registered(node: Any) -> bool:
    """Whether others may know a definition without naming it: by its base class, metaclass or decorator."""
    return bool(node.decorator_list or getattr(node, "bases", []) or getattr(node, "keywords", []))


def only_called(node: ast.AST, name: str) -> None:
    """Raises NotProven where code does more with a function than call it, or have it called for each of many values:
    it may have attributes then.
    """
    uses = sum(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    called = sum(_is_name(one.func, name) for one in calls)
    handed = sum(
        _is_name(value, name)
        for one in calls
        if dotted(one.func).split(".")[-1] in _APPLYING
        for value in [*one.args, *(keyword.value for keyword in one.keywords)]
    )
    if uses > called + handed:
        raise NotProven(f"{name} is used otherwise than by calling it")


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def stands_alone(item: Statement, is_lasting: Callable[[str], bool]) -> None:
    """Raises NotProven unless defining the function again gives the same as at its place in the notebook.
    `is_lasting` tells of names whether they stand for one thing all the time.
    """
    node: Any = item.node
    if item.declares:
        raise NotProven(f"{node.name} assigns globals")
    arguments = node.args
    if not all(_is_literal(one) for one in [*arguments.defaults, *arguments.kw_defaults] if one is not None):
        raise NotProven(f"a default of {node.name} is computed")
    every = [*getattr(arguments, "posonlyargs", []), *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    for annotation in [one.annotation for one in every] + [node.returns]:
        names = [] if annotation is None else [one.id for one in ast.walk(annotation) if isinstance(one, ast.Name)]
        if annotation is not None and not (_is_annotation(annotation) and all(map(is_lasting, names))):
            raise NotProven(f"an annotation of {node.name} is computed")


def _is_annotation(node: ast.expr) -> bool:
    """A text would name what is not looked for in it."""
    texts = (isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(node))
    return _consists_of(node, _ANNOTATION) and not any(texts)


def _consists_of(node: ast.AST, kinds: set[str]) -> bool:
    return all(type(one).__name__ in kinds for one in ast.walk(node))


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_is_literal(one) for one in node.elts)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)
