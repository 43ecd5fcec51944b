"""A server that others reach below a path of theirs, which they leave in what they pass on, as an Ingress does."""

from __future__ import annotations

import os
import re
from typing import Any

_VARIABLE = "SLIPWAY_ROOT_PATH"
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


def from_environment() -> str:
    """Such as `/iris`; empty where nothing, or no path, is configured."""
    value = os.environ.get(_VARIABLE, "").rstrip("/")
    return value if _PATH.fullmatch(value) else ""


def without(root: str, scope: Any) -> Any:
    """The scope of a request as if it had come to `/`. What comes to `/` itself, such as a probe, stays as it is."""
    path: str = scope.get("path", "")
    if not root or not (path == root or path.startswith(f"{root}/")):
        return scope
    raw = scope.get("raw_path")
    stripped = {**scope, "path": path[len(root) :] or "/", "root_path": root}
    if raw is not None:
        stripped["raw_path"] = raw[len(root) :] or b"/"
    return stripped
