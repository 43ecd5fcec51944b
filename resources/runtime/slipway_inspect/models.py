"""Finds the objects that a notebook fits or loads and what they are called with, to draft a `predict` from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .expressions import Evaluator, string_list
from .syntax import Aliases, bound_names, keywords, segment, string
from .values import NO_PREDICT, PREPARING, TEXT_INPUT, Model, Value, library_of

_PREDICTS = frozenset(
    [
        "predict",
        "predict_proba",
        "decision_function",
        "transform",
        "encode",
        "run",
        "generate",
        "kneighbors",
        "score_samples",
        "forecast",
    ]
)


_CHAINED = frozenset(["fit", "to", "eval", "cuda", "cpu", "train", "float", "compile"])


class ModelFinder:
    """Feed the trees of cells in order with `scan`; afterwards `facts` tells the models, the likeliest last."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._models: dict[str, Model] = {}
        self._data = Evaluator(aliases, self._models, self._fit)
        self._torch_classes: dict[str, bool] = {}
        self._keras_classes: set[str] = set()
        self._source = ""
        self._cell = ""
        self._order = 0

    def scan(self, tree: ast.Module, source: str, cell: str) -> None:
        self._source, self._cell = source, cell
        for statement in _statements(tree.body):
            self._statement(statement)

    def facts(self) -> dict[str, Any]:
        """`{"models": […], "values": names that still hold raw data}`."""
        models = [m for m in self._models.values() if not m.prepares and m.class_name not in NO_PREDICT]
        ready = [m for m in models if m.fitted or m.called]
        live = {
            name: value.kind
            for name, value in self._data.values.items()
            if not (value.transforms or value.target or value.wrapped)
        }
        ready.sort(key=lambda model: model.order)
        return {"models": [{**model.facts(), "textInput": self._takes_text(model)} for model in ready], "live": live}

    def _takes_text(self, model: Model) -> bool:
        """Whether raw input is text: a text vectorizer leads the pipeline or the transformers in front of the model."""
        if model.parts[:1] and model.parts[0] in TEXT_INPUT:
            return True
        first = self._models.get(model.input.transforms[0]) if model.input.transforms else None
        return first is not None and first.class_name in TEXT_INPUT

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
        if any(
            base.startswith(("torch.nn.", "lightning.", "pytorch_lightning.")) or base in self._torch_classes
            for base in bases
        ):
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
        texts = string_list(node)
        evaluated = self._data.value(node)
        if evaluated.kind == "unknown" and isinstance(node, ast.Call):
            # `df = clean(df)`: what a function gives back under the same name is taken to be of the same kind.
            same = any(isinstance(argument, ast.Name) and argument.id == name for argument in node.args)
            evaluated = (
                replace(self._data.values.get(name, Value()), columns=None, columns_name=None) if same else evaluated
            )
        self._forget(name)
        if texts is not None:
            self._data.lists[name] = texts
        if isinstance(node, ast.Call) and (self._aliases.resolve(node.func) or "").startswith("sklearn.datasets.load_"):
            as_frame = keywords(node).get("as_frame")
            self._data.bunches[name] = isinstance(as_frame, ast.Constant) and bool(as_frame.value)
        elif evaluated.kind != "unknown" or evaluated.transforms:
            derived = evaluated.transforms or evaluated.wrapped
            self._data.values[name] = evaluated if derived else replace(evaluated, raw=name)

    def _forget(self, name: str) -> None:
        self._models.pop(name, None)
        self._data.forget(name)

    def _unpack(self, target: ast.Tuple | ast.List, node: ast.expr) -> None:
        names = [element.id if isinstance(element, ast.Name) else None for element in target.elts]
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == len(names):
            for element, part in zip(target.elts, node.elts):
                self._assign(element, part)
            return
        values: list[Value] = []
        if isinstance(node, ast.Call):
            origin = self._aliases.resolve(node.func) or ""
            if origin.endswith("train_test_split"):
                values = [value for argument in node.args for value in [self._data.value(argument)] * 2]
            elif origin.startswith("sklearn.datasets.") and len(names) == 2:
                as_frame = keywords(node).get("as_frame")
                framed = isinstance(as_frame, ast.Constant) and bool(as_frame.value)
                values = [Value("frame" if framed else "array"), Value("array", target=True)]
        for index, name in enumerate(names):
            if name:
                self._forget(name)
                if index < len(values) and values[index].kind != "unknown":
                    value = values[index]
                    self._data.values[name] = value if value.transforms else replace(value, raw=name)

    # Models

    def _model_from(self, name: str, node: ast.expr) -> Model | None:
        """The model that an expression gives: made, fitted in a chain, loaded, or taken out of a search."""
        if isinstance(node, ast.Name) and node.id in self._models:
            return replace(self._models[node.id], name=name)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("best_estimator_", "model")
            and isinstance(node.value, ast.Name)
        ):
            search = self._models.get(node.value.id)
            return replace(search, name=name) if search else None
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Attribute) and node.func.attr in _CHAINED and not self._is_module(node.func.value):
            return self._chained(name, node, node.func)
        origin = self._aliases.resolve(node.func) or ""
        if isinstance(node.func, ast.Name) and node.func.id in self._torch_classes:
            return self._new(name, node.func.id, "torch", node, embeds=self._torch_classes[node.func.id])
        if isinstance(node.func, ast.Name) and node.func.id in self._keras_classes:
            return self._new(name, node.func.id, "keras", node)
        if origin.startswith("transformers.") and origin.endswith(".from_pretrained"):
            auto_model = "Model" in origin
            return (
                self._new(name, origin[: -len(".from_pretrained")], "transformers", node, fitted=True)
                if auto_model
                else None
            )
        known = library_of(origin)
        return self._new(name, origin, known[0], node, fitted=known[1]) if known else None

    def _is_module(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._aliases.names

    def _new(
        self, name: str, origin: str, library: str, node: ast.Call, fitted: bool = False, embeds: bool = False
    ) -> Model:
        self._order += 1
        parts = tuple(self._part_classes(node))
        last = origin.rsplit(".", 1)[-1]
        prepares = last in PREPARING or (
            last in ("Pipeline", "make_pipeline") and bool(parts) and parts[-1] in PREPARING
        )
        # A file object of the notebook is closed by the time of load: only a literal path can be read again.
        reads_file = any(string(argument) is not None for argument in ast.walk(node))
        loads = fitted and reads_file and last not in ("train", "train_supervised")
        text = segment(self._source, node) if loads and "\n" not in segment(self._source, node) else None
        model = Model(name, origin, library, self._cell, node.lineno, parts, fitted, prepares, load_text=text)
        model.embeds, model.order = embeds, self._order
        if last == "train" and len(node.args) > 1:  # xgboost.train(parameters, data), lightgbm.train(parameters, data)
            model.input = self._data.value(node.args[1])
        return model

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

    def _chained(self, name: str, node: ast.Call, function: ast.Attribute) -> Model | None:
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
            model.input = self._data.value(data)
        if target is not None:
            model.target = self._data.value(target)

    def _expression(self, node: ast.expr) -> None:
        for part in ast.walk(node):
            if (
                isinstance(part, ast.Call)
                and isinstance(part.func, ast.Attribute)
                and isinstance(part.func.value, ast.Name)
            ):
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
            model.call_value = self._data.value(call.args[0])


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
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
