"""Starts the IPython kernel with Slipway's additions; runs in the user's environment (Python 3.7+)."""

from __future__ import annotations

import importlib.util
import json
import os
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

from slipway_train import audit, cell_compiler, installs, operations, tracebacks


class SlipwayKernel(IPythonKernel):  # type: ignore[misc]
    """A kernel that runs a cell under its id and answers Slipway's operations.

    A request carries `user_expressions = {"slipway": JSON of {"op": …}}`, its reply the content key
    `slipway`. This way the operations run no code in the user's namespace and need no message type of their
    own.
    """

    launch: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._compiler = cell_compiler.install(self.shell)
        self._installs: list[dict[str, Any]] = installs.install(self.shell)
        self._examples: list[Any] = []

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Run a cell (`op` = `cell`) or one of `operations.OPERATIONS`."""
        request = json.loads((user_expressions or {})["slipway"])
        if request["op"] != "cell":
            return self._operate(request)
        self._compiler.enter("{}#{}".format(self.launch["notebook"], request["id"]), code)
        del self._installs[:]
        tracebacks.forget()
        with audit.recording():
            reply = await super().do_execute(code, silent, store_history, {}, allow_stdin, **kwargs)
        reply = tracebacks.with_shown_error(reply)
        failed = reply.get("status") == "error"
        if "example" in request["tags"] and not failed:
            self._examples.append(operations.value_of_cell(self.shell, code, request["predict"]))
        error = tracebacks.last_error(self._compiler.name) if failed else None
        reply["slipway"] = {"installs": list(self._installs), "error": error}
        return dict(reply)

    def _operate(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = operations.run(request, self.shell.user_ns, self._examples, self.launch)
        count = self.shell.execution_count - 1
        return {
            "status": "ok",
            "execution_count": count,
            "payload": [],
            "user_expressions": {},
            "slipway": answer,
        }


def start(launch: dict[str, Any]) -> None:
    """Serve until the runner ends the kernel. `launch` is described in kernel.py."""
    os.environ.setdefault("MPLBACKEND", _matplotlib_backend())
    audit.install(launch)
    SlipwayKernel.launch = launch
    app = IPKernelApp.instance(kernel_class=SlipwayKernel)
    # The worker that serves the model has no '' on its path either: what imports here must import there.
    app.ignore_cwd = True
    app.initialize()
    app.kernel.shell.history_manager.enabled = False
    app.start()


def _matplotlib_backend() -> str:
    try:
        found = importlib.util.find_spec("matplotlib_inline")
    except ValueError:
        found = None
    return "Agg" if found is None else "module://matplotlib_inline.backend_inline"
