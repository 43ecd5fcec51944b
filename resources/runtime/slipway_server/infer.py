"""Requests and answers of POST …/infer: Open Inference Protocol v2 with its binary tensor data extension."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from typing import Any, List, Tuple

from .errors import BadRequest, HttpError
from .jsontext import dump, kind_of, parse_object
from .outputs import Named
from .payload import Payload, Tensors
from .tensors import NUMERIC, Tensor, count_of, from_binary, from_json, to_binary

Headers = List[Tuple[bytes, bytes]]
# Ids for requests without one: unique over workers, and far cheaper than random ones.
_RUN = os.urandom(8).hex()
_REQUESTS = itertools.count(1)
_JSON_TYPE = (b"content-type", b"application/json")
_BINARY_TYPE = (b"content-type", b"application/octet-stream")


@dataclass
class InferRequest:
    """A decoded request; `requested` maps output names to whether they are wanted as binary data."""

    id: Any
    payload: Payload
    requested: dict[str, bool] | None
    binary: bool


def decode_request(body: bytes | bytearray, json_size: bytes | None) -> InferRequest:
    """Reads a request; `json_size` is the header inference-header-content-length, None when absent."""
    text, rest = _split(body, json_size)
    request = parse_object(text)
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise BadRequest("The request needs 'inputs': an array with at least one tensor")
    tensors: list[Tensor] = []
    names: set[str] = set()
    at = 0
    for given in inputs:
        tensor, at = _tensor(given, rest, at)
        if tensor.name in names:
            raise BadRequest(f"Input '{tensor.name}' is given twice")
        names.add(tensor.name)
        tensors.append(tensor)
    if at != len(rest):
        raise BadRequest(f"{len(rest) - at} bytes follow the binary data of the last input")
    parameters = _parameters(request)
    binary = parameters.get("binary_data_output") is True
    payload = Payload(Tensors(tensors), parameters, strict=False)
    request_id = request.get("id")
    if request_id is not None and not isinstance(request_id, (str, int)):
        raise BadRequest(f"'id' must be a string, not {kind_of(request_id)}")
    return InferRequest(request_id, payload, _requested(request, binary), binary)


def encode_answer(model: str, version: str, request: InferRequest, outputs: list[Named]) -> tuple[Headers, bytes]:
    """Headers and body of an answer. HttpError 400 for an unknown requested output, 500 for NaN outside binary."""
    described: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for output, binary in _select(outputs, request):
        entry: dict[str, Any] = {"name": output.name, "shape": output.shape, "datatype": output.datatype}
        if binary:
            raw = to_binary(output)
            entry["parameters"] = {"binary_data_size": len(raw)}
            tail.append(raw)
        else:
            if output.content_type:
                entry["parameters"] = {"content_type": output.content_type}
            entry["data"] = _json_data(output)
        described.append(entry)
    request_id = request.id if request.id not in (None, "") else f"{_RUN}-{next(_REQUESTS)}"
    answer = {"model_name": model, "model_version": version, "id": request_id, "outputs": described}
    try:
        text = dump(answer)
    except ValueError:
        names = ", ".join(output.name for output in outputs)
        message = f"The model answered NaN or infinity ({names}), which JSON cannot hold: request binary data instead"
        raise HttpError(500, message) from None
    if not tail:
        return [_JSON_TYPE], text
    headers = [_BINARY_TYPE, (b"inference-header-content-length", str(len(text)).encode())]
    return headers, b"".join([text, *tail])


def example_request(tensors: list[Named]) -> dict[str, Any] | None:
    """A JSON request with these tensors, for documentation; None when JSON cannot hold them."""
    inputs = [{"name": t.name, "shape": list(t.shape), "datatype": t.datatype, "data": t.flat()} for t in tensors]
    try:
        return json.loads(json.dumps({"inputs": inputs}, allow_nan=False))  # type: ignore[no-any-return]
    except (ValueError, TypeError):
        return None


def _split(body: bytes | bytearray, json_size: bytes | None) -> tuple[bytes | bytearray | memoryview, memoryview]:
    if json_size is None:
        return body, memoryview(b"")
    if not json_size.isdigit() or int(json_size) > len(body):
        raise BadRequest("Inference-Header-Content-Length must be the size of the JSON part of the body in bytes")
    view = memoryview(body)
    return view[: int(json_size)], view[int(json_size) :]


def _tensor(given: Any, rest: memoryview, at: int) -> tuple[Tensor, int]:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise BadRequest("Each input must be an object with 'name', 'shape', 'datatype' and 'data'")
    name, datatype = given["name"], given.get("datatype")
    shape: Any = given.get("shape")
    if datatype != "BYTES" and (not isinstance(datatype, str) or datatype not in NUMERIC):
        raise BadRequest(f"Input '{name}': datatype {datatype!r} is not one of {', '.join(NUMERIC)}, BYTES")
    count = count_of(name, shape)
    parameters = _parameters(given)
    if "shared_memory_region" in parameters:
        raise BadRequest(f"Input '{name}': shared memory is not supported, send the data in the request")
    size = parameters.get("binary_data_size")
    if size is None:
        if "data" not in given:
            raise BadRequest(f"Input '{name}' has neither 'data' nor the parameter binary_data_size")
        return from_json(name, datatype, shape, count, given["data"]), at
    if type(size) is not int or size < 0:
        raise BadRequest(f"Input '{name}': binary_data_size must be a non-negative integer")
    if at + size > len(rest):
        raise BadRequest(
            f"Input '{name}': binary_data_size is {size}, but {len(rest) - at} bytes are left in the body. "
            "The header Inference-Header-Content-Length tells where binary data begins"
        )
    return from_binary(name, datatype, shape, count, rest[at : at + size]), at + size


def _parameters(holder: dict[str, Any]) -> dict[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise BadRequest(f"'parameters' must be an object, not {kind_of(parameters)}")
    return parameters


def _requested(request: dict[str, Any], binary: bool) -> dict[str, bool] | None:
    given = request.get("outputs")
    if not given:
        return None
    if not isinstance(given, list):
        raise BadRequest("'outputs' must be an array of objects with 'name'")
    requested: dict[str, bool] = {}
    for output in given:
        if not isinstance(output, dict) or not isinstance(output.get("name"), str):
            raise BadRequest("'outputs' must be an array of objects with 'name'")
        parameters = _parameters(output)
        if "shared_memory_region" in parameters:
            raise BadRequest(f"Output '{output['name']}': shared memory is not supported")
        requested[output["name"]] = parameters.get("binary_data", binary) is True
    return requested


def _select(outputs: list[Named], request: InferRequest) -> list[tuple[Named, bool]]:
    if request.requested is None:
        return [(output, request.binary) for output in outputs]
    by_name = {output.name: output for output in outputs}
    for name in request.requested:
        if name not in by_name:
            raise BadRequest(f"The model has no output '{name}'. It answers: {', '.join(by_name)}")
    return [(by_name[name], binary) for name, binary in request.requested.items()]


def _json_data(output: Named) -> list[Any]:
    flat = output.flat()
    if output.datatype != "BYTES":
        return flat
    try:
        return [item.decode("utf-8") if isinstance(item, bytes) else item for item in flat]
    except UnicodeDecodeError:
        message = f"Output '{output.name}' holds bytes that are not UTF-8: request it as binary data"
        raise HttpError(500, message) from None
