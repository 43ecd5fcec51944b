"""Entry `mlmodel`: an MLflow model folder, through mlflow.pyfunc when it is installed, else its native flavour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError, load_error
from ..libraries import needed
from ..model import Model
from ..signature import Parameter, Signature
from . import model_file
from .bundle import Bundle

# flavour of MLmodel -> (its key with the file, our format)
_NATIVE = {"sklearn": ("pickled_model", "pickle"), "xgboost": ("data", "xgboost"), "lightgbm": ("data", "lightgbm")}


def load(bundle: Bundle) -> Model:
    """The model of the folder. ModuleMissing names mlflow when no flavour can be read without it."""
    folder = bundle.file(bundle.entry.get("path"))
    description = bundle.file(f"{bundle.entry.get('path')}/MLmodel")
    try:
        pyfunc = needed("mlflow.pyfunc")
    except ModuleNotFoundError:
        return _native(bundle, description)
    try:
        return _with_mlflow(pyfunc, folder)
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", "Loading the MLflow model", error) from error


def _with_mlflow(pyfunc: Any, folder: Path) -> Model:
    loaded = pyfunc.load_model(str(folder))
    schema = loaded.metadata.get_input_schema()
    kind = "array" if schema is not None and schema.is_tensor_spec() else "frame"
    names = schema.input_names() if schema is not None and schema.has_input_names() else None

    def predict(data: Any, **params: Any) -> Any:
        return loaded.predict(data, params=params) if params else loaded.predict(data)

    signature = Signature((Parameter("data", kind),), open=True)
    example = _example(loaded, folder)
    return Model(predict, signature, "mlflow", names if kind == "frame" else None, example=example)


def _example(loaded: Any, folder: Path) -> Any:
    try:
        return loaded.metadata.load_input_example(str(folder))
    except Exception:  # an example is welcome, not required; its reader differs among releases
        return None


def _native(bundle: Bundle, description: Path) -> Model:
    flavours = read_flavours(description.read_text("utf-8"))
    for name, (key, form) in _NATIVE.items():
        if key in flavours.get(name, {}):
            relative = f"{bundle.entry['path']}/{flavours[name][key]}"
            entry = {"kind": "modelFile", "path": relative, "format": form}
            return model_file.load(_with_entry(bundle, entry))
    found = ", ".join(flavours) or "none"
    message = (
        f"The MLflow model has the flavours {found}, which need the package mlflow. "
        "Add mlflow to the project's dependencies and deploy again"
    )
    raise ModelLoadError("ModuleMissing", message)


def _with_entry(bundle: Bundle, entry: dict[str, Any]) -> Bundle:
    return replace(bundle, entry=entry)


def read_flavours(text: str) -> dict[str, dict[str, str]]:
    """The scalar members of each flavour in an MLmodel file: the small part of YAML that MLflow writes there."""
    flavours: dict[str, dict[str, str]] = {}
    inside, current = False, ""
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        name, colon, value = line.strip().partition(":")
        if not colon or line.lstrip().startswith(("#", "-")):
            continue
        if depth == 0:
            inside = name == "flavors"
        elif inside and depth == 2:
            current = name
            flavours[current] = {}
        elif inside and depth == 4 and current:
            flavours[current][name] = value.strip().strip("'\"")
    return flavours
