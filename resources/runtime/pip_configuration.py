"""Prints what the files of pip's configuration say: `pip_configuration.py` gives `{"global.index-url": "https://…"}`.

`pip config list` says the same and takes a third of a second for it, which whoever waits for a lock would wait for.
See "Configuration" in pip's documentation: https://pip.pypa.io/en/stable/topics/configuration/. Variables of the
environment (`PIP_…`), which come before all files, are left to the caller.
"""

from __future__ import annotations

import configparser
import json
import locale
import os
import sys
from pathlib import Path

_NAME = "pip.ini" if sys.platform == "win32" else "pip.conf"


def configuration_files() -> list[Path]:
    """The files that pip reads with this interpreter, whether there or not; what a later one says counts."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    users = [] if named is not None and Path(named).exists() else _folders_of_user()
    files = [folder / _NAME for folder in (*_folders_of_machine(), *users, Path(sys.prefix))]
    return files if named is None else [*files, Path(named)]


def settings(files: list[Path]) -> dict[str, str]:
    """Values by `SECTION.NAME`, names as pip's options are spelled. Raises `configparser.Error` for a broken file."""
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        parser.read(file, encoding=locale.getpreferredencoding(False))
        for section in parser.sections():
            for name, value in parser.items(section):
                found[f"{section}.{name.lower().replace('_', '-').removeprefix('--')}"] = value
    return found


def _folders_of_machine() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("PROGRAMDATA", "C:\\ProgramData"), "pip")]
    if sys.platform == "darwin":
        homebrew = [Path("/opt/homebrew/share/pip")] if sys.prefix.startswith("/opt/homebrew") else []
        return [*homebrew, Path("/Library/Application Support/pip")]
    shared = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [*(Path(folder, "pip") for folder in shared.split(os.pathsep)), Path("/etc")]


def _folders_of_user() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [home / "pip", Path(os.environ.get("APPDATA", home), "pip")]
    if sys.platform == "darwin":
        support = home / "Library" / "Application Support" / "pip"
        return [home / ".pip", support if support.is_dir() else home / ".config" / "pip"]
    return [home / ".pip", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "pip")]


if __name__ == "__main__":
    print(json.dumps(settings(configuration_files())))
