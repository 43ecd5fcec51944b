"""From a release and its bundle to the command and the environment of its workers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import OperationError
from .worker import WorkerPlan

Json = dict[str, Any]
_DEFAULT_SECONDS = 60.0
_PASSED = frozenset(
    (  # noqa: SIM905
        "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
        "XDG_CACHE_HOME XDG_RUNTIME_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR "
        "REQUESTS_CA_BUNDLE CUDA_VISIBLE_DEVICES SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE "
        "APPDATA LOCALAPPDATA PROGRAMDATA NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE"
    ).split()
)
"""A model sees the same environment whoever starts it: the system's, not that of an editor's terminal."""
_PASSED_PREFIXES = ("LC_", "OMP_", "MKL_", "OPENBLAS_", "NVIDIA_", "CUDA_HOME", "HF_HOME")


@dataclass(frozen=True)
class Place:
    """What the workers of all releases of a model share: its name and the folders for figures and byte code."""

    model: str
    metrics: Path
    bytecode: Path


def worker_plan(place: Place, version: int, release: Json, secrets: Mapping[str, str]) -> WorkerPlan:
    """How to start workers of a release. Raises BundleMissing, BundleInvalid and SecretMissing."""
    bundle = _read_bundle(str(release.get("bundle")))
    what = ["--bundle", str(release["bundle"]), "--version", str(version)]
    return WorkerPlan(
        version,
        _command(place, release, what),
        _environment(place, bundle, secrets),
        str(release["bundle"]),
        _request_seconds(bundle),
    )


def standby_plan(place: Place, release: Json, secrets: Mapping[str, str]) -> WorkerPlan:
    """How to start a worker whose bundle is not made yet; `release` has its env and secrets instead."""
    environment = _environment(place, release, secrets)
    return WorkerPlan(0, _command(place, release, ["--standby"]), environment, "", _DEFAULT_SECONDS)


def _command(place: Place, release: Json, what: list[str]) -> Callable[[int, int, int], list[str]]:
    def command(replica: int, listen: int, control: int) -> list[str]:
        return [
            *(str(release["python"]), "-u", str(Path(release["runtime"]) / "worker.py"), *what),
            *("--support", str(release["support"]), "--model", place.model, "--replica", str(replica)),
            *("--metrics-dir", str(place.metrics), "--listen-fd", str(listen), "--control-fd", str(control)),
        ]

    return command


def _environment(place: Place, about: Json, secrets: Mapping[str, str]) -> dict[str, str]:
    wanted = [str(secret) for secret in about.get("secrets") or []]
    missing = [secret for secret in wanted if secret not in secrets]
    if missing:
        raise OperationError(
            "SecretMissing",
            f"The model needs {_listed(missing)}, and no value was given. Secrets are not kept on disk: "
            "give the values again, for example with --env-file.",
            names=missing,
        )
    environment = {**_base(), **{str(key): str(value) for key, value in (about.get("env") or {}).items()}}
    environment.update({secret: secrets[secret] for secret in wanted})
    environment.update(PYTHONUNBUFFERED="1", PYTHONNOUSERSITE="1")
    # Byte code outside the bundle and the environment, which never change; without it every start compiles all again.
    environment["PYTHONPYCACHEPREFIX"] = str(place.bytecode)
    return environment


def check_release(release: Any, paths: tuple[str, ...] = ("bundle", "python", "support", "runtime")) -> Json:
    """The release of a request with these paths, or BadRequest."""
    if not isinstance(release, dict):
        raise OperationError("BadRequest", "The request has no release.")
    for key in paths:
        value = release.get(key)
        if not isinstance(value, str) or not Path(value).is_absolute():
            raise OperationError("BadRequest", f"The release's {key} is not an absolute path.")
    return {key: value for key, value in release.items() if key != "version"}


def _read_bundle(folder: str) -> Json:
    path = Path(folder) / "bundle.json"
    try:
        bundle = json.loads(path.read_bytes())
    except OSError as error:
        raise OperationError(
            "BundleMissing",
            f"The release's bundle cannot be read ({path}: {error.strerror}). Deploy the project again.",
        ) from error
    except ValueError as error:
        raise OperationError("BundleInvalid", f"{path} is not JSON ({error}). Deploy the project again.") from error
    if not isinstance(bundle, dict) or bundle.get("schema") != 1:
        raise OperationError("BundleInvalid", f"{path} is not a bundle of schema 1. Deploy the project again.")
    return bundle


def _request_seconds(bundle: Json) -> float:
    seconds = (bundle.get("limits") or {}).get("timeoutSeconds")
    return float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else _DEFAULT_SECONDS


def _base() -> dict[str, str]:
    return {
        key: value
        for key, value in os.environ.items()
        if key.upper() in _PASSED or key.upper().startswith(_PASSED_PREFIXES)
    }


def _listed(names: list[str]) -> str:
    return ("the secret " if len(names) == 1 else "the secrets ") + ", ".join(names)
