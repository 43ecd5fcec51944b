"""The request: one JSON object on the first line of standard input.

{"notebook", "workdir", "sysPath": [dir], "python", "support", "artifact", "executed", "connectionDir":
absolute paths,
 "secretNames": [name] of variables whose values must stay out of all that is written,
 "mode": "full" | "definitions", "previous": folder of a training whose state may do, or null,
 "entry": {"predict": name, "load": name | null}, "parameters": {name:
 value} | null, "env": {name: text}, "cellTimeoutSeconds": seconds | null}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEFAULTS: Mapping[str, Any] = {
    "mode": "full",
    "entry": {"predict": "predict", "load": "load"},
    "parameters": None,
    "env": {},
    "sysPath": [],
    "secretNames": [],
    "cellTimeoutSeconds": None,
}


@dataclass(frozen=True)
class Request:
    """What to execute, where, and where to put the results."""

    notebook: Path
    workdir: Path
    sys_path: tuple[str, ...]
    python: str
    support: str
    artifact: Path
    executed: Path
    connection_dir: Path
    mode: str
    previous: str | None
    predict: str
    load: str | None
    parameters: Mapping[str, Any]
    env: Mapping[str, str]
    secret_names: tuple[str, ...]
    cell_timeout: float | None

    @property
    def roots(self) -> list[str]:
        """Folders of the project."""
        return [str(self.workdir), *self.sys_path]


def parse(line: bytes) -> Request:
    """Raises ValueError for what is not such a request (a bug of the caller, not of the user)."""
    raw = json.loads(line)
    if not isinstance(raw, dict):
        raise ValueError("The request is not a JSON object.")
    data = {**_DEFAULTS, **{key: value for key, value in raw.items() if value is not None}}
    missing = [
        key
        for key in ("notebook", "workdir", "python", "support", "artifact", "executed", "connectionDir")
        if key not in data
    ]
    if missing or data["mode"] not in ("full", "definitions"):
        raise ValueError(
            "The request lacks {}.".format(", ".join(missing)) if missing else "Unknown mode {!r}.".format(data["mode"])
        )
    return Request(
        notebook=Path(data["notebook"]),
        workdir=Path(data["workdir"]),
        sys_path=tuple(data["sysPath"]),
        python=data["python"],
        support=data["support"],
        artifact=Path(data["artifact"]),
        executed=Path(data["executed"]),
        connection_dir=Path(data["connectionDir"]),
        mode=data["mode"],
        previous=data.get("previous"),
        predict=data["entry"].get("predict") or "predict",
        load=data["entry"].get("load"),
        parameters=data["parameters"] or {},
        env=data["env"],
        secret_names=tuple(data["secretNames"]),
        cell_timeout=data["cellTimeoutSeconds"],
    )
