"""nbclient and jupyter_client, adapted: a request says which cell it is, output is told as it comes."""

# nbformat carries no annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Callable

import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient import NotebookClient

# A notebook with more printed text in one cell than this can hardly be opened.
STREAM_LIMIT = 4_000_000


class RunnerKernelClient(AsyncKernelClient):
    """Adds the member `slipway` to every execution (see kernel_main). `code` replaces the cell's text when
    set.
    """

    slipway: Mapping[str, Any] = MappingProxyType({})
    code: str | None = None

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        *_args: Any,
        stop_on_error: bool = True,
        **_kwargs: Any,
    ) -> str:
        """Send an execute request, return its id; the kernel may not ask for input."""
        message: str = super().execute(
            code if self.code is None else self.code,
            silent=silent,
            store_history=store_history,
            user_expressions={"slipway": json.dumps(dict(self.slipway))},
            allow_stdin=False,
            stop_on_error=stop_on_error,
        )
        return message


class CellClient(NotebookClient):
    """Executes cells on a kernel that somebody else started and ends."""

    def __init__(self, node: Any, manager: Any, on_stream: Callable[[str, str], None], **options: Any) -> None:
        super().__init__(node, km=manager, iopub_timeout=30, coalesce_streams=True, **options)
        self._on_stream = on_stream
        self._printed = 0
        self.reply: dict[str, Any] = {}
        self.on_cell_executed = self._keep_reply

    async def run_cell(
        self, node: Any, position: int, request: dict[str, Any], code: str | None = None
    ) -> dict[str, Any]:
        """Execute one cell, return the kernel's `slipway` answer. Raises as
        NotebookClient.async_execute_cell.
        """
        self._printed = 0
        self.reply = {}
        assert isinstance(self.kc, RunnerKernelClient)
        self.kc.slipway, self.kc.code = request, code
        await self.async_execute_cell(node, position)
        return self.reply

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Handle one output; printed text is told at once, and kept up to STREAM_LIMIT characters a cell."""
        if msg["msg_type"] == "stream" and not self._room_for(msg["content"]):
            return None
        return super().process_message(msg, cell, cell_index)

    def _room_for(self, content: dict[str, Any]) -> bool:
        before, self._printed = self._printed, self._printed + len(content["text"])
        if before > STREAM_LIMIT:
            return False
        if self._printed > STREAM_LIMIT:
            content["text"] += "\n[Slipway: the rest of the output is left out]\n"
        self._on_stream(content["name"], content["text"])
        return True

    def _keep_reply(self, execute_reply: dict[str, Any], **_kwargs: Any) -> None:
        self.reply = execute_reply["content"].get("slipway") or {}


def operation_node() -> Any:
    """A notebook of one cell that carries Slipway's own operations; its text is never executed."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass")])
