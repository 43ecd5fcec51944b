"""What a `pip install` or `conda install` command line asks for."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

# Options that take a value in the next argument (pip 25, conda 24).
_PIP_VALUES = frozenset(
    """
        -i --index-url --extra-index-url -f --find-links -t --target --python-version --platform
        --implementation --abi --trusted-host --timeout --retries --root --prefix --src --no-binary
        --only-binary --progress-bar --proxy --cache-dir --log --cert --client-cert --exists-action
        --upgrade-strategy --config-settings -C --report --python --global-option --build --root-user-action
        --use-feature --group
        """.split()  # noqa: SIM905
)
_CONDA_VALUES = frozenset(["-c", "--channel", "-n", "--name", "-p", "--prefix", "--solver", "--repodata-fn"])
_INSTALL = re.compile(
    r"""^(?:sudo\s+)?(?:
        (?P<pip>(?:(?:\{?\$?\{?sys\.executable\}?|"?\{sys\.executable\}"?|\S*python[\d.]*(?:\.exe)?)\s+-m\s+)?
            (?:\S*/)?pip[\d.]*|uv\s+pip)
        |(?P<conda>(?:\S*/)?(?:conda|mamba|micromamba))
    )\s+(?:-{1,2}[\w-]+\s+)*install\b(?P<args>.*)$""",
    re.VERBOSE | re.DOTALL,
)


@dataclass
class Install:
    """One install command: PEP 508 requirements, files and what could not be turned into a requirement."""

    tool: str
    requirements: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    editable: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def parse_installs(command: str) -> list[Install]:
    """Every install command of a shell line, `&&`, `;` and `|` told apart; empty when there is none."""
    joined = re.sub(r"\\\n\s*", " ", command)
    installs = []
    for part in re.split(r"&&|\|\||;(?=\s*(?:\S*pip|conda|python|apt|!|$))|\n|(?<!\|)\|(?!\|)", joined):
        match = _INSTALL.match(part.strip().lstrip("!%").strip())
        if match:
            tool = "conda" if match.group("conda") else "pip"
            installs.append(parse_arguments(_split(match.group("args")), tool))
    return installs


def parse_arguments(arguments: list[str], tool: str = "pip") -> Install:
    """The arguments after `install`."""
    install = Install(tool)
    values = _PIP_VALUES if tool == "pip" else _CONDA_VALUES
    rest = iter(arguments)
    for argument in rest:
        name, _, inline = argument.partition("=")
        if name in ("-r", "--requirement", "--file") or (
            tool == "pip" and argument.startswith("-r") and len(argument) > 2
        ):
            _append(
                install.files,
                inline or (argument[2:] if argument.startswith("-r") and len(argument) > 2 else None),
                rest,
            )
        elif tool == "pip" and name in ("-c", "--constraint"):
            _append(install.constraints, inline or None, rest)
        elif name in ("-e", "--editable"):
            _append(install.editable, inline or None, rest)
        elif argument in values:
            next(rest, None)
        elif not argument.startswith("-"):
            _add(install, argument)
    return install


def _add(install: Install, argument: str) -> None:
    if argument in (">", ">>", "2>&1", "/dev/null") or re.match(r"\d?>", argument):
        return
    if (
        re.search(r"[{}$`]", argument)
        or re.match(r"(?i)(git|hg|svn|bzr)\+|https?://|file:", argument)
        or re.search(r"(?i)[/\\]|\.(whl|zip|tar\.gz|tgz)$", argument)
    ):
        install.other.append(argument)
    elif install.tool == "conda":
        install.requirements.append(argument.split("::")[-1])
    elif re.match(r"^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*((?:[<>=!~]=?|@|;).*)?$", argument):
        install.requirements.append(
            re.sub(r"(?<![=<>!~])=(?!=)", "==", argument, count=1) if _single_equals(argument) else argument
        )
    elif argument != ".":
        install.other.append(argument)
    else:
        install.editable.append(argument)


def _single_equals(argument: str) -> bool:
    return bool(re.match(r"^[\w.\-\[\]]+=[\w.]+$", argument))


def _append(target: list[str], value: str | None, rest: object) -> None:
    found = value if value else next(rest, None)  # type: ignore[call-overload]
    if isinstance(found, str):
        target.append(found)


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        return list(lexer)
    except ValueError:
        return text.split()
