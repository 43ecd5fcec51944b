"""Entries `asgi` and `wsgi`: an app that the user wrote, mounted under our health and metrics routes."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from ..errors import ModelLoadError, load_error
from ..wsgi import WsgiBridge
from .bundle import Bundle


@dataclass(frozen=True)
class MountedApp:
    """An ASGI app; `lifespan` when it wants the server's lifespan events."""

    app: Any
    lifespan: bool


def load(bundle: Bundle) -> MountedApp:
    """Imports `module:attribute`. A WSGI app is bridged to ASGI in threads."""
    kind, target = bundle.entry["kind"], str(bundle.entry.get("app"))
    module_name, colon, attribute = target.partition(":")
    if not colon or not module_name or not attribute:
        raise ModelLoadError("EntryUnsupported", f"The entry's app must be written module:attribute, not '{target}'")
    try:
        app: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            app = getattr(app, part)
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", f"Importing {target}", error) from error
    if not callable(app):
        raise ModelLoadError("EntryUnsupported", f"{target} is {type(app).__name__}, not an app that can be called")
    if kind == "wsgi":
        return MountedApp(WsgiBridge(app, bundle.limits), lifespan=False)
    return MountedApp(app, lifespan=True)
