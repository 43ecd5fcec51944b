"""Entry `snapshot`: `predict` and `load` of a notebook, pickled with protocol 5 and out-of-band buffers."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError, load_error
from ..model import Model
from ..signature import signature_of
from .bundle import Bundle

_STATE = ("model", "state")
_AGAIN = "Deploy with Train Again to make it anew"


def load(bundle: Bundle) -> Model:
    """Unpickles, calls `load()` once and binds what it returns when predict's first parameter asks for it."""
    if bundle.artifact is None:
        raise ModelLoadError("ArtifactCorrupt", f"bundle.json names no artifact. {_AGAIN}")
    description = _describe(bundle.artifact)
    _check_python(description)
    content = _unpickle(bundle.artifact, description)
    predict = content["predict"]
    first = next(iter(inspect.signature(predict).parameters), None)
    state = _run_load(content.get("load"))
    takes_state = state is not None and first in _STATE
    annotations = {
        parameter["name"]: parameter.get("annotation")
        for parameter in (description.get("signature") or {}).get("parameters", ())
    }
    example = content.get("example")
    signature = signature_of(predict, annotations, 1 if takes_state else 0, example)
    call = functools.partial(predict, state) if takes_state else predict
    invocation = (description.get("example") or {}).get("invocation")
    return Model(call, signature, "python", example=example, invocation=invocation)


def _describe(folder: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = json.loads((folder / "artifact.json").read_text("utf-8"))
        if description["schema"] != 1:
            raise ModelLoadError("EntryUnsupported", f"The artifact has the schema {description['schema']}, not 1")
        return description
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError("ArtifactCorrupt", f"artifact.json cannot be read ({error!r}). {_AGAIN}") from error


def _check_python(description: dict[str, Any]) -> None:
    made, here = str(description.get("python")), f"{sys.version_info[0]}.{sys.version_info[1]}"
    if made != here:
        message = f"The artifact was made with Python {made}, this is Python {here}. Deploy with Train Again"
        raise ModelLoadError("PythonMismatch", message)


def _unpickle(folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    try:
        buffers = [_buffer(folder, entry) for entry in description.get("buffers") or ()]
        data = (folder / description["pickle"]).read_bytes()
    except (OSError, KeyError, TypeError) as error:
        raise ModelLoadError("ArtifactCorrupt", f"A part of the artifact is missing: {error}. {_AGAIN}") from error
    try:
        # Python 3.7 has no buffers out of band, neither here nor where the snapshot was made.
        content = pickle.loads(data, buffers=buffers) if buffers else pickle.loads(data)
    except (pickle.UnpicklingError, EOFError) as error:
        raise ModelLoadError("ArtifactCorrupt", f"The snapshot is damaged: {error}. {_AGAIN}") from error
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", "Restoring the snapshot", error) from error
    if not isinstance(content, dict) or not callable(content.get("predict")):
        raise ModelLoadError("ArtifactCorrupt", f"The snapshot holds no function predict. {_AGAIN}")
    return content


def _buffer(folder: Path, entry: dict[str, Any]) -> bytearray:
    path, size = folder / entry["file"], int(entry["size"])
    content = bytearray(size)
    with path.open("rb") as file:
        complete = file.readinto(content) == size and not file.read(1)
    if not complete or hashlib.sha256(content).hexdigest() != path.name:
        raise ModelLoadError("ArtifactCorrupt", f"The artifact's file {entry['file']} is damaged. {_AGAIN}")
    return content


def _run_load(function: Callable[[], Any] | None) -> Any:
    if function is None:
        return None
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", "load()", error) from error
