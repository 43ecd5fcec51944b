"""ONNX files through onnxruntime: inputs and outputs by the names of the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..libraries import needed
from ..model import Model, Spec
from ..signature import Parameter, Signature

_TYPES = {
    "tensor(float)": ("FP32", "f4"),
    "tensor(double)": ("FP64", "f8"),
    "tensor(float16)": ("FP16", "f2"),
    "tensor(int64)": ("INT64", "i8"),
    "tensor(int32)": ("INT32", "i4"),
    "tensor(int16)": ("INT16", "i2"),
    "tensor(int8)": ("INT8", "i1"),
    "tensor(uint64)": ("UINT64", "u8"),
    "tensor(uint32)": ("UINT32", "u4"),
    "tensor(uint16)": ("UINT16", "u2"),
    "tensor(uint8)": ("UINT8", "u1"),
    "tensor(bool)": ("BOOL", "?"),
    "tensor(string)": ("BYTES", "O"),
}


def load(path: Path) -> Model:
    """A session on the CPU, or on what onnxruntime has. Numbers are cast to the graph's element types."""
    runtime = needed("onnxruntime")
    numpy = needed("numpy")
    session = runtime.InferenceSession(str(path), providers=runtime.get_available_providers())
    inputs, answers = session.get_inputs(), [output.name for output in session.get_outputs()]
    dtypes = {given.name: _TYPES.get(given.type, ("BYTES", "O"))[1] for given in inputs}
    run = session.run

    def cast(name: str, value: Any) -> Any:
        return numpy.asarray(value, dtypes[name])

    def answer(feed: dict[str, Any]) -> Any:
        return dict(zip(answers, run(None, feed)))

    if len(inputs) == 1:
        only = inputs[0].name

        def predict(data: Any) -> Any:
            return answer({only: cast(only, data)})
    else:

        def predict(**data: Any) -> Any:  # type: ignore[misc]
            return answer({name: cast(name, value) for name, value in data.items()})

    parameters = tuple(Parameter(given.name, "array") for given in inputs)
    model = Model(predict, Signature(parameters), "onnxruntime_onnx")
    model.inputs = [_spec(given) for given in inputs]
    model.outputs = [_spec(output) for output in session.get_outputs() if output.type in _TYPES]
    return model


def _spec(given: Any) -> Spec:
    datatype = _TYPES.get(given.type, ("BYTES", "O"))[0]
    return Spec(given.name, datatype, tuple(size if isinstance(size, int) else -1 for size in given.shape))
