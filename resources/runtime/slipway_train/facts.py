"""What the artifact says about itself: signature, libraries, memory, modules from elsewhere (Python 3.7+)."""

from __future__ import annotations

import dis
import inspect
import os
import re
import site
import sys
import sysconfig
import types
import typing
from collections.abc import Iterator
from typing import Any

from slipway_train import realpaths

try:
    from importlib import metadata
except ImportError:  # Python 3.7: the backport comes with the support directory
    import importlib_metadata as metadata  # type: ignore[import-not-found,no-redef]


def state(predict: Any) -> list[str]:
    """Globals that predict and the functions that it stands on refer to: cloudpickle keeps their values with it."""
    found: set[str] = set()
    pending = [predict] if isinstance(predict, types.FunctionType) else []
    while pending:
        function = pending.pop()
        names = {name for name in _globals_in(function.__code__) if name in function.__globals__} - found
        found |= names
        values = [function.__globals__[name] for name in names]
        pending += [one for one in values if isinstance(one, types.FunctionType) and _shares(one, predict)]
    return sorted(found)


def _globals_in(code: types.CodeType) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname.endswith("_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals_in(constant)
    return names


def _shares(one: types.FunctionType, other: types.FunctionType) -> bool:
    return one.__globals__ is other.__globals__


def signature(function: Any) -> dict[str, Any]:
    """{"parameters": [{"name", "annotation", "required"}], "returns"}; *args and **kwargs are left out."""
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return {"parameters": [], "returns": None}
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # an annotation may be any expression of the user's
        hints = {}
    parameters = [
        {
            "name": name,
            "annotation": _annotation(hints.get(name, parameter.annotation)),
            "required": parameter.default is parameter.empty,
        }
        for name, parameter in found.parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return {"parameters": parameters, "returns": _annotation(hints.get("return", found.return_annotation))}


def libraries(launch: dict[str, Any]) -> dict[str, str]:
    """Versions of the user's distributions of which a module is loaded."""
    path = [entry for entry in sys.path if entry not in (launch["support"], launch["runtime"])]
    below = tuple(os.path.join(entry, "") for entry in path)
    loaded = {
        name.split(".")[0] for name, module in list(sys.modules.items()) if (_file(module) or "").startswith(below)
    }
    found: dict[str, str] = {}
    for distribution in metadata.distributions(path=path):
        name = distribution.metadata["Name"]
        if name and loaded.intersection(_modules(distribution)):
            found.setdefault(name, distribution.version)
    return dict(sorted(found.items(), key=lambda item: str(item[0]).lower()))


def foreign_modules(launch: dict[str, Any], roots: list[str]) -> list[dict[str, str]]:
    """Loaded modules whose file is neither in the project nor installed: the server will not have them."""
    known = [*roots, launch["support"], launch["runtime"], *_installed_places()]
    real = realpaths.resolver()
    places = tuple(os.path.join(real(place), "") for place in known if place)
    found = []
    for name, module in sorted(list(sys.modules.items()), key=lambda item: item[0]):
        file = _file(module)
        if (
            file
            and name != "__main__"
            and not os.path.abspath(file).startswith(places)
            and not real(file).startswith(places)
        ):
            found.append({"code": "ModuleOutsideProject", "module": name, "file": real(file)})
    return found


def peak_memory() -> int | None:
    """Most memory this process has used, in bytes; None where the system does not tell.

    Linux: VmHWM, because ru_maxrss also counts what the parent used before it started this process.
    """
    try:
        with open("/proc/self/status") as status:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        if found:
            return int(found.group(1)) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _annotation(value: Any) -> str | None:
    if value is inspect.Parameter.empty:
        return None
    if isinstance(value, str):
        return value
    if value is None or value is type(None):
        return "None"
    if isinstance(value, type) and not getattr(value, "__args__", None):
        return value.__qualname__ if value.__module__ == "builtins" else f"{value.__module__}.{value.__qualname__}"
    return str(value)


def _modules(distribution: Any) -> Iterator[str]:
    top = distribution.read_text("top_level.txt")
    if top:
        yield from top.split()
        return
    # The lines of RECORD begin with the file's path (Recording installed projects, packaging.python.org); `files` makes
    # an object of each.
    record = distribution.read_text("RECORD")
    files = record.splitlines() if record else map(str, distribution.files or ())
    yield from {re.split(r"[/.]", file, maxsplit=1)[0] for file in files}


def _file(module: Any) -> str | None:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        # A namespace package has folders instead of a file.
        folders: tuple[Any, ...] = tuple(getattr(module, "__path__", ()) or ())
        file = os.path.join(folders[0], "") if folders and isinstance(folders[0], str) else None
    return file


def _installed_places() -> Iterator[str]:
    for key, place in sysconfig.get_paths().items():
        if "lib" in key:
            yield place
    yield os.path.dirname(os.__file__)
    yield from site.getsitepackages() if hasattr(site, "getsitepackages") else ()
    yield site.getusersitepackages() if site.ENABLE_USER_SITE and hasattr(site, "getusersitepackages") else ""
