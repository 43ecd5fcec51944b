"""One run, straight down: read the notebook, start the kernel, execute cell by cell, snapshot, publish the
artifact.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from slipway_train import failures, notebook, processes
from slipway_train.client import CellClient, operation_node
from slipway_train.events import Events
from slipway_train.failure import Failure
from slipway_train.launch import Kernel
from slipway_train.notebook import Cell, Document
from slipway_train.request import Request

DONE, FAILED, CANCELLED = 0, 1, 130


class Run:
    """A run and what it leaves: the executed notebook always, the artifact folder only when everything
    worked.
    """

    def __init__(self, request: Request, runtime: Path, events: Events) -> None:
        self._request = request
        self._events = events
        self._kernel = Kernel(request, runtime)
        self._document: Document | None = None
        self._current: Cell | None = None
        self._channels: Any = None
        self._partial = request.artifact.with_name("%s.partial-%d" % (request.artifact.name, os.getpid()))

    async def execute(self) -> int:
        """The exit status. Emits exactly one of `done` and `failed` last; after `done` the kernel still shuts down."""
        try:
            document = self._document = notebook.read(self._request.notebook, self._request.parameters)
            artifact = await self._train(document)
            self._publish()
        except Failure as failure:
            self._fail(failure)
            return FAILED
        self._events.emit("done", artifact=artifact)
        await self._shut_down()
        return DONE

    def end(self) -> None:
        """End the kernel and its children at once, remove what is unfinished; the executed notebook stays
        valid.
        """
        processes.end_all(self._kernel.pid)
        shutil.rmtree(self._partial, ignore_errors=True)
        self._kernel.close()
        if self._document is not None:
            with contextlib.suppress(Failure):
                self._document.save(self._request.executed, self._events.secrets)

    async def _train(self, document: Document) -> Any:
        cells, operations = await self._start(document)
        self._events.emit("started", cells=sum(cell.index is not None for cell in document.cells))
        codes = await self._codes(document, operations)
        for position, cell in enumerate(document.cells):
            await self._cell(cells, position, cell, codes[position])
            document.save(self._request.executed, self._events.secrets)
        self._current = None
        inputs = await self._operate(operations, {"op": "inputs", "roots": self._request.roots})
        self._events.emit("inputs", **inputs)
        self._partial.mkdir(parents=True)
        answer = await self._operate(operations, self._snapshot_request())
        # Afterwards, since `load` may fetch what no cell did.
        self._events.emit("hubs", **await self._operate(operations, {"op": "hubs"}))
        for finding in answer["findings"]:
            self._events.emit("finding", **finding)
        # What was measured differs from run to run; the artifact must not, so that equal sources make equal releases.
        lasting = {key: value for key, value in answer["artifact"].items() if key != "memoryPeakBytes"}
        (self._partial / "artifact.json").write_text(failures.to_json(lasting), encoding="utf-8")
        return answer["artifact"]

    async def _start(self, document: Document) -> tuple[CellClient, CellClient]:
        options = {"timeout": self._request.cell_timeout, "force_raise_errors": False}
        cells = CellClient(document.node, self._kernel.manager, self._on_stream, **options)
        operations = CellClient(operation_node(), self._kernel.manager, self._on_stream)
        try:
            await self._kernel.start()
            operations.startup_timeout = 120
            cells.kc = operations.kc = await operations.async_start_new_kernel_client()
            self._channels = cells.kc
        except (OSError, RuntimeError) as error:
            raise failures.not_started(error, self._kernel) from error
        return cells, operations

    async def _codes(self, document: Document, operations: CellClient) -> list[str | None]:
        """Per cell the text to execute; None for a cell that is left out."""
        full = [cell.node.source if cell.runs else None for cell in document.cells]
        if self._request.mode == "full" and self._request.previous is None:
            return full
        sources = [
            {
                "source": cell.node.source if cell.runs else "",
                "tags": cell.tags,
                "number": None if cell.index is None else cell.index + 1,
            }
            for cell in document.cells
        ]
        request = {
            "op": "plan" if self._request.mode == "definitions" else "resume",
            "cells": sources,
            "predict": self._request.predict,
            "load": self._request.load,
            "previous": self._request.previous,
        }
        try:
            answer = await self._operate(operations, request)
        except Failure as failure:
            raise failures.in_cell(failure, document) from failure
        if request["op"] == "resume":
            self._events.emit("resumed", why=answer["why"])
        codes: list[str | None] | None = answer["cells"]
        return full if codes is None else codes

    async def _cell(self, client: CellClient, position: int, cell: Cell, code: str | None) -> None:
        self._current = cell
        if code is None:
            self._tell(cell, "skipped")
            return
        self._tell(
            cell,
            "running",
            firstLine=next((line for line in cell.node.source.split("\n") if line.strip()), ""),
        )
        began = time.monotonic()
        try:
            reply = await client.run_cell(
                cell.node,
                position,
                {"op": "cell", "id": cell.id, "tags": cell.tags, "predict": self._request.predict},
                code,
            )
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            self._tell_installs(cell, client.reply)
            self._tell(cell, "failed", ms=_milliseconds(began))
            raise failures.of_cell(error, cell, client.reply, self._kernel, self._request.cell_timeout) from error
        self._tell_installs(cell, reply)
        self._tell(cell, "done", ms=_milliseconds(began))

    async def _operate(self, client: CellClient, request: dict[str, Any]) -> Any:
        try:
            answer = await client.run_cell(client.nb.cells[0], 0, request)
        except (CellExecutionError, DeadKernelError) as error:
            raise failures.of_operation(error, request["op"], self._kernel) from error
        if "failure" in answer:
            raise Failure(**answer["failure"])
        return answer["result"]

    def _snapshot_request(self) -> dict[str, Any]:
        request = self._request
        return {
            "op": "snapshot",
            "directory": str(self._partial),
            "predict": request.predict,
            "load": request.load,
            "roots": request.roots,
        }

    async def _shut_down(self) -> None:
        """Let the kernel run the notebook's atexit handlers; `end` ends what is left."""
        with contextlib.suppress(RuntimeError, OSError):
            await self._kernel.manager.shutdown_kernel()
        if self._channels is not None:
            self._channels.stop_channels()

    def _publish(self) -> None:
        """The finished folder takes its place in one step; an older artifact is replaced."""
        artifact, old = self._request.artifact, self._partial.with_suffix(".old")
        try:
            if artifact.exists():
                os.replace(artifact, old)
            os.replace(self._partial, artifact)
        except OSError as error:
            raise Failure(
                "WriteFailed",
                f"The artifact could not be put to {artifact}: {error.strerror or error}.",
            ) from error
        shutil.rmtree(old, ignore_errors=True)

    def _fail(self, failure: Failure) -> None:
        details = dict(failure.details)
        missing = failures.missing(details.pop("chain", []))
        if missing is not None:
            self._events.emit("missing", **missing)
        if details.get("index") is None and self._document is not None:
            details["index"] = next((cell.index for cell in self._document.cells if cell.id == details.get("id")), None)
        self._events.emit("failed", **details)

    def _tell(self, cell: Cell, state: str, **fields: Any) -> None:
        if cell.index is not None:
            self._events.emit("cell", index=cell.index, id=cell.id, state=state, **fields)

    def _tell_installs(self, cell: Cell, reply: dict[str, Any]) -> None:
        for entry in reply.get("installs", []):
            self._events.emit("pip", index=cell.index, **entry)

    def _on_stream(self, stream: str, text: str) -> None:
        self._events.emit("output", index=self._current.index if self._current else None, stream=stream, text=text)


async def run(request: Request, runtime: Path, events: Events, cancelled: asyncio.Event) -> int:
    """Execute until done or cancelled; nothing of the run is alive or half written afterwards."""
    current = Run(request, runtime, events)
    work = asyncio.ensure_future(current.execute())
    stop = asyncio.ensure_future(cancelled.wait())
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        return CANCELLED if cancelled.is_set() and not work.done() else work.result()
    finally:
        current.end()


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
