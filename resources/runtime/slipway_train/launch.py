"""Starts the kernel: `ENVPY kernel.py`, Unix sockets in a private folder (TCP on Windows), a clean
environment.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from slipway_train.client import RunnerKernelClient
from slipway_train.request import Request

# Room for `/k-<number>` within the 104 bytes that macOS allows for a socket's path.
_SOCKET_PATH = 90
# What would make the kernel find other packages than those of its environment.
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__")


class Kernel:
    """One kernel process with its private folder. `close` removes the folder."""

    def __init__(self, request: Request, runtime: Path) -> None:
        self._request = request
        self._runtime = runtime
        self.private = _private_folder(request.connection_dir)
        self._tail = bytearray()
        self._process: Any = None
        self.manager = _Manager(
            argv=[
                request.python,
                str(runtime / "slipway_train" / "kernel.py"),
                "-f",
                "{connection_file}",
                "--launch",
                str(self.private / "launch.json"),
            ],
            connection_file=str(self.private / "c.json"),
            **({} if os.name == "nt" else {"transport": "ipc", "ip": str(self.private / "k")}),
        )

    async def start(self) -> None:
        """Start the process. Raises OSError when Python cannot be executed."""
        request = self._request
        launch = {
            "support": request.support,
            "runtime": str(self._runtime),
            "sysPath": list(request.sys_path),
            "notebook": request.notebook.name,
            "secrets": list(request.secret_names),
        }
        (self.private / "launch.json").write_text(json.dumps(launch), encoding="utf-8")
        reader, writer = os.pipe()
        try:
            await self.manager.start_kernel(
                cwd=str(request.workdir), env=environment(request, self.private), stdout=writer, stderr=writer
            )
        finally:
            os.close(writer)
            threading.Thread(target=self._follow, args=(reader,), daemon=True).start()
        self._process = getattr(self.manager.provisioner, "process", None)

    @property
    def pid(self) -> int | None:
        """Process id, None before the start."""
        return self._process.pid if self._process else None

    def exit_status(self, seconds: float = 2.0) -> int | None:
        """Exit status, negative for a signal; waits a moment for a process that is just ending."""
        if self._process is None:
            return None
        try:
            status: int = self._process.wait(seconds)
        except Exception:  # subprocess.TimeoutExpired, or the process was collected elsewhere
            return None
        return status

    def tail(self) -> list[str]:
        """Last lines that the process wrote outside of cells: crash reports, errors of the start."""
        return bytes(self._tail).decode("utf-8", "replace").splitlines()[-40:]

    def close(self) -> None:
        """Remove sockets and connection file."""
        shutil.rmtree(self.private, ignore_errors=True)

    def _follow(self, reader: int) -> None:
        with os.fdopen(reader, "rb", buffering=0) as pipe:
            for chunk in iter(lambda: pipe.read(65536), b""):
                self._tail += chunk
                del self._tail[:-65536]


class _Manager(AsyncKernelManager):
    """A manager of one given command line instead of an installed kernel spec."""

    def __init__(self, argv: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._spec = KernelSpec(argv=argv, display_name="Slipway", language="python", interrupt_mode="signal")
        self.client_factory = RunnerKernelClient
        self.shutdown_wait_time = 2.0

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command line as a kernel spec."""
        return self._spec


def environment(request: Request, private: Path) -> dict[str, str]:
    """Environment of the kernel: as after `activate`, without the user's IPython profile, hashes of text
    fixed.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    programs = os.path.dirname(os.path.abspath(request.python))
    return {
        **kept,
        "PATH": os.pathsep.join([programs, kept.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": os.path.dirname(programs),
        "IPYTHONDIR": str(private / "ipython"),
        # The order of sets of text decides bytes of the snapshot.
        "PYTHONHASHSEED": "0",
        **request.env,
    }


def _private_folder(wanted: Path) -> Path:
    """A folder of mode 0700: nobody else can reach the sockets in it."""
    wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
    fits = len(os.fsencode(wanted)) < _SOCKET_PATH - 16
    return Path(tempfile.mkdtemp(prefix="k", dir=wanted if fits else None))
