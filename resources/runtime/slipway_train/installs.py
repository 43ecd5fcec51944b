"""Records `%pip install`, `!pip install`, `%conda` and their like instead of executing them.

The environment comes from the lock; a command that changes it while training would make the run depend on
what the index answers that day. Commands are caught where IPython executes them, after its own parsing:
variables are filled in, continued lines joined, and `for p in names: !pip install {p}` is seen once per
name. Other commands run as written.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Callable

import ipykernel.zmqshell
import IPython.core.interactiveshell
from slipway_inspect.pip_args import parse_installs

_OTHER_CHANGES = re.compile(
    r"(?:^|[\s/;&|])(?:pip[\d.]*|conda|mamba|micromamba|uv\s+pip)\s+(?:-\S+\s+)*"
    r"(?:uninstall|remove|update|upgrade|create|env\s+(?:create|update)|sync)\b"
)
_MANAGERS = ("pip", "conda", "mamba", "micromamba", "uv")
_SCRIPTS = ("bash", "sh", "script", "cmd", "!", "sx", "system")


def install(shell: Any) -> list[dict[str, Any]]:
    """Catch such commands in this shell. Returns the list that they are appended to.

    One entry per requirement: {"requirement": str | None, "line": str}; None where a command names none (a
    file, a URL, an uninstall).
    """
    found: list[dict[str, Any]] = []
    recorder = functools.partial(_record, found)
    _guard(ipykernel.zmqshell, "system", recorder, 0)
    _guard(IPython.core.interactiveshell, "getoutput", recorder, "")
    magics = shell.magics_manager.magics
    for name in _MANAGERS:
        magics["line"][name] = _manager(name, _loaded(magics["line"].get(name)), recorder)
    for name in _SCRIPTS:
        if name in magics["cell"]:
            magics["cell"][name] = _script(_loaded(magics["cell"][name]), recorder)
    return found


def _loaded(magic: Any) -> Any:
    """IPython 9 puts stand-ins into the table that look the magic up there when called: they would find
    ours.
    """
    resolve = getattr(magic, "_resolve", None)
    return magic if resolve is None else resolve()


def _record(found: list[dict[str, Any]], command: str) -> bool:
    """Whether the command changes the environment; if so it is noted."""
    line = command.strip()
    parsed = parse_installs(line)
    if not parsed and not _OTHER_CHANGES.search(line):
        return False
    names = [name for entry in parsed for name in entry.requirements]
    found.extend({"requirement": name, "line": line} for name in names)
    if not names:
        found.append({"requirement": None, "line": line})
    print(f"Slipway: not executed, the environment comes from the lock: {line}")
    return True


def _guard(module: Any, name: str, recorder: Callable[[str], bool], answer: object) -> None:
    original = getattr(module, name)

    @functools.wraps(original)
    def guarded(command: str, *args: Any, **kwargs: Any) -> Any:
        return answer if recorder(command) else original(command, *args, **kwargs)

    setattr(module, name, guarded)


def _manager(name: str, original: Any, recorder: Callable[[str], bool]) -> Callable[[str], Any]:
    def magic(line: str) -> Any:
        if recorder(f"{name} {line}"):
            return None
        if original is None:
            raise ValueError(f"The magic %{name} does not exist in this environment.")
        return original(line)

    return magic


def _script(original: Any, recorder: Callable[[str], bool]) -> Callable[[str, str], Any]:
    @functools.wraps(original)
    def magic(line: str, cell: str) -> Any:
        commands = re.sub(r"\\\n", " ", cell).split("\n")
        # `:` keeps `if` and `for` blocks of the shell valid.
        kept = [":" if recorder(command) else command for command in commands]
        return original(line, "\n".join(kept))

    return magic
