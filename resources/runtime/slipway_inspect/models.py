"""Finds the objects that a notebook fits or loads and what they are called with, to draft a `predict` from."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from .syntax import Aliases, bound_names, keywords, segment, string
from .values import NO_PREDICT, PREPARING, TARGET_ENCODERS, Model, Value, library_of, merge

_PREDICTS = frozenset("predict predict_proba decision_function transform encode run generate kneighbors score_samples forecast".split())
_FRAME_METHODS = frozenset(
    """copy head tail sample dropna fillna drop_duplicates reset_index sort_values query astype loc iloc rename assign merge
    join set_index apply map replace select_dtypes sort_index where clip interpolate""".split()
)
_ARRAY_METHODS = frozenset("reshape ravel flatten squeeze transpose to_numpy toarray".split())
_FRAME_READERS = frozenset("read_csv read_table read_excel read_json read_parquet read_feather read_sql read_html read_pickle read_hdf DataFrame".split())


class ModelFinder:
    """Feed the trees of cells in order with `scan`; afterwards `facts` tells the models, the likeliest last."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._values: Dict[str, Value] = {}
        self._lists: Dict[str, Tuple[str, ...]] = {}
        self._models: Dict[str, Model] = {}
        self._bunches: Dict[str, bool] = {}
        self._torch_classes: Dict[str, bool] = {}
        self._keras_classes: Set[str] = set()
        self._source = ""
        self._cell = ""
        self._order = 0

    def scan(self, tree: ast.Module, source: str, cell: str) -> None:
        self._source, self._cell = source, cell
        for statement in _statements(tree.body):
            self._statement(statement)

    def facts(self) -> Dict[str, Any]:
        """`{"models": […], "values": names that still hold raw data}`."""
        models = [m for m in self._models.values() if not m.prepares and m.class_name not in NO_PREDICT]
        ready = [m for m in models if m.fitted or m.called]
        live = {name: value.kind for name, value in self._values.items() if not value.transforms and not value.target}
        return {"models": [m.facts() for m in sorted(ready, key=lambda m: m.order)], "live": live}

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef):
            self._learn_class(node)
        elif isinstance(node, ast.Assign):
            self._expression(node.value)
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._expression(node.value)
            self._assign(node.target, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            for name in bound_names(node.target):
                self._forget(name)
        elif isinstance(node, ast.Expr):
            self._expression(node.value)

    def _learn_class(self, node: ast.ClassDef) -> None:
        bases = [self._aliases.resolve(base) or "" for base in node.bases]
        if any(base.startswith(("torch.nn.", "lightning.", "pytorch_lightning.")) or base in self._torch_classes for base in bases):
            self._torch_classes[node.name] = "Embedding" in ast.dump(node)
        elif any(base.endswith((".Model", ".Sequential")) and "keras" in base for base in bases):
            self._keras_classes.add(node.name)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)

    def _bind(self, name: str, node: ast.expr) -> None:
        made = self._model_from(name, node)
        if made is not None:
            self._forget(name)
            self._models[name] = made
            return
        texts = _string_list(node)
        evaluated = self._value(node)
        self._forget(name)
        if texts is not None:
            self._lists[name] = texts
        if isinstance(node, ast.Call) and (self._aliases.resolve(node.func) or "").startswith("sklearn.datasets.load_"):
            as_frame = keywords(node).get("as_frame")
            self._bunches[name] = isinstance(as_frame, ast.Constant) and bool(as_frame.value)
        elif evaluated.kind != "unknown" or evaluated.transforms:
            self._values[name] = evaluated if evaluated.transforms else replace(evaluated, raw=name)

    def _forget(self, name: str) -> None:
        for table in (self._values, self._lists, self._models, self._bunches):
            table.pop(name, None)  # type: ignore[attr-defined]

    def _unpack(self, target: "ast.Tuple | ast.List", node: ast.expr) -> None:
        names = [element.id if isinstance(element, ast.Name) else None for element in target.elts]
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == len(names):
            for element, part in zip(target.elts, node.elts):
                self._assign(element, part)
            return
        values: List[Value] = []
        if isinstance(node, ast.Call):
            origin = self._aliases.resolve(node.func) or ""
            if origin.endswith("train_test_split"):
                values = [value for argument in node.args for value in [self._value(argument)] * 2]
            elif origin.startswith("sklearn.datasets.") and len(names) == 2:
                as_frame = keywords(node).get("as_frame")
                framed = isinstance(as_frame, ast.Constant) and bool(as_frame.value)
                values = [Value("frame" if framed else "array"), Value("array", target=True)]
        for index, name in enumerate(names):
            if name:
                self._forget(name)
                if index < len(values) and values[index].kind != "unknown":
                    value = values[index]
                    self._values[name] = value if value.transforms else replace(value, raw=name)

    # Models

    def _model_from(self, name: str, node: ast.expr) -> Optional[Model]:
        """The model that an expression gives: made, fitted in a chain, loaded, or taken out of a search."""
        if isinstance(node, ast.Name) and node.id in self._models:
            return replace(self._models[node.id], name=name)
        if isinstance(node, ast.Attribute) and node.attr in ("best_estimator_", "model") and isinstance(node.value, ast.Name):
            search = self._models.get(node.value.id)
            return replace(search, name=name) if search else None
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("fit", "to", "eval", "cuda", "cpu", "train", "float", "compile"):
            return self._chained(name, node, node.func)
        origin = self._aliases.resolve(node.func) or ""
        if isinstance(node.func, ast.Name) and node.func.id in self._torch_classes:
            return self._new(name, node.func.id, "torch", node, embeds=self._torch_classes[node.func.id])
        if isinstance(node.func, ast.Name) and node.func.id in self._keras_classes:
            return self._new(name, node.func.id, "keras", node)
        if origin.startswith("transformers.") and origin.endswith(".from_pretrained"):
            auto_model = "Model" in origin
            return self._new(name, origin[: -len(".from_pretrained")], "transformers", node, fitted=True) if auto_model else None
        known = library_of(origin)
        return self._new(name, origin, known[0], node, fitted=known[1]) if known else None

    def _new(self, name: str, origin: str, library: str, node: ast.Call, fitted: bool = False, embeds: bool = False) -> Model:
        self._order += 1
        parts = tuple(self._part_classes(node))
        last = origin.rsplit(".", 1)[-1]
        prepares = last in PREPARING or (last in ("Pipeline", "make_pipeline") and bool(parts) and parts[-1] in PREPARING)
        reads_file = any(string(argument) is not None for argument in ast.walk(node)) or last == "load"
        loads = fitted and reads_file and last not in ("train", "train_supervised")
        text = segment(self._source, node) if loads and "\n" not in segment(self._source, node) else None
        return Model(name, origin, library, self._cell, node.lineno, parts, fitted, prepares, load_text=text, embeds=embeds, order=self._order)

    def _part_classes(self, node: ast.Call) -> Iterator[str]:
        """Class names inside a pipeline or a search, in order of appearance; names of models count as their parts."""
        for part in _in_order(node):
            if isinstance(part, ast.Call) and part is not node:
                last = (self._aliases.resolve(part.func) or "").rsplit(".", 1)[-1]
                if last[:1].isupper():
                    yield last
            elif isinstance(part, ast.Name) and part.id in self._models:
                inner = self._models[part.id]
                yield from inner.parts or (inner.class_name,)

    def _chained(self, name: str, node: ast.Call, function: ast.Attribute) -> Optional[Model]:
        inner = function.value
        model = self._models.get(inner.id) if isinstance(inner, ast.Name) else self._model_from(name, inner)
        if model is None:
            return None
        if isinstance(inner, ast.Name) and function.attr == "fit" and model.library == "keras":
            return None  # history = model.fit(...)
        model = model if isinstance(inner, ast.Name) and inner.id == name else replace(model, name=name)
        if function.attr == "fit":
            self._fit(model, node)
        if function.attr == "to" and node.args:
            model.device = segment(self._source, node.args[0]) or None
        return model

    def _fit(self, model: Model, call: ast.Call) -> None:
        self._order += 1
        given = keywords(call)
        data = call.args[0] if call.args else given.get("X", given.get("x"))
        target = call.args[1] if len(call.args) > 1 else given.get("y")
        model.fitted, model.order = True, self._order
        if data is not None:
            model.input = self._value(data)
        if target is not None:
            model.target = self._value(target)

    def _expression(self, node: ast.expr) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and isinstance(part.func.value, ast.Name):
                self._method(part, part.func.value.id, part.func.attr)
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in self._models:
                self._called(self._models[part.func.id], "__call__", part)

    def _method(self, call: ast.Call, owner: str, method: str) -> None:
        model = self._models.get(owner)
        if model is None:
            return
        if method in ("fit", "fit_transform", "fit_predict", "partial_fit", "train"):
            if call.args or call.keywords:
                self._fit(model, call)
        elif method in _PREDICTS:
            self._called(model, method, call)
        elif method == "to" and call.args:
            model.device = segment(self._source, call.args[0]) or None
        elif method in ("load_state_dict", "load_weights", "load_model"):
            model.fitted, self._order = True, self._order + 1
            model.order = self._order

    def _called(self, model: Model, method: str, call: ast.Call) -> None:
        self._order += 1
        model.called = "predict" if method == "predict_proba" and model.called == "predict" else method
        model.order = self._order
        if call.args:
            model.call_argument = segment(self._source, call.args[0]) or None
            model.call_value = self._value(call.args[0])

    # Data

    def _value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            return self._values.get(node.id, Value())
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call_value(node)
        if isinstance(node, ast.BinOp):
            return merge([self._value(node.left), self._value(node.right)])
        if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
            return Value("texts") if all(string(element) is not None for element in node.elts) else Value()
        return Value()

    def _attribute(self, node: ast.Attribute) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id in self._bunches:
            framed = self._bunches[node.value.id]
            if node.attr in ("data", "frame"):
                return Value("frame" if framed or node.attr == "frame" else "array")
            return Value("array", target=True) if node.attr == "target" else Value()
        owner = self._value(node.value)
        if node.attr in ("values", "T", "array"):
            return replace(owner, kind="array") if owner.kind in ("frame", "series", "array") else Value()
        if owner.kind == "frame" and node.attr not in _FRAME_METHODS:
            return Value("series", (node.attr,)) if node.attr not in ("columns", "index", "shape", "dtypes") else Value()
        return owner if node.attr in _FRAME_METHODS else Value()

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self._value(node.value)
        inner: ast.AST = node.slice
        if type(inner).__name__ == "Index":  # Python 3.8
            inner = inner.value  # type: ignore[attr-defined]
        if isinstance(node.value, ast.Name) and node.value.id in self._bunches:
            return self._attribute(ast.Attribute(value=node.value, attr=string(inner) or "", ctx=ast.Load()))
        if owner.kind not in ("frame", "series", "array", "texts"):
            return Value()
        column = string(inner)
        if owner.kind == "frame" and column is not None:
            return Value("series", (column,), raw=None)
        columns = _string_list(inner)
        if owner.kind == "frame" and columns is not None:
            return Value("frame", columns)
        if owner.kind == "frame" and isinstance(inner, ast.Name) and inner.id in self._lists:
            return Value("frame", self._lists[inner.id], inner.id)
        if isinstance(inner, ast.Tuple):
            return replace(owner, columns=None, kind="frame" if _keeps_frame(inner) and owner.kind == "frame" else "array" if owner.kind == "array" else "unknown")
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
            return self._value(node.args[0])
        if last in ("tensor", "from_numpy", "FloatTensor", "as_tensor") and origin.startswith("torch"):
            return Value("tensor")
        if origin.startswith("numpy.") and last in ("array", "asarray", "linspace", "load", "loadtxt", "genfromtxt", "zeros", "ones", "column_stack", "hstack", "vstack", "concatenate", "expand_dims", "arange"):
            return Value("array")
        if origin.startswith(("numpy.random.", "sklearn.datasets.")):
            return Value("array")
        if origin in ("list", "sorted") and node.args:
            inner = self._value(node.args[0])
            return replace(inner, kind="texts") if inner.kind == "texts" else inner
        return Value()

    def _method_value(self, node: ast.Call, function: ast.Attribute) -> Optional[Value]:
        owner_name = function.value.id if isinstance(function.value, ast.Name) else None
        model = self._models.get(owner_name or "")
        if model and function.attr in ("transform", "fit_transform") and node.args:
            if function.attr == "fit_transform":
                self._fit(model, node)
            source = self._value(node.args[0])
            done = source.after(model.name)
            done = replace(done, raw=source.raw)
            return replace(done, target=True) if model.class_name in TARGET_ENCODERS else done
        if owner_name and self._aliases.names.get(owner_name):
            return None
        owner = self._value(function.value)
        if owner.kind == "frame" and function.attr in ("drop", "pop"):
            dropped = function.attr == "drop"
            return Value("frame") if dropped else Value("series", (string(node.args[0]) or "",) if node.args else None, target=True)
        if function.attr in _ARRAY_METHODS and owner.kind in ("frame", "series", "array"):
            return replace(owner, kind="array")
        if function.attr == "tolist" and owner.kind == "series":
            return owner
        if owner.kind in ("frame", "series", "array") and function.attr in _FRAME_METHODS:
            return owner
        return None


def _statements(body: List[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, with those inside if, try, with and loops; not those inside functions."""
    for node in body:
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, []) or [])


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _in_order(child)


def _string_list(node: ast.AST) -> Optional[Tuple[str, ...]]:
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return None
    texts = [string(element) for element in node.elts]
    return None if any(text is None for text in texts) else tuple(text for text in texts if text is not None)


def _literal_columns(call: ast.Call) -> Optional[Tuple[str, ...]]:
    named = keywords(call).get("columns") or keywords(call).get("names") or keywords(call).get("usecols")
    if named is not None:
        return _string_list(named)
    data = call.args[0] if call.args else keywords(call).get("data")
    if isinstance(data, ast.Dict):
        names = [string(key) for key in data.keys if key is not None]
        return tuple(name for name in names if name) if all(names) else None
    return None


def _keeps_frame(inner: ast.Tuple) -> bool:
    return len(inner.elts) == 2 and isinstance(inner.elts[1], (ast.Slice, ast.List))
