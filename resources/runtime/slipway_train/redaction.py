"""Values of secrets, and passwords in addresses, kept out of what an execution leaves behind (Python 3.7+)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Shorter values occur by chance in numbers and words, and hiding them would tell more than it keeps.
SHORTEST = 6

# As src/core/credentials.ts: `%pip install git+https://user:password@host/…` is the usual place.
_WEB_ADDRESS = re.compile(r"""(?i)\b((?:[a-z]+\+)?(?:https?|ftp)://)[^\s/?#"'<>`]*@""")
_SHELL_ADDRESS = re.compile(r"""(?i)\b((?:[a-z]+\+)?ssh://[^\s/?#"'<>`:@]*):[^\s/?#"'<>`]*@""")


def values(names: Iterable[str]) -> dict[str, str]:
    """The secrets that have a value in this process's environment, by name."""
    found = {name: os.environ.get(name, "") for name in names}
    return {name: value for name, value in found.items() if len(value) >= SHORTEST}


def redact(value: Any, secrets: Mapping[str, str]) -> Any:
    """A copy in which every text names the secret instead of showing it, and no address has credentials."""
    if isinstance(value, str):
        for name, secret in secrets.items():
            value = value.replace(secret, f"[secret {name}]")
        return without_credentials(value)
    if isinstance(value, dict):
        return type(value)({key: redact(item, secrets) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return [redact(item, secrets) for item in value]
    return value


def without_credentials(text: str) -> str:
    """A text whose addresses carry no user and password."""
    if "@" not in text or "://" not in text:
        return text
    return _SHELL_ADDRESS.sub(r"\1@", _WEB_ADDRESS.sub(r"\1", text))


def first_in(path: str, secrets: Mapping[str, str]) -> str | None:
    """Name of a secret whose value stands in a file; None when none does."""
    if not secrets:
        return None
    with open(path, "rb") as file:
        content = file.read()
    return next((name for name, secret in secrets.items() if secret.encode() in content), None)
