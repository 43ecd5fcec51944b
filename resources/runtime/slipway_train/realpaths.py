"""Real paths of many files: each folder on the way is asked for once (Python 3.7+)."""

from __future__ import annotations

import os
from typing import Callable


def resolver() -> Callable[[str], str]:
    """A function like `os.path.realpath` that remembers folders; make a new one for each moment in time."""
    folders: dict[str, str] = {}

    def real(path: str) -> str:
        folder, name = os.path.split(path if os.path.isabs(path) else os.path.join(os.getcwd(), path))
        if name in ("", ".", ".."):
            return os.path.realpath(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        found = os.path.join(folders[folder], name)
        return os.path.realpath(found) if os.path.islink(found) else found

    return real
