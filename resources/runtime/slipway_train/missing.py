"""Recognises that a run failed because a package is not installed, from the chain of its errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_NAME = r"[`'\"]?(?P<name>[A-Za-z][\w.-]*\w)[`'\"]?"
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "OptionalDependencyNotAvailable"})
# What stands after "requires" or "install" in sentences that name no package.
_WORDS = frozenset(
    [
        "the",
        "a",
        "an",
        "it",
        "this",
        "that",
        "these",
        "version",
        "versions",
        "python",
        "at",
        "to",
        "for",
        "using",
        "from",
        "with",
        "via",
        "your",
        "one",
        "more",
        "either",
        "and",
        "or",
        "not",
        "all",
        "any",
        "package",
        "packages",
        "library",
        "libraries",
        "dependencies",
        "module",
        "same",
        "other",
        "following",
    ]
)

# Messages that name a package in words of their own, whatever the type of the error.
_EXACT = (
    # pandas: import_optional_dependency
    r"Missing optional dependency '(?P<name>[\w.-]+)'.*?"
    r"(?:Use pip or conda to install (?P<dist>[\w.-]+?)\.(?:\s|$)|$)",
    r"Pandas requires version '(?P<min>[^']+)' or newer of '(?P<name>[\w.-]+)'",
    r"Unable to find a usable engine; tried using: '(?P<name>\w+)'",
    # pandas.read_html, bs4
    r"(?P<name>lxml|html5lib|openpyxl|xlrd) not found, please install it",
    r"Couldn't find a tree builder with the features you requested: (?P<name>lxml|html5lib)",
    # tqdm.notebook
    r"IProgress not found\. Please update jupyter and (?P<name>ipywidgets)",
    # transformers: requires_backends
    r"requires the (?P<name>[\w.-]+) library but it was not found in your environment",
    # scikit-learn: load_sample_image
    r"The Python Imaging Library \((?P<name>PIL)\) is required",
    # keras.utils.plot_model
    r"You must install (?P<name>pydot)",
)
# Looser wording, believed of import errors only.
_LOOSE = (
    r"pip install (?:-U |--upgrade )?[`'\"]?(?P<name>[A-Za-z][\w.-]*\w)(?P<spec>\[[\w,-]+\])?",
    r"requires (?:the )?(?:optional )?(?:package |library |dependency )?" + _NAME,
    r"[Pp]lease (?:\w+ )?install (?:the )?" + _NAME,
    r"(?:The )?" + _NAME + r"(?: package| library)? is required",
    r"\binstall (?:the )?" + _NAME,
)


@dataclass(frozen=True)
class Missing:
    """`module` as imported or, where the message names only that, as distributed; `distribution` when it is
    named.
    """

    module: str
    distribution: str | None
    optional: bool
    message: str


def find(chain: list[dict[str, Any]]) -> Missing | None:
    """The first error of the chain that says it. A link is {"ename", "evalue", "name", "installed"}."""
    # What pandas or scikit-learn say names the distribution; the import error behind it only the module.
    for link in chain:
        found = _link(link)
        if found is not None:
            return found
    return None


def _link(link: dict[str, Any]) -> Missing | None:
    message = str(link["evalue"])
    for pattern in _EXACT:
        match = re.search(pattern, message, re.DOTALL)
        if match:
            return _from(match, message)
    if link["ename"] not in _IMPORT_ERRORS:
        return None
    match = re.match(r"No module named '?(?P<name>[\w.]+)'?", message)
    if match:
        # A part of an installed package that does not exist is no missing package.
        return None if link.get("installed") else Missing(match.group("name").split(".")[0], None, False, message)
    for pattern in _LOOSE:
        match = re.search(pattern, message)
        if match and match.group("name").lower() not in _WORDS:
            return _from(match, message)
    return None


def _from(match: re.Match[str], message: str) -> Missing:
    groups = match.groupdict()
    name = groups["name"]
    distribution = (groups.get("dist") or name) + (groups.get("spec") or "")
    if groups.get("min"):
        distribution = "{}>={}".format(name, groups["min"])
    return Missing(name.replace("-", "_"), distribution, True, message)
