"""Entry `modelFile`: one file of a known format.

Objects of joblib and pickle answer through their method `predict`; params {"method": "predict_proba"} chooses another
of predict, predict_proba, predict_log_proba, decision_function, transform that the object has.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError, load_error
from ..libraries import loaded, needed
from ..model import Model, Spec
from ..signature import Parameter, Signature
from . import onnx_file
from .bundle import Bundle

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")


def load(bundle: Bundle) -> Model:
    """The model of the file; ModelLoadError EntryUnsupported for a format that holds weights only."""
    path, form = bundle.file(bundle.entry.get("path")), bundle.entry.get("format")
    reader = _READERS.get(str(form))
    if reader is None:
        message = (
            f"A {form} file holds weights, not a model that predicts. Add a notebook with a function predict that "
            "loads it (Add Predict Cell drafts one)"
        )
        raise ModelLoadError("EntryUnsupported", message)
    try:
        return reader(path)
    except ModelLoadError:
        raise
    except (pickle.UnpicklingError, EOFError) as error:
        raise ModelLoadError("ArtifactCorrupt", f"{path.name} is damaged or no {form} file: {error}") from error
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", f"Loading {path.name}", error) from error


def of_object(fitted: Any, platform: str) -> Model:
    """A model of an object in scikit-learn's manner: names and number of features come from the fit."""
    methods = {name: getattr(fitted, name) for name in METHODS if callable(getattr(fitted, name, None))}
    if "predict" not in methods:
        kind = f"{type(fitted).__module__}.{type(fitted).__qualname__}"
        message = f"The file holds {kind}, which has no method predict. Add a notebook with a function predict"
        raise ModelLoadError("EntryUnsupported", message)

    def predict(data: Any, method: str = "predict") -> Any:
        if method not in methods:
            raise ValueError(f"method must be one of {', '.join(methods)}, not {method!r}")
        return methods[method](data)

    names = getattr(fitted, "feature_names_in_", None)
    count = getattr(fitted, "n_features_in_", None)
    return tabular(predict, platform, None if names is None else [str(name) for name in names], count)


def tabular(
    predict: Callable[..., Any], platform: str, names: list[str] | None, count: int | None, datatype: str = "FP64"
) -> Model:
    """A model over rows of features, as a DataFrame where it was fitted with names, else as an array."""
    if names is not None and _importable("pandas"):
        signature = Signature((Parameter("X", "frame"),), frozenset({"method"}))
        pandas, numpy = needed("pandas"), needed("numpy")
        example = pandas.DataFrame(numpy.zeros((1, len(names))), columns=names)
        inputs = [Spec(name, datatype, (-1,)) for name in names]
        return Model(predict, signature, platform, names, strict=True, checks=False, example=example, inputs=inputs)
    kind = "array" if count is not None else "any"
    signature = Signature((Parameter("X", kind),), frozenset({"method"}))
    inputs = [Spec("X", datatype, (-1, int(count)))] if count is not None else []
    example = loaded("numpy").zeros((1, int(count))) if count is not None and loaded("numpy") else None
    return Model(predict, signature, platform, names, strict=names is not None, inputs=inputs, example=example)


def _importable(name: str) -> bool:
    try:
        needed(name)
    except ImportError:
        return False
    return True


def _pickle(path: Path) -> Model:
    with path.open("rb") as file:
        return of_object(pickle.load(file), "python")


def _joblib(path: Path) -> Model:
    return of_object(needed("joblib").load(path), "sklearn")


def _xgboost(path: Path) -> Model:
    xgboost, numpy = needed("xgboost"), needed("numpy")
    booster = xgboost.Booster()
    booster.load_model(str(path))
    names = booster.feature_names

    def predict(data: Any) -> Any:
        return booster.predict(xgboost.DMatrix(numpy.asarray(data), feature_names=names))

    return _without_method(tabular(predict, "xgboost", names, booster.num_features(), "FP32"))


def _lightgbm(path: Path) -> Model:
    booster = needed("lightgbm").Booster(model_file=str(path))
    names = booster.feature_name()
    made_up = all(name == f"Column_{at}" for at, name in enumerate(names))

    def predict(data: Any) -> Any:
        return booster.predict(data)

    return _without_method(tabular(predict, "lightgbm", None if made_up else names, booster.num_feature()))


def _without_method(model: Model) -> Model:
    model.signature = Signature(model.signature.data)
    return model


_READERS: dict[str, Callable[[Path], Model]] = {
    "joblib": _joblib,
    "pickle": _pickle,
    "onnx": onnx_file.load,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
}
