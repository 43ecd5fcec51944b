"""Asks a served model everything that must not depend on where it runs: URL MODEL EXAMPLE, the last as JSON.

Prints one JSON object. Standard library only, so that it also runs inside an image.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any


def get(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def wait_until_ready(url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            get(f"{url}/v2/health/ready")
            return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def columns_of(example: Any, names: list[str]) -> dict[str, list[Any]]:
    """Values for each input: named columns of a table, or everything for the only input."""
    if "dataframe_split" in example:
        table = example["dataframe_split"]
        return {name: [row[at] for row in table["data"]] for at, name in enumerate(table["columns"])}
    if "dataframe_records" in example:
        records = example["dataframe_records"]
        return {name: [record[name] for record in records] for name in records[0]}
    return {names[0]: example["inputs"]}


def tensor(spec: dict[str, Any], values: Any) -> dict[str, Any]:
    """The values as the tensor that the metadata describes."""
    shape, inner = [], values
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if len(spec["shape"]) == 2 and len(shape) == 1:
        shape.append(1)
    return {"name": spec["name"], "datatype": spec["datatype"], "shape": shape, "data": values}


def main(url: str, model: str, example: Any) -> None:
    wait_until_ready(url, 60)
    metadata = get(f"{url}/v2/models/{model}")
    columns = columns_of(example, [spec["name"] for spec in metadata["inputs"]])
    inputs = [tensor(spec, columns[spec["name"]]) for spec in metadata["inputs"]]
    answers = {
        "server": get(f"{url}/v2"),
        "metadata": metadata,
        "infer": get(f"{url}/v2/models/{model}/infer", {"id": "1", "inputs": inputs}),
        "invocations": get(f"{url}/invocations", example),
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
