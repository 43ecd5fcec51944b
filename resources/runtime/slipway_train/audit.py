"""Notes which files the notebook's code opens and where it connects, by an audit hook (PEP 578, Python 3.8+).

Files that native libraries or other processes open raise no audit event and are not seen.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Callable

from slipway_train import hubs, realpaths

_state = {"recording": False}
_busy = threading.local()
_read: dict[str, None] = {}
_written: dict[str, None] = {}
_names: dict[int, set[str]] = {}
_network: dict[str, None] = {}
_ignored: list[str] = []


def install(launch: dict[str, Any]) -> None:
    """Add the hook; it notes nothing outside of `recording`."""
    system = ["/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/run"]
    libraries = [path for key, path in sysconfig.get_paths().items() if "lib" in key]
    base = [os.path.dirname(os.__file__)]
    own = [
        launch["support"],
        launch["runtime"],
        os.environ.get("IPYTHONDIR", ""),
        os.environ.get("MPLCONFIGDIR", ""),
    ]
    home = [
        os.path.expanduser(path)
        for path in ("~/.cache/matplotlib", "~/.cache/fontconfig", "~/.config/matplotlib", "~/.matplotlib")
    ]
    _ignored.extend(os.path.join(os.path.realpath(path), "") for path in system + libraries + base + own + home if path)
    if sys.version_info >= (3, 8):
        sys.addaudithook(_hook)


@contextlib.contextmanager
def recording() -> Iterator[None]:
    """What happens inside is the user's code."""
    _state["recording"] = True
    try:
        yield
    finally:
        _state["recording"] = False


def inputs(roots: list[str]) -> dict[str, Any]:
    """{"recorded": whether this Python can tell, "files": [{"path", "outside"}], "network": ["host:port"],
    "written": [path]}.

    Paths are absolute and exist; `outside` means under none of `roots`. A file that was written before it
    was read is no input. Modules of the project count as files.
    """
    real = realpaths.resolver()
    inside = tuple(os.path.join(real(root), "") for root in roots)
    modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    local = {path for path in (real(module) for module in modules if module) if path.startswith(inside)}
    files = sorted(path for path in {real(path) for path in _read} | local if not _skip(path))
    written = sorted(
        path for path in {real(path) for path in _written} if not _skip(path) and not _temporary(path, inside)
    )
    return {
        "recorded": sys.version_info >= (3, 8),
        "files": [{"path": path, "outside": not path.startswith(inside)} for path in files],
        "network": sorted(_network),
        "written": written,
    }


def from_hubs() -> list[dict[str, Any]]:
    """What the code used of model hubs; see `hubs.find`."""
    return hubs.find([*_read, *_written])


def _hook(event: str, args: tuple[Any, ...]) -> None:
    handler = _HANDLERS.get(event)
    if handler is None or not _state["recording"] or getattr(_busy, "now", False):
        return
    # What is done here may raise events itself.
    _busy.now = True
    try:
        handler(*args)
    except Exception:
        pass
    finally:
        _busy.now = False


def _on_open(path: Any, mode: Any, flags: Any) -> None:
    if isinstance(path, int) or path is None:
        return
    name = os.path.abspath(os.fsdecode(path))
    if isinstance(mode, str):
        reads, writes = not set("wxa") & set(mode), bool(set("wxa+") & set(mode))
    else:
        access = int(flags or 0) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        reads, writes = access != os.O_WRONLY, access != os.O_RDONLY
    _note(name, reads, writes)


def _on_sqlite(database: Any) -> None:
    name = os.fsdecode(database)
    if name and name != ":memory:" and not name.startswith("file:"):
        existed = os.path.exists(name)
        _note(os.path.abspath(name), existed, not existed)


def _note(name: str, reads: bool, writes: bool) -> None:
    if reads and name not in _written:
        _read[name] = None
    if writes:
        _written[name] = None


def _on_resolve(host: Any, port: Any, *_rest: Any) -> None:
    if host and isinstance(port, int):
        _names.setdefault(port, set()).add(host.decode() if isinstance(host, bytes) else str(host))


def _on_connect(_socket: Any, address: Any) -> None:
    if not isinstance(address, tuple):
        return
    # A client resolves a name, then connects to an address: the name says more.
    for host in _names.get(address[1]) or {address[0]}:
        _network[f"{host}:{address[1]}"] = None


_HANDLERS: dict[str, Callable[..., None]] = {
    "open": _on_open,
    "sqlite3.connect": _on_sqlite,
    "socket.getaddrinfo": _on_resolve,
    "socket.connect": _on_connect,
}


def _skip(path: str) -> bool:
    return path.startswith(tuple(_ignored)) or path.endswith((".pyc", ".pyo")) or not os.path.isfile(path)


def _temporary(path: str, inside: tuple[str, ...]) -> bool:
    return path.startswith(os.path.join(os.path.realpath(tempfile.gettempdir()), "")) and not path.startswith(inside)
