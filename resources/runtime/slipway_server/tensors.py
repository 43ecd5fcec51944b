"""Tensors of the Open Inference Protocol v2, from JSON and from the binary extension.

Values are a numpy array of the tensor's shape where numpy is loaded, else one flat row-major list.
BYTES are always a flat list of str (JSON, valid UTF-8) or bytes.
"""

from __future__ import annotations

import functools
import operator
import struct
from typing import Any, Iterable

from .errors import BadRequest
from .libraries import loaded

# datatype -> (numpy dtype, struct code, bytes per element)
NUMERIC = {
    "BOOL": ("?", "?", 1),
    "UINT8": ("<u1", "B", 1),
    "UINT16": ("<u2", "H", 2),
    "UINT32": ("<u4", "I", 4),
    "UINT64": ("<u8", "Q", 8),
    "INT8": ("<i1", "b", 1),
    "INT16": ("<i2", "h", 2),
    "INT32": ("<i4", "i", 4),
    "INT64": ("<i8", "q", 8),
    "FP16": ("<f2", "e", 2),
    "FP32": ("<f4", "f", 4),
    "FP64": ("<f8", "d", 8),
}
_BY_DTYPE = {code.lstrip("<"): name for name, (code, _, _) in NUMERIC.items()}
_MAX_RANK = 32
_MAX_EMPTY = 1_000_000


class Tensor:
    """One named tensor; see the module for what `values` holds."""

    __slots__ = ("datatype", "name", "shape", "values")

    def __init__(self, name: str, datatype: str, shape: tuple[int, ...], values: Any) -> None:
        self.name = name
        self.datatype = datatype
        self.shape = shape
        self.values = values

    def flat(self) -> list[Any]:
        """The elements in row-major order as Python values."""
        values = self.values
        return values if isinstance(values, list) else values.ravel().tolist()

    def nested(self) -> Any:
        """The elements as nested lists of the tensor's shape."""
        values = self.values
        return nest(values, self.shape) if isinstance(values, list) else values.tolist()

    def array(self) -> Any:
        """The elements as a writable numpy array of the tensor's shape; numpy must be loaded."""
        values = self.values
        if not isinstance(values, list):
            return values
        numpy = loaded("numpy")
        dtype = object if self.datatype == "BYTES" else NUMERIC[self.datatype][0]
        array = numpy.empty(len(values), dtype)
        array[:] = values
        return array.reshape(self.shape)


def datatype_of(dtype: Any) -> str | None:
    """The protocol's name of a numpy dtype, None when it has none."""
    return "BOOL" if dtype.kind == "b" else _BY_DTYPE.get(f"{dtype.kind}{dtype.itemsize}")


def nest(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Nested lists of `shape` from a flat row-major list."""
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        flat = [flat[at : at + size] for at in range(0, len(flat), size)] if size else [[] for _ in range(shape[0])]
    return flat


def count_of(name: str, shape: list[int]) -> int:
    """The number of elements of a shape; BadRequest unless it is a short list of non-negative integers."""
    if not isinstance(shape, list) or len(shape) > _MAX_RANK:
        raise BadRequest(f"Input '{name}': shape must be a list of at most {_MAX_RANK} integers")
    for size in shape:
        if type(size) is not int or size < 0:
            raise BadRequest(f"Input '{name}': shape {shape} must hold non-negative integers")
    count = _product(shape)
    if count == 0 and _product(size for size in shape if size) > _MAX_EMPTY:
        raise BadRequest(f"Input '{name}': shape {shape} is too large for a tensor without elements")
    return count


def from_json(name: str, datatype: str, shape: list[int], count: int, data: Any) -> Tensor:
    """A tensor from its JSON data, flat or nested as the shape says. BadRequest on any mismatch."""
    if not isinstance(data, list):
        raise BadRequest(f"Input '{name}': data must be an array")
    numpy = loaded("numpy")
    if datatype == "BYTES" or numpy is None:
        flat = _flatten(name, data, shape, count)
        _check_elements(name, datatype, flat)
        return Tensor(name, datatype, tuple(shape), flat)
    try:
        array = numpy.array(data)
    except (ValueError, OverflowError):
        raise BadRequest(f"Input '{name}': the nested lists of data do not have the shape {shape}") from None
    if array.size != count or (array.ndim != 1 and list(array.shape) != shape):
        raise BadRequest(_size_message(name, shape, count, f"data has the shape {list(array.shape)}"))
    return Tensor(name, datatype, tuple(shape), _cast(numpy, name, datatype, array).reshape(shape))


def from_binary(name: str, datatype: str, shape: list[int], count: int, raw: memoryview) -> Tensor:
    """A tensor from little-endian row-major bytes; BYTES elements each follow their length as uint32."""
    if datatype == "BYTES":
        return Tensor(name, datatype, tuple(shape), _split(name, raw, count, shape))
    dtype, code, size = NUMERIC[datatype]
    if len(raw) != count * size:
        raise BadRequest(_size_message(name, shape, count, f"its binary data has {len(raw)} bytes, not {count * size}"))
    numpy = loaded("numpy")
    if numpy is not None:
        # A copy, because models may write into their input and the body need not be aligned.
        return Tensor(name, datatype, tuple(shape), numpy.frombuffer(raw, dtype).reshape(shape).copy())
    return Tensor(name, datatype, tuple(shape), list(struct.unpack(f"<{count}{code}", raw)))


def to_binary(tensor: Tensor) -> bytes:
    """The bytes of a tensor as `from_binary` reads them."""
    values = tensor.values
    if tensor.datatype == "BYTES":
        parts = []
        for item in values:
            raw = item if isinstance(item, bytes) else item.encode("utf-8", "surrogatepass")
            parts += [struct.pack("<I", len(raw)), raw]
        return b"".join(parts)
    dtype, code, _ = NUMERIC[tensor.datatype]
    if isinstance(values, list):
        return struct.pack(f"<{len(values)}{code}", *values)
    return values.astype(dtype, copy=False).tobytes()  # type: ignore[no-any-return]


def _cast(numpy: Any, name: str, datatype: str, array: Any) -> Any:
    kind = array.dtype.kind
    dtype = numpy.dtype(NUMERIC[datatype][0])
    if array.size == 0:
        return array.astype(dtype)
    if kind not in {"f": "fiu", "b": "b"}.get(dtype.kind, "iu"):
        raise BadRequest(f"Input '{name}': data holds elements that are not {datatype}")
    if dtype.kind == "f":
        return array.astype(dtype, copy=False) if dtype.itemsize == 8 else _narrow(numpy, name, array, dtype)
    if dtype.kind != "b" and array.dtype != dtype:
        bounds = numpy.iinfo(dtype)
        if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
            raise BadRequest(f"Input '{name}': a number is outside the range of {datatype}")
    return array.astype(dtype, copy=False)


def _narrow(numpy: Any, name: str, array: Any, dtype: Any) -> Any:
    """To fewer bits; only here a number can overflow, for the parser lets no infinity through."""
    with numpy.errstate(over="ignore"):
        cast = array.astype(dtype)
    if not numpy.isfinite(cast).all():
        raise BadRequest(f"Input '{name}': a number is outside the range of FP{dtype.itemsize * 8}")
    return cast


def _flatten(name: str, data: list[Any], shape: list[int], count: int) -> list[Any]:
    if not data or not isinstance(data[0], list):
        if len(data) != count:
            raise BadRequest(_size_message(name, shape, count, f"data has {len(data)}"))
        return data
    level = data
    for rank, size in enumerate(shape):
        last = rank == len(shape) - 1
        if rank == 0 and len(level) != size:
            raise BadRequest(f"Input '{name}': the nested lists of data do not have the shape {shape}")
        if last:
            break
        if any(not isinstance(item, list) or len(item) != shape[rank + 1] for item in level):
            raise BadRequest(f"Input '{name}': the nested lists of data do not have the shape {shape}")
        level = [element for item in level for element in item]
    return level


def _check_elements(name: str, datatype: str, flat: list[Any]) -> None:
    if datatype == "BYTES":
        good = all(type(item) is str for item in flat)
    elif datatype == "BOOL":
        good = all(type(item) is bool for item in flat)
    elif datatype.startswith("FP"):
        good = all(type(item) in (int, float) for item in flat)
    else:
        good = all(type(item) is int for item in flat)
    if not good:
        raise BadRequest(f"Input '{name}': data holds elements that are not {datatype}")
    if datatype != "BYTES":
        try:
            struct.pack(f"<{len(flat)}{NUMERIC[datatype][1]}", *flat)
        except (struct.error, OverflowError):
            raise BadRequest(f"Input '{name}': a number is outside the range of {datatype}") from None


def _split(name: str, raw: memoryview, count: int, shape: list[int]) -> list[Any]:
    items: list[bytes] = []
    at, end = 0, len(raw)
    while at < end:
        stop = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        if at + 4 > end or stop > end:
            raise BadRequest(f"Input '{name}': its binary data ends inside element {len(items)}")
        items.append(bytes(raw[at + 4 : stop]))
        at = stop
    if len(items) != count:
        raise BadRequest(_size_message(name, shape, count, f"its binary data has {len(items)}"))
    try:
        return [item.decode("utf-8") for item in items]
    except UnicodeDecodeError:
        return items


def _size_message(name: str, shape: list[int], count: int, found: str) -> str:
    return f"Input '{name}': shape {shape} means {count} elements, but {found}"


def _product(sizes: Iterable[int]) -> int:
    """math.prod came with Python 3.8."""
    return functools.reduce(operator.mul, sizes, 1)
