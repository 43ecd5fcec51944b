"""POST /invocations by MLflow's scoring protocol (https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/).

Body: exactly one of dataframe_records, dataframe_split, instances, inputs, with optional params; or text/csv with a
header line. Answer: {"predictions": value}.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from .errors import BadRequest, HttpError
from .jsontext import dump, kind_of, parse_object
from .payload import Data, Inputs, Instances, Payload, Table, table_of_records
from .plain import to_plain

_FORMS = ("dataframe_records", "dataframe_split", "instances", "inputs")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\Z")


def decode_invocation(body: bytes | bytearray, content_type: bytes) -> Payload:
    """The payload of a request. HttpError 415 for a media type other than JSON and CSV."""
    media = content_type.partition(b";")[0].strip().lower()
    if media == b"text/csv":
        return Payload(_of_csv(body))
    if media not in (b"", b"application/json", b"application/x-www-form-urlencoded"):  # curl -d sends the last
        text = media.decode("latin-1")
        raise HttpError(415, f"Content-Type '{text}' is not supported: use application/json or text/csv")
    return payload_of(parse_object(body))


def payload_of(request: dict[str, Any]) -> Payload:
    """The payload of a parsed JSON body."""
    params = request.get("params") or {}
    if not isinstance(params, dict):
        raise BadRequest(f"'params' must be an object, not {kind_of(params)}")
    given = [form for form in _FORMS if form in request]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise BadRequest(f"The request must have exactly one of {', '.join(_FORMS)}; it has {found}")
    unknown = [key for key in request if key not in _FORMS and key != "params"]
    if unknown:
        raise BadRequest(f"The request has the unknown member '{unknown[0]}'")
    return Payload(_data(given[0], request[given[0]]), params)


def encode_predictions(result: Any) -> bytes:
    """The answer to a return value. HttpError 500 when it holds NaN or infinity."""
    try:
        return dump({"predictions": to_plain(result)})
    except ValueError:
        message = "The model answered NaN or infinity, which JSON cannot hold: return None, or use /v2 binary data"
        raise HttpError(500, message) from None


def _data(form: str, value: Any) -> Data:
    if form == "inputs":
        return Inputs(value)
    if form == "dataframe_split":
        return _of_split(value)
    if not isinstance(value, list):
        raise BadRequest(f"'{form}' must be an array, not {kind_of(value)}")
    if form == "instances":
        return Instances(value)
    return table_of_records(value, "'dataframe_records'")


def _of_split(value: Any) -> Table:
    rows = value.get("data") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BadRequest("'dataframe_split' must be an object with 'columns' and 'data', an array of rows")
    columns = value.get("columns", list(range(len(rows[0]))) if rows else [])
    if not isinstance(columns, list) or len({str(name) for name in columns}) != len(columns):
        raise BadRequest("'dataframe_split': columns must be an array of different names")
    if any(len(row) != len(columns) for row in rows):
        raise BadRequest(f"'dataframe_split': each row of data must have {len(columns)} values, as columns has")
    index = value.get("index")
    if index is not None and (not isinstance(index, list) or len(index) != len(rows)):
        raise BadRequest("'dataframe_split': index must have one label for each row")
    return Table(columns, rows, index)


def _of_csv(body: bytes | bytearray) -> Table:
    try:
        text = str(body, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The request body is not valid UTF-8: {error.reason} at byte {error.start}") from None
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise BadRequest(f"The request body is not valid CSV: {error}") from None
    if not lines:
        raise BadRequest("The CSV has no header line")
    columns, rows = lines[0], lines[1:]
    if len(set(columns)) != len(columns):
        raise BadRequest("The CSV names a column twice")
    if any(len(row) != len(columns) for row in rows):
        raise BadRequest(f"Each line of the CSV must have {len(columns)} values, as its header line has")
    typed = [_column(list(values)) for values in zip(*rows)]
    return Table(list(columns), [list(row) for row in zip(*typed)])


def _column(values: list[str]) -> list[Any]:
    """One CSV column as integers or floats when every cell is one (an empty cell is None), else as text."""
    filled = [value.strip() for value in values if value.strip()]
    if filled and all(_INTEGER.match(value) for value in filled):
        return [int(value) if value.strip() else None for value in values]
    if filled and all(_NUMBER.match(value) for value in filled):
        return [float(value) if value.strip() else None for value in values]
    if filled and all(value.lower() in ("true", "false") for value in filled):
        return [value.strip().lower() == "true" if value.strip() else None for value in values]
    return [value if value else None for value in values]
