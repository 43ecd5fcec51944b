"""A worker that is started before its bundle exists, and the modules that it may import meanwhile.

While a notebook trains, the supervisor starts the next worker and has it import what the running release's snapshot
names. The worker takes the new bundle over only when the new snapshot names all of these modules too and the project
hides none of them: then it is in the state that a fresh start would have reached.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

from .arguments import Arguments
from .control import ControlChannel

_LARGEST = 256 * 1024 * 1024
"""Bytes of a snapshot that is searched for names."""


class Unsuited(Exception):  # noqa: N818 (no error, a finding)
    """The bundle needs a fresh worker. The message says why, for whoever debugs it."""


def wait(options: Arguments, channel: ControlChannel) -> Arguments:
    """Import what the supervisor asks for, then wait for the bundle. Raises Unsuited when it needs a fresh worker."""
    _import(["slipway_server"])  # as every worker does before it reads its bundle
    before = set(sys.modules)
    _import(["uvicorn"])
    wanted: list[str] = []
    while True:
        order = channel.next()
        if order.get("op") == "import":
            # Libraries may read settings beside the notebook when they are imported, as matplotlib does.
            os.chdir(order["workdir"])
            wanted += order["modules"]
            _import(wanted)
        elif order.get("op") == "load":
            bundle = Path(order["bundle"])
            _check(bundle, wanted, {name.split(".")[0] for name in sys.modules if name not in before})
            return replace(options, bundle=bundle, version=str(order["version"]), replica=int(order["replica"]))


def named_modules(bundle: Path) -> list[str]:
    """Installed modules that are loaded and that the bundle's snapshot names, in the order of their import."""
    snapshot = _snapshot(bundle, _about(bundle))
    if snapshot is None:
        return []
    installed = tuple({sysconfig.get_paths()[key] for key in ("purelib", "platlib")})
    return [
        name
        for name, module in list(sys.modules.items())
        if (getattr(module, "__file__", None) or "").startswith(installed) and _names(snapshot, name)
    ]


def _import(modules: list[str]) -> None:
    for name in modules:
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise Unsuited(f"{name} cannot be imported: {error}") from error


def _check(bundle: Path, wanted: list[str], loaded: set[str]) -> None:
    """Raise Unsuited when a fresh worker would not load a module, or another one of that name."""
    about = _about(bundle)
    snapshot = _snapshot(bundle, about)
    if wanted and (bundle / str(about.get("artifact")) / "hubs").is_dir():
        raise Unsuited("clients of hubs decide where to look when they are imported")
    for name in wanted:
        if snapshot is None or not _names(snapshot, name):
            raise Unsuited(f"the snapshot does not name {name}")
    for folder in (bundle / path for path in about.get("sysPath", ())):
        for name in loaded:
            if (folder / name).exists() or (folder / f"{name}.py").exists():
                raise Unsuited(f"the project has a module {name} of its own")


def _names(snapshot: bytes, module: str) -> bool:
    """Whether the text occurs as the pickle opcode SHORT_BINUNICODE, which protocol 4 and newer write for names."""
    text = module.encode()
    return len(text) < 256 and b"\x8c" + bytes([len(text)]) + text in snapshot


def _about(bundle: Path) -> dict[str, Any]:
    """bundle.json; empty when it cannot be read, which loading will tell better."""
    try:
        about: dict[str, Any] = json.loads((bundle / "bundle.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return about


def _snapshot(bundle: Path, about: dict[str, Any]) -> bytes | None:
    """None for a bundle without a snapshot, and for one that is too large to be searched or cannot be read."""
    try:
        artifact = bundle / str(about["artifact"])
        snapshot = artifact / json.loads((artifact / "artifact.json").read_text("utf-8"))["pickle"]
        return snapshot.read_bytes() if snapshot.stat().st_size <= _LARGEST else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
