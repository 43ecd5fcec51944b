"""bundle.json and the process state it asks for."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError
from ..limits import Limits

# hub -> the variable that names its cache, and those that keep its client off the network
_HUBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "huggingface": ("HF_HUB_CACHE", ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")),
    "torch": ("TORCH_HOME", ()),
    "nltk": ("NLTK_DATA", ()),
}


@dataclass(frozen=True)
class Bundle:
    """A bundle folder. Paths are absolute; `artifact` is None where the entry needs none."""

    root: Path
    entry: dict[str, Any]
    workdir: Path
    sys_path: tuple[Path, ...]
    artifact: Path | None
    env: dict[str, str]
    secrets: tuple[str, ...]
    limits: Limits

    @staticmethod
    def read(root: Path) -> Bundle:
        """Reads root/bundle.json. ModelLoadError ArtifactCorrupt when it is missing or not what it should be."""
        root = root.resolve()
        try:
            given = json.loads((root / "bundle.json").read_text("utf-8"))
            if given["schema"] != 1:
                raise ModelLoadError("EntryUnsupported", f"bundle.json has the schema {given['schema']}, not 1")
            artifact = given.get("artifact")
            return Bundle(
                root,
                dict(given["entry"]),
                root / given.get("workdir", "."),
                tuple(root / path for path in given.get("sysPath", ())),
                root / artifact if artifact else None,
                dict(given.get("env") or {}),
                tuple(given.get("secrets") or ()),
                Limits.of(given.get("limits") or {}),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{root / 'bundle.json'} cannot be read ({error!r}). Deploy again to make the bundle anew"
            raise ModelLoadError("ArtifactCorrupt", message) from error

    def enter(self) -> None:
        """Sets environment, working directory and sys.path of this process. What the environment already has wins.
        ModelLoadError SecretMissing names a secret that is not in the environment."""
        for name, value in self.env.items():
            os.environ.setdefault(name, value)
        self._enter_hubs()
        for name in self.secrets:
            if name not in os.environ:
                message = (
                    f"The secret '{name}' is not set. Give its value with the deploy or remove it from slipway.yaml"
                )
                raise ModelLoadError("SecretMissing", message)
        try:
            os.chdir(self.workdir)
        except OSError as error:
            message = f"The working directory of the bundle cannot be entered: {error}"
            raise ModelLoadError("ArtifactCorrupt", message) from error
        paths = [str(path) for path in self.sys_path]
        sys.path[:] = paths + [path for path in sys.path if path not in paths]

    def _enter_hubs(self) -> None:
        """What the model uses of hubs is in the bundle: their clients look there and nowhere else."""
        if self.artifact is None:
            return
        for hub, (cache, settings) in _HUBS.items():
            folder = self.artifact / "hubs" / hub
            if folder.is_dir():
                os.environ[cache] = str(folder)
                for name in settings:
                    os.environ.setdefault(name, "1")

    def file(self, relative: Any) -> Path:
        """A file or folder of the bundle that the entry names. ArtifactCorrupt when it is not there."""
        path = self.root / str(relative)
        if not path.exists():
            raise ModelLoadError("ArtifactCorrupt", f"The bundle has no '{relative}'. Deploy again to make it anew")
        return path
