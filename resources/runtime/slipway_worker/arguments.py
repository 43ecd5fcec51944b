"""The worker's command line."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Arguments:
    """What the worker was started with. Secrets are never among it: they come in the environment."""

    bundle: Path | None
    """None: the supervisor names bundle and version later, see `standby`."""
    support: Path
    model: str
    version: str
    replica: int
    metrics_dir: Path | None
    listen_fd: int | None
    host: str
    port: int
    control_fd: int | None


def parse(arguments: list[str]) -> Arguments:
    """Read the command line; on a wrong one prints the usage and exits with 2."""
    parser = argparse.ArgumentParser(prog="worker.py", description="Serves one model.")
    bundle = parser.add_mutually_exclusive_group(required=True)
    bundle.add_argument("--bundle", type=Path, help="folder of the bundle")
    bundle.add_argument("--standby", action="store_true", help="wait until the supervisor names the bundle")
    parser.add_argument("--support", type=Path, required=True, help="folder with uvicorn, behind the user's packages")
    parser.add_argument("--model", required=True, help="the model's name")
    version = os.environ.get("SLIPWAY_VERSION", "1")  # an image does not know its release; whoever starts it does
    parser.add_argument("--version", default=version, help="the release's number")
    parser.add_argument("--replica", type=int, default=0, help="which of the release's workers this is")
    parser.add_argument("--metrics-dir", type=Path, help="folder in which the workers add up their figures")
    parser.add_argument("--listen-fd", type=int, help="descriptor of a bound socket; -1: on standard input (Windows)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on when no descriptor is given")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on when no descriptor is given")
    parser.add_argument("--control-fd", type=int, help="descriptor of the supervisor's channel; -1: on standard input")
    given = vars(parser.parse_args(arguments))
    if given.pop("standby") and given["control_fd"] is None:
        parser.error("--standby needs --control-fd")
    return Arguments(**given)
