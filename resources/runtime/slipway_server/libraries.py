"""The user's numpy and pandas: used when the model has them loaded, never imported for the server's own sake."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def loaded(name: str) -> Any:
    """The module when the model has already imported it, else None."""
    return sys.modules.get(name)


def needed(name: str) -> Any:
    """Imports a module that the entry cannot do without; ModuleNotFoundError when it is missing."""
    return importlib.import_module(name)


def is_frame(value: Any) -> bool:
    """Whether the value is a pandas DataFrame."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_series(value: Any) -> bool:
    """Whether the value is a pandas Series or Index."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Series, pandas.Index))


def is_array(value: Any) -> bool:
    """Whether the value is a numpy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def as_array(value: Any) -> Any:
    """A numpy array of a tensor from another library (torch, tensorflow, jax, scipy sparse), else None."""
    numpy = sys.modules.get("numpy")
    if numpy is None or isinstance(value, type):
        return None
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return value.detach().cpu().numpy()
    if hasattr(value, "toarray"):
        return value.toarray()
    if hasattr(value, "__array__"):
        array = numpy.asarray(value)
        return None if array.dtype.kind == "O" else array
    return None
