"""Command line of the supervisor: `supervisor.py --home HOME --model NAME`."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from . import platform
from .errors import OperationError
from .folder import FolderLock, answers, model_folder, take_or_find
from .supervisor import run

_START_SECONDS = 20.0


def main(arguments: list[str]) -> int:
    """Make sure that a supervisor for the model is alive; returns when it answers. 0 done, 1 failed."""
    parser = argparse.ArgumentParser(prog="supervisor.py", description="Supervises the workers of one model.")
    parser.add_argument("--home", type=Path, required=True, help="Slipway's home folder")
    parser.add_argument("--model", required=True, help="the model's name")
    parser.add_argument("--foreground", action="store_true", help="do not leave the terminal")
    options = parser.parse_args(arguments)
    try:
        folder = model_folder(options.home, options.model)
        if answers(folder):
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        if options.foreground:
            return _serve(folder, options.model)
        return _detached(folder, options.home.resolve(), options.model)
    except (OperationError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _serve(folder: Path, name: str) -> int:
    lock = take_or_find(folder)
    if lock is not None:
        run(folder, name, lock, lambda: None)
    return 0


def _detached(folder: Path, home: Path, name: str) -> int:
    if platform.WINDOWS:
        return _detached_windows(folder, home, name)
    report = platform.detach(home)
    if report is None:
        os._exit(_daemon(folder, name))
    with os.fdopen(report, "rb") as stream:
        message = stream.read().decode("utf-8", "replace")
    if message == "ok":
        return 0
    print(message or "The supervisor ended before it could be used.", file=sys.stderr)
    return 1


def _daemon(folder: Path, name: str) -> int:
    """In the detached process: descriptor 3 takes one report, `ok` or what is wrong."""

    told: list[str] = []

    def report(message: str) -> None:
        if not told:
            told.append(message)
            os.write(3, message.encode("utf-8", "replace"))
            os.close(3)

    try:
        lock: FolderLock | None = take_or_find(folder)
        if lock is not None:
            run(folder, name, lock, lambda: report("ok"))
        report("ok")
    except (OperationError, OSError) as error:
        report(str(error))
        return 1
    except BaseException:
        report(traceback.format_exc())
        return 1
    return 0


def _detached_windows(folder: Path, home: Path, name: str) -> int:
    platform.launch_windows([sys.argv[0], "--home", str(home), "--model", name, "--foreground"], home)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if answers(folder):
            return 0
        time.sleep(0.05)
    print(f"The supervisor of {name} did not start.", file=sys.stderr)
    return 1
