"""The OpenAPI 3.1 description of a model's server (https://spec.openapis.org/oas/v3.1.0)."""

from __future__ import annotations

from typing import Any

from .model import Model
from .tensors import NUMERIC

_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_ERROR_REF = "#/components/schemas/Error"
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"enum": [*NUMERIC, "BYTES"]},
        "data": {"type": "array", "description": "row-major, flat or nested"},
        "parameters": {"type": "object"},
    },
}


def describe_api(name: str, version: str, model: Model, root: str = "") -> dict[str, Any]:
    """The description, with the model's input example where there is one."""
    base = f"/v2/models/{name}"
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": version, "description": "A model served by Slipway."},
        **({"servers": [{"url": root}]} if root else {}),
        "paths": {
            f"{base}/infer": _post("Predict (Open Inference Protocol v2)", _infer_body(), model.infer_example),
            "/invocations": _post("Predict (MLflow scoring protocol)", _invocation_body(), model.invocation),
            base: _get("Metadata of the model"),
            f"{base}/ready": _get("Whether the model answers"),
            "/v2": _get("Metadata of the server"),
            "/v2/health/live": _get("Whether the server works"),
            "/v2/health/ready": _get("Whether the server takes requests"),
            "/metrics": _get("Counters in the Prometheus text format", "text/plain"),
        },
        "components": {"schemas": {"Error": _ERROR, "Tensor": _TENSOR}},
    }


def _get(summary: str, media: str = "application/json") -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": {"200": {"description": "OK", "content": {media: {}}}}}}


def _post(summary: str, schema: dict[str, Any], example: dict[str, Any] | None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    error = {"description": "error", "content": {"application/json": {"schema": {"$ref": _ERROR_REF}}}}
    answers = {str(status): error for status in (400, 413, 415, 500, 503, 504)}
    good = {"description": "OK", "content": {"application/json": {}}}
    body = {"required": True, "content": {"application/json": content}}
    return {"post": {"summary": summary, "requestBody": body, "responses": {"200": good, **answers}}}


def _infer_body() -> dict[str, Any]:
    tensors = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Tensor"}}
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": tensors,
            "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        },
    }


def _invocation_body() -> dict[str, Any]:
    records = {"type": "array", "items": {"type": "object"}}
    split = {"type": "object", "required": ["data"]}
    forms = {"dataframe_records": records, "dataframe_split": split, "instances": {"type": "array"}, "inputs": {}}
    return {
        "type": "object",
        "properties": {**forms, "params": {"type": "object"}},
        "oneOf": [{"required": [form]} for form in forms],
    }
