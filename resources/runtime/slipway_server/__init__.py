"""The model server: an ASGI app over one bundle. Standard library only; the user's libraries are found at run time."""

from __future__ import annotations

from . import below
from .app import ModelApp
from .errors import ModelLoadError
from .key import Key

__all__ = ["Key", "ModelApp", "ModelLoadError", "below"]
