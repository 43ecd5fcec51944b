"""Drives a served model with tritonclient: HOST:PORT MODEL EXAMPLE, where EXAMPLE is a body of /invocations as JSON.

Prints the predictions as JSON, in the form that /invocations answers. Ends with a traceback on any surprise.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import triton_to_np_dtype


def main() -> None:
    host, model, example = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    client = triton.InferenceServerClient(host)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(model)
    assert client.get_server_metadata()["extensions"] is not None
    metadata = client.get_model_metadata(model)
    assert metadata["name"] == model and metadata["inputs"] and metadata["outputs"], metadata
    inputs = [tensor(spec, columns_of(example, metadata["inputs"])[spec["name"]]) for spec in metadata["inputs"]]
    result = client.infer(model, inputs, request_id="contract-1")
    response = result.get_response()
    assert response["id"] == "contract-1" and response["model_name"] == model, response
    names = [output["name"] for output in response["outputs"]]
    assert sorted(names) == sorted(spec["name"] for spec in metadata["outputs"]), (names, metadata["outputs"])
    outputs = {name: [plain(value) for value in result.as_numpy(name).tolist()] for name in names}
    print(json.dumps(next(iter(outputs.values())) if len(outputs) == 1 else rows(outputs)))


def columns_of(example: dict[str, Any], specs: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Values for each input: named columns of a table, or everything for the only input."""
    if "dataframe_split" in example:
        table = example["dataframe_split"]
        return {name: [row[at] for row in table["data"]] for at, name in enumerate(table["columns"])}
    if "dataframe_records" in example:
        return {name: [record[name] for record in example["dataframe_records"]] for name in example["dataframe_records"][0]}
    assert len(specs) == 1, specs
    return {specs[0]["name"]: example["inputs"]}


def tensor(spec: dict[str, Any], values: list[Any]) -> triton.InferInput:
    """The values as the tensor that the metadata describes, -1 being any size."""
    if spec["datatype"] == "BYTES":
        array = np.array([str(value).encode() for value in values], dtype=np.object_)
    else:
        array = np.array(values, dtype=triton_to_np_dtype(spec["datatype"]))
    if len(spec["shape"]) == 2 and array.ndim == 1:
        array = array.reshape(-1, 1)
    assert len(spec["shape"]) == array.ndim, (spec, array.shape)
    assert all(want in (-1, have) for want, have in zip(spec["shape"], array.shape)), (spec, array.shape)
    given = triton.InferInput(spec["name"], list(array.shape), spec["datatype"])
    given.set_data_from_numpy(array)
    return given


def plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def rows(outputs: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(outputs, row)) for row in zip(*outputs.values())]


main()
