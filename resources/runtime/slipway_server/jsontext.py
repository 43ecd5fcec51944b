"""Strict JSON: UTF-8, no NaN or infinity in either direction, no duplicate keys, no unbounded recursion."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from .errors import BadRequest

# Numbers that Python would turn into infinity, or spend quadratic time on; rare, so only then the slow hooks run.
_LONG_NUMBER = re.compile(rb"[0-9][eE]\+?0*[0-9]{3}|(?<![0-9])[0-9]{309}")
_MAX_INTEGER_DIGITS = 4300

NOT_FINITE = "JSON has no NaN or infinity: send null where the model accepts it, or the binary tensor extension"


def parse(body: bytes | bytearray | memoryview) -> Any:
    """The JSON value in `body`. BadRequest says what is wrong and where."""
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The request body is not valid UTF-8: {error.reason} at byte {error.start}") from None
    decoder = _LONG if _LONG_NUMBER.search(body) else _USUAL
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        message = f"The request body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise BadRequest(message) from None
    except RecursionError:
        raise BadRequest("The request body nests too deeply") from None


def parse_object(body: bytes | bytearray | memoryview) -> dict[str, Any]:
    """As `parse`, for a body that must be a JSON object."""
    value = parse(body)
    if not isinstance(value, dict):
        raise BadRequest(f"The request body must be a JSON object, not {kind_of(value)}")
    return value


def dump(value: Any) -> bytes:
    """Compact JSON. ValueError when the value holds NaN, infinity or a cycle; TypeError on other types."""
    return _ENCODER.encode(value).encode("ascii")


def kind_of(value: Any) -> str:
    """What JSON calls the type of a parsed value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise BadRequest(f"The key '{twice}' occurs twice in one JSON object")
    return members


def _reject(name: str) -> NoReturn:
    raise BadRequest(f"The request body holds {name}. {NOT_FINITE}")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise BadRequest("A number in the request body is too large for 64-bit floating point")
    return number


def _bounded(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS:
        raise BadRequest(f"An integer in the request body has more than {_MAX_INTEGER_DIGITS} digits")
    return int(text)


_USUAL = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_reject)
_LONG = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_reject, parse_float=_finite, parse_int=_bounded)
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
