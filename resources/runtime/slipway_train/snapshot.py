"""Pickles `predict`, `load` and an example into an artifact folder, from inside the kernel (Python 3.7+).

cloudpickle, protocol 5: what the notebook defines goes by value, importable modules by reference. Buffers
over 1 MB go out of band into `buffers/<sha256>` (PEP 574), so that an edited cell leaves most of an
artifact as it was.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import pickle
import platform
import sys
import types
from collections.abc import Iterator
from typing import Any, ClassVar

import cloudpickle

from slipway_train import diagnose, examples, facts, redaction, verify
from slipway_train.failure import Failure
from slipway_train.tracebacks import plain

OUT_OF_BAND = 1_000_000
PROTOCOL = min(5, pickle.HIGHEST_PROTOCOL)


def make(
    request: dict[str, Any], namespace: dict[str, Any], tagged: list[Any], launch: dict[str, Any]
) -> dict[str, Any]:
    """Write the artifact to the existing empty folder `request["directory"]` and predict its example once.

    Returns {"artifact": artifact.json, "findings": [{"code", "module", "file"}]}. Raises Failure:
    PredictMissing, SnapshotFailed (with `variable`), ExampleFailed (with `id` and `line`).
    """
    predict = _callable(namespace, request["predict"])
    load = _load(namespace, request["load"])
    loaded = verify.assigned_by(load)
    directory, callables = request["directory"], ["predict"] + (["load"] if load else [])
    example, buffers = None, []
    for example in examples.find(namespace, tagged, predict):
        with _without(namespace, loaded), _deterministic_ids(launch["notebook"]):
            buffers = _write(
                directory,
                {"predict": predict, "load": load, "example": example.value if example else None},
                request,
            )
        _refuse_secrets(directory, buffers, launch)
        if example is None or verify.predict_once(predict, load, example, launch["notebook"]):
            break
    artifact = {
        "schema": 1,
        "python": "%d.%d" % sys.version_info[:2],
        "platform": "{}-{}".format(
            {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform),
            platform.machine().lower(),
        ),
        "pickle": "snapshot.pkl",
        "buffers": buffers,
        "callables": callables,
        "signature": facts.signature(predict),
        "example": example.describe() if example else None,
        "libraries": facts.libraries(launch),
        "state": facts.state(predict),
        "memoryPeakBytes": facts.peak_memory(),
    }
    return {"artifact": artifact, "findings": facts.foreign_modules(launch, request["roots"])}


def _callable(namespace: dict[str, Any], name: str) -> Any:
    found = namespace.get(name)
    if callable(found):
        return found
    state = (
        f"is a {type(found).__name__}, not a function" if name in namespace else "is not defined after the last cell"
    )
    raise Failure(
        "PredictMissing",
        f"`{name}` {state}. Define a function `{name}` in the notebook; the model answers with it.",
    )


def _load(namespace: dict[str, Any], name: Any) -> Any:
    found = namespace.get(name) if name else None
    return found if callable(found) else None


def _reduce_code(code: types.CodeType) -> Any:
    """Since 3.1.3 cloudpickle forgets the names of files; those of cells are the way from a traceback to its cell."""
    make, arguments, *rest = cloudpickle.CloudPickler.dispatch_table[types.CodeType](code)
    if ".ipynb#" in code.co_filename:
        arguments = tuple(code.co_filename if one == "<dynamic-code>" else one for one in arguments)
    return (make, arguments, *rest)


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    dispatch_table: ClassVar[Any] = collections.ChainMap(
        {types.CodeType: _reduce_code}, cloudpickle.CloudPickler.dispatch_table
    )


def _write(directory: str, value: dict[str, Any], request: dict[str, Any]) -> list[dict[str, Any]]:
    buffers: list[dict[str, Any]] = []

    def keep_in_band(buffer: Any) -> bool:
        view = buffer.raw()
        if view.nbytes <= OUT_OF_BAND:
            return True
        buffers.append(_write_buffer(directory, view))
        return False

    options = {"buffer_callback": keep_in_band} if PROTOCOL >= 5 else {}
    try:
        with open(os.path.join(directory, "snapshot.pkl"), "wb") as file:
            _Pickler(file, protocol=PROTOCOL, **options).dump(value)
    except OSError as error:
        if error.errno is None:
            raise _failure(error, value, request) from error
        raise Failure("WriteFailed", f"The artifact could not be written: {error}.") from error
    except Exception as error:
        raise _failure(error, value, request) from error
    return buffers


def _refuse_secrets(directory: str, buffers: list[dict[str, Any]], launch: dict[str, Any]) -> None:
    secrets = redaction.values(launch.get("secrets", ()))
    for name in ["snapshot.pkl"] + [buffer["file"] for buffer in buffers]:
        found = redaction.first_in(os.path.join(directory, name), secrets)
        if found is not None:
            raise Failure(
                "SnapshotFailed",
                f"predict or load refers to a variable that holds the value of the secret {found}, and secrets are"
                f" never saved. Read os.environ[{found!r}] inside the function instead.",
            )


def _failure(error: Exception, value: dict[str, Any], request: dict[str, Any]) -> Failure:
    names = {"predict": request["predict"], "load": request["load"], "example": "example"}
    path = diagnose.find({names[key]: item for key, item in value.items() if item is not None})
    where = path.text if path else "`{}`".format(request["predict"])
    message = (
        "What {} refers to cannot be saved: {}. {}: {}. Create it inside `load()` (declared `global` there) "
        "or inside `predict`, so that the server makes its own.".format(
            "`{}`".format(request["predict"]), where, type(error).__name__, error
        )
    )
    return Failure(
        "SnapshotFailed",
        message,
        variable=path.variable if path else None,
        path=where,
        traceback=plain(error),
    )


def _write_buffer(directory: str, view: memoryview) -> dict[str, Any]:
    name = f"buffers/{hashlib.sha256(view).hexdigest()}"
    path = os.path.join(directory, name)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(view)
    return {"file": name, "size": view.nbytes}


@contextlib.contextmanager
def _without(namespace: dict[str, Any], names: set[str]) -> Iterator[None]:
    """What `load` assigns stays out of the snapshot: the server gets it from `load`."""
    hidden = {name: namespace.pop(name) for name in sorted(names) if name in namespace}
    try:
        yield
    finally:
        namespace.update(hidden)


@contextlib.contextmanager
def _deterministic_ids(notebook: str) -> Iterator[None]:
    """cloudpickle gives every class of the notebook a random id; a counted one makes the same code the same
    bytes.
    """
    module = sys.modules["cloudpickle.cloudpickle"]
    original, count = module.uuid, iter(range(sys.maxsize))

    class Counted:
        @staticmethod
        def uuid4() -> Any:
            digest = hashlib.sha256(("%s/%d" % (notebook, next(count))).encode()).digest()
            return original.UUID(bytes=digest[:16])

    module.uuid = Counted  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.uuid = original  # type: ignore[attr-defined]
