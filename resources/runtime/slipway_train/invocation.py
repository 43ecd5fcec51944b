"""Python values as the body of POST /invocations (MLflow scoring protocol), without importing numpy or
pandas.

DataFrame -> {"dataframe_split": {"columns", "data"}}; list, tuple -> {"instances": …}; ndarray, Series,
str, number, dict -> {"inputs": …}. The type that artifact.json names beside the body tells the server what
to make of it. NaN, NaT, infinity and missing values become null, dates ISO 8601 text, bytes base64 text.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import sys
from typing import Any

_PLAIN = (str, bytes, int, float, bool, list, tuple, dict)


def supported(value: Any) -> bool:
    """Whether `body` can write this value."""
    if not (isinstance(value, _PLAIN) or type_name(value) in ("pandas.DataFrame", "pandas.Series", "numpy.ndarray")):
        return False
    try:
        body(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def type_name(value: Any) -> str:
    """`pandas.DataFrame`, `numpy.ndarray`, `list`, …: the class of the library's public name."""
    for module, names in (("pandas", ("DataFrame", "Series")), ("numpy", ("ndarray",))):
        loaded = sys.modules.get(module)
        for name in names:
            if loaded is not None and isinstance(value, getattr(loaded, name, ())):
                return f"{module}.{name}"
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def body(value: Any) -> dict[str, Any]:
    """JSON-ready body. Raises TypeError for a value that JSON cannot say."""
    kind = type_name(value)
    if kind == "pandas.DataFrame":
        rows = [[_json(cell) for cell in row] for row in value.itertuples(index=False, name=None)]
        return {"dataframe_split": {"columns": [_json(column) for column in value.columns], "data": rows}}
    if kind in ("pandas.Series", "numpy.ndarray"):
        return {"inputs": _json(value.tolist())}
    if isinstance(value, (list, tuple)):
        return {"instances": _json(value)}
    return {"inputs": _json(value)}


def _json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_json(item) for item in value]
    return _array(value) if hasattr(value, "tolist") else _scalar(value)


def _array(value: Any) -> Any:
    plain = value.tolist()
    return _scalar(plain) if plain is value else _json(plain)


def _scalar(value: Any) -> Any:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (float, decimal.Decimal)):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
