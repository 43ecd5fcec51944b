"""What an expression of a notebook gives, as far as reading tells: which columns, through which transformers."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Callable

from .syntax import Aliases, keywords, string
from .values import TARGET_ENCODERS, Model, Value, merge

_FRAME_METHODS = frozenset(
    """
        copy head tail sample dropna fillna drop_duplicates reset_index sort_values query astype loc iloc
        rename assign merge join set_index apply map replace select_dtypes sort_index where clip interpolate
        """.split()  # noqa: SIM905
)
_ARRAY_METHODS = frozenset(["reshape", "ravel", "flatten", "squeeze", "transpose", "to_numpy", "toarray"])
_FRAME_READERS = frozenset(
    [
        "read_csv",
        "read_table",
        "read_excel",
        "read_json",
        "read_parquet",
        "read_feather",
        "read_sql",
        "read_html",
        "read_pickle",
        "read_hdf",
        "DataFrame",
    ]
)
_NUMPY_MAKERS = frozenset(
    """
        array asarray linspace load loadtxt genfromtxt zeros ones column_stack hstack vstack concatenate
        expand_dims arange
        """.split()  # noqa: SIM905
)


class Evaluator:
    """Values of variables and of expressions over them."""

    def __init__(self, aliases: Aliases, models: dict[str, Model], fit: Callable[[Model, ast.Call], None]) -> None:
        self._aliases = aliases
        self._models = models
        self._fit = fit
        self.values: dict[str, Value] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        # Datasets of scikit-learn by variable: whether they hold frames.
        self.bunches: dict[str, bool] = {}

    def forget(self, name: str) -> None:
        """The name is bound to something else."""
        self.values.pop(name, None)
        self.lists.pop(name, None)
        self.bunches.pop(name, None)

    def value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            return self.values.get(node.id, Value())
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call_value(node)
        if isinstance(node, ast.BinOp):
            return merge([self.value(node.left), self.value(node.right)])
        if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
            return Value("texts") if all(string(element) is not None for element in node.elts) else Value()
        return Value()

    def _attribute(self, node: ast.Attribute) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id in self.bunches:
            framed = self.bunches[node.value.id]
            if node.attr in ("data", "frame"):
                return Value("frame" if framed or node.attr == "frame" else "array")
            return Value("array", target=True) if node.attr == "target" else Value()
        owner = self.value(node.value)
        if node.attr in ("values", "T", "array"):
            return replace(owner, kind="array") if owner.kind in ("frame", "series", "array") else Value()
        if owner.kind == "frame" and node.attr not in _FRAME_METHODS:
            return (
                Value("series", (node.attr,)) if node.attr not in ("columns", "index", "shape", "dtypes") else Value()
            )
        return owner if node.attr in _FRAME_METHODS else Value()

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.value(node.value)
        inner: ast.AST = node.slice
        if type(inner).__name__ == "Index":  # Python 3.8
            inner = inner.value  # type: ignore[attr-defined]
        if isinstance(node.value, ast.Name) and node.value.id in self.bunches:
            return self._attribute(ast.Attribute(value=node.value, attr=string(inner) or "", ctx=ast.Load()))
        if owner.kind not in ("frame", "series", "array", "texts"):
            return Value()
        column = string(inner)
        if owner.kind == "frame" and column is not None:
            return Value("series", (column,), raw=None)
        columns = string_list(inner)
        if owner.kind == "frame" and columns is not None:
            return Value("frame", columns)
        if owner.kind == "frame" and isinstance(inner, ast.Name) and inner.id in self.lists:
            return Value("frame", self.lists[inner.id], inner.id)
        if isinstance(inner, ast.Tuple):
            return replace(
                owner,
                columns=None,
                kind="frame"
                if _keeps_frame(inner) and owner.kind == "frame"
                else "array"
                if owner.kind == "array"
                else "unknown",
            )
        return owner

    def _call_value(self, node: ast.Call) -> Value:
        origin = self._aliases.resolve(node.func) or ""
        last = node.func.attr if isinstance(node.func, ast.Attribute) else origin.rsplit(".", 1)[-1]
        if isinstance(node.func, ast.Attribute):
            found = self._method_value(node, node.func)
            if found is not None:
                return found
        if last in _FRAME_READERS and origin.split(".")[0] in ("pandas", "polars", "modin", "cudf"):
            return Value("frame", _literal_columns(node))
        if origin in ("xgboost.DMatrix", "xgboost.QuantileDMatrix", "lightgbm.Dataset", "catboost.Pool") and node.args:
            return replace(self.value(node.args[0]), wrapped=True)
        if last in ("tensor", "from_numpy", "FloatTensor", "as_tensor") and origin.startswith("torch"):
            return Value("tensor")
        if origin.startswith("numpy.") and last in _NUMPY_MAKERS:
            return Value("array")
        if origin.startswith(("numpy.random.", "sklearn.datasets.")):
            return Value("array")
        if origin in ("list", "sorted") and node.args:
            inner = self.value(node.args[0])
            return replace(inner, kind="texts") if inner.kind == "texts" else inner
        return Value()

    def _method_value(self, node: ast.Call, function: ast.Attribute) -> Value | None:
        owner_name = function.value.id if isinstance(function.value, ast.Name) else None
        model = self._models.get(owner_name or "")
        if model and function.attr in ("transform", "fit_transform") and node.args:
            if function.attr == "fit_transform":
                self._fit(model, node)
            source = self.value(node.args[0])
            done = source.after(model.name)
            done = replace(done, raw=source.raw)
            return replace(done, target=True) if model.class_name in TARGET_ENCODERS else done
        if owner_name and self._aliases.names.get(owner_name):
            return None
        owner = self.value(function.value)
        if owner.kind == "frame" and function.attr in ("drop", "pop"):
            dropped = function.attr == "drop"
            return (
                Value("frame")
                if dropped
                else Value("series", (string(node.args[0]) or "",) if node.args else None, target=True)
            )
        if function.attr in _ARRAY_METHODS and owner.kind in ("frame", "series", "array"):
            return replace(owner, kind="array")
        if function.attr == "tolist" and owner.kind == "series":
            return owner
        if owner.kind in ("frame", "series", "array") and function.attr in _FRAME_METHODS:
            return owner
        return None


def string_list(node: ast.AST) -> tuple[str, ...] | None:
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return None
    texts = [string(element) for element in node.elts]
    return None if any(text is None for text in texts) else tuple(text for text in texts if text is not None)


def _literal_columns(call: ast.Call) -> tuple[str, ...] | None:
    named = keywords(call).get("columns") or keywords(call).get("names") or keywords(call).get("usecols")
    if named is not None:
        return string_list(named)
    data = call.args[0] if call.args else keywords(call).get("data")
    if isinstance(data, ast.Dict):
        names = [string(key) for key in data.keys if key is not None]
        return tuple(name for name in names if name) if all(names) else None
    return None


def _keeps_frame(inner: ast.Tuple) -> bool:
    return len(inner.elts) == 2 and isinstance(inner.elts[1], (ast.Slice, ast.List))
