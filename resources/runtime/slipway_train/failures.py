"""Turns what stops a run into a Failure that says what happened, why, and what to do next."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError

from slipway_train import missing as missing_packages
from slipway_train.failure import Failure
from slipway_train.launch import Kernel
from slipway_train.notebook import Cell, Document

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def of_cell(error: Exception, cell: Cell, reply: dict[str, Any], kernel: Kernel, timeout: float | None) -> Failure:
    """The error that nbclient raised for a cell."""
    place = {"index": cell.index, "id": cell.id}
    if isinstance(error, CellTimeoutError):
        return Failure(
            "Timeout",
            "The cell ran longer than %g seconds and was stopped. Raise the limit or make the cell faster."
            % (timeout or 0),
            **place,
        )
    if not isinstance(error, CellExecutionError):
        return died(kernel, "during the cell", **place)
    details = reply.get("error") or {}
    return Failure(
        "CellFailed",
        _message(error),
        **place,
        line=details.get("line"),
        ename=error.ename,
        evalue=error.evalue,
        traceback=[_ANSI.sub("", line) for line in details.get("traceback") or error.traceback.split("\n")],
        chain=details.get("chain", []),
    )


def of_operation(error: Exception, operation: str, kernel: Kernel) -> Failure:
    """The kernel died, or Slipway's own code in it raised: then the user's namespace made it impossible."""
    if not isinstance(error, CellExecutionError):
        return died(kernel, "while the result was saved" if operation == "snapshot" else "after the last cell")
    lines = _ANSI.sub("", error.traceback).split("\n")
    return Failure(
        "SnapshotFailed",
        f"The result could not be saved: {error.ename}: {error.evalue}.",
        traceback=lines,
    )


def not_started(error: Exception, kernel: Kernel) -> Failure:
    """The kernel never answered."""
    return Failure(
        "KernelDied",
        f"The kernel could not start: {error}. See the traceback for the reason.",
        traceback=kernel.tail() or None,
    )


def died(kernel: Kernel, when: str, **place: Any) -> Failure:
    """The kernel's process ended by itself."""
    status = kernel.exit_status()
    return Failure(
        "KernelDied",
        f"The kernel ended {when}: {_cause(status)}",
        **place,
        exitStatus=status,
        traceback=kernel.tail() or None,
    )


def in_cell(failure: Failure, document: Document) -> Failure:
    """Give a failure of the plan, which knows positions, the cell's index and id."""
    details = dict(failure.details)
    position = details.pop("cell", None)
    if position is not None:
        cell = document.cells[position]
        details.update(index=cell.index, id=cell.id)
    return Failure(**details)


def missing(chain: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Fields of the event `missing` when a package that is not installed explains the errors."""
    found = missing_packages.find(chain)
    return None if found is None else dict(vars(found))


def to_json(value: Any) -> str:
    """Text of artifact.json."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _message(error: CellExecutionError) -> str:
    if error.ename != "StdinNotImplementedError":
        return "The cell raised {}{}. Correct it and deploy again.".format(
            error.ename, f": {error.evalue}" if error.evalue else ""
        )
    if error.evalue.startswith("getpass"):
        return (
            "The cell asks for a password with getpass(), but nobody is at the keyboard during "
            "training. Read it from os.environ and name it under `secrets` in slipway.yaml."
        )
    return (
        "The cell asks for text with input(), but nobody is at the keyboard during training. Assign"
        " the value in a cell tagged `parameters`, or read it from os.environ."
    )


def _cause(status: int | None) -> str:
    if status is None:
        return "the process does not answer any more."
    if status >= 0:
        return "the process left with exit code %d. Remove calls of os._exit() or of programs that end Python." % status
    name = _signal_name(-status)
    if name == "SIGKILL":
        return (
            "it was killed (SIGKILL). Most often the system ran out of memory: use less data, or a "
            "machine with more memory."
        )
    return (
        f"it was stopped by {name}, which native code of a library causes. See the traceback for the"
        " place, and try another version of that library."
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
