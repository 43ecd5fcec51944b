"""Turns a cell with IPython syntax into plain Python with the same line numbers, and records what it took out."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field

from .pip_args import Install, parse_installs

# Cell magics whose body is Python of this kernel; the body of every other one is another language or a file.
PYTHON_CELL_MAGICS = frozenset(
    """
        time timeit capture prun memit mprun lprun snakeviz heat scalene pyinstrument wandb mlflow debug
        python python3 pypy line_profile notify skip cache measure_energy tensorboard_time opts output
        """.split()  # noqa: SIM905
)
_CODE_LINE_MAGICS = frozenset(["time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz", "debug"])
_AUTOMAGIC = re.compile(
    r"^(pip3?|conda|mamba|cd|ls|ll|lsmagic|cat|mkdir|rm|rmdir|cp|mv|pwd|man|more|less|tree|clear|who|whos)(\s+[^=\s(\[.,:+*/%].*)?\s*$"
)
_ASSIGN = re.compile(r"^(\s*)([A-Za-z_][\w.,\s\[\]'\"*()]*?)\s*=\s*([!%])(?!=)(.*)$", re.DOTALL)
_HELP = re.compile(r"^\s*(\?{1,2}\s*[\w.*%]+|[%\w.*\[\]'\"()]+\s*\?{1,2})\s*(#.*)?$")


@dataclass
class Magic:
    """`kind` is line, cell, shell, help or automagic; `line` counts from 1 in the cell."""

    kind: str
    name: str
    text: str
    line: int


@dataclass
class Stripped:
    """`source` has as many lines as the cell; lines in `altered` differ, so columns there mean nothing."""

    source: str
    magics: list[Magic] = field(default_factory=list)
    installs: list[tuple[int, Install]] = field(default_factory=list)
    altered: set[int] = field(default_factory=set)
    # A magic such as %run, %pylab or %store puts names into the namespace that no reading can know.
    injects: bool = False


def strip_magics(source: str) -> Stripped:
    """Plain Python of a cell; never raises."""
    result = Stripped(source)
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return result
    if lines[first].lstrip().startswith("%%"):
        lines = _cell_magic(lines, first, result)
    elif parses(source):
        return result
    lines = _without_prompts(_without_indent(lines, result), result)
    result.source = "\n".join(_line_magics(lines, result))
    return result


def parses(source: str) -> bool:
    """Whether this is valid Python as it stands (of the Python that runs this)."""
    return parse_error(source) is None


def parse_error(source: str) -> Exception | None:
    """The error of the parser or None; a NUL byte and too deep nesting are errors too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return error
    return None


def _cell_magic(lines: list[str], first: int, result: Stripped) -> list[str]:
    text = lines[first].strip()
    name, _, arguments = text[2:].partition(" ")
    result.magics.append(
        Magic(
            "shell" if name in ("bash", "sh", "cmd", "!") or text.startswith("%%!") else "cell", name, text, first + 1
        )
    )
    result.altered.add(first + 1)
    body = lines[first + 1 :]
    if name in PYTHON_CELL_MAGICS:
        return [""] * first + [_bound_by_capture(name, arguments)] + body
    if name in ("bash", "sh", "script", "!", "cmd", "system"):
        for offset, line in enumerate(body):
            result.installs.extend((first + 2 + offset, install) for install in parse_installs(line))
    result.injects = result.injects or name in ("bigquery", "sql", "R", "julia", "spark", "cython")
    result.altered.update(range(first + 1, len(lines) + 1))
    return [""] * len(lines)


def _bound_by_capture(name: str, arguments: str) -> str:
    target = arguments.split()[0] if name == "capture" and arguments.split() else ""
    return f"{target} = None" if target.isidentifier() else "pass"


def _without_indent(lines: list[str], result: Stripped) -> list[str]:
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent:
        return lines
    result.altered.update(i + 1 for i, line in enumerate(lines) if line.startswith(indent))
    return [line[len(indent) :] if line.startswith(indent) else line for line in lines]


def _without_prompts(lines: list[str], result: Stripped) -> list[str]:
    prompt = re.compile(r"^\s*(>>>|\.\.\.|In \[\d+\]:) ?")
    first = next((line for line in lines if line.strip()), "")
    if not re.match(r"^\s*(>>> |In \[\d+\]: )", first):
        return lines
    result.altered.update(i + 1 for i, line in enumerate(lines) if prompt.match(line))
    return [prompt.sub("", line, count=1) for line in lines]


def _line_magics(lines: list[str], result: Stripped) -> list[str]:
    out: list[str] = []
    scanner = _Scanner()
    index = 0
    while index < len(lines):
        end = index
        if scanner.at_start:
            while (
                end + 1 < len(lines)
                and lines[end].rstrip().endswith("\\")
                and re.match(r"\s*[!%]|[^=]*=\s*[!%]", lines[index])
            ):
                end += 1
            plain = _plain_line("\n".join(lines[index : end + 1]), index + 1, result)
            if plain is not None:
                out.append(plain)
                out.extend([""] * (end - index))
                result.altered.update(range(index + 1, end + 2))
                index = end + 1
                continue
        scanner.feed(lines[index])
        out.append(lines[index])
        index += 1
    return out


def _plain_line(text: str, number: int, result: Stripped) -> str | None:
    """Python that stands for a magic line, None when the line is plain Python."""
    stripped = text.lstrip()
    indent = text[: len(text) - len(stripped)]
    if stripped.startswith(("!", "%")):
        return indent + _escape(stripped[0], stripped[1:], text.strip(), number, result)
    assigned = _ASSIGN.match(text)
    if assigned and not parses(stripped):
        replaced = _escape(assigned.group(3), assigned.group(4), text.strip(), number, result)
        value = "None" if replaced == "pass" else f"({replaced})"
        return f"{assigned.group(1)}{assigned.group(2)} = {value}"
    if _HELP.match(text) and "?" in text.split("#")[0]:
        result.magics.append(Magic("help", "?", text.strip(), number))
        return indent + "pass"
    if _AUTOMAGIC.match(stripped) and not parses(stripped):
        return indent + _escape("%", stripped, text.strip(), number, result, "automagic")
    if stripped.startswith((",", ";", "/")):
        result.magics.append(Magic("line", stripped[0], text.strip(), number))
        return indent + "pass"
    return None


def _escape(sign: str, rest: str, text: str, number: int, result: Stripped, kind: str = "line") -> str:
    """Record the magic `sign` + `rest`; the Python it holds, or `pass`."""
    command = rest.lstrip("!%").strip()
    name = command.split()[0] if command.split() else ""
    shell = sign == "!" or name in ("sx", "system", "sc", "bash", "sh")
    result.magics.append(Magic("shell" if shell else kind, "!" if shell else name, text, number))
    result.installs.extend((number, install) for install in parse_installs(command))
    result.injects = result.injects or name in (
        "run",
        "pylab",
        "store",
        "load",
        "rerun",
        "recall",
        "macro",
        "edit",
        "reset_selective",
    )
    if name in _CODE_LINE_MAGICS:
        code = re.sub(r"^(?:-[a-zA-Z]+\s*\S*\s+)*", "", command[len(name) :].strip()) or "pass"
        return code if parses(code) and "\n" not in code else "pass"
    return "pass"


class _Scanner:
    """Follows strings and brackets from line to line: a magic may only stand where a statement starts."""

    def __init__(self) -> None:
        self._quote: str | None = None
        self._depth = 0
        self._continued = False

    @property
    def at_start(self) -> bool:
        return self._quote is None and self._depth == 0 and not self._continued

    def feed(self, line: str) -> None:
        index = 0
        while index < len(line):
            index = self._in_string(line, index) if self._quote else self._in_code(line, index)
        if self._quote is not None and len(self._quote) == 1 and not line.endswith("\\"):
            self._quote = None
        self._continued = self._quote is None and line.rstrip().endswith("\\")

    def _in_string(self, line: str, index: int) -> int:
        assert self._quote is not None
        if line[index] == "\\":
            return index + 2
        if line.startswith(self._quote, index):
            length = len(self._quote)
            self._quote = None
            return index + length
        return index + 1

    def _in_code(self, line: str, index: int) -> int:
        char = line[index]
        if char == "#":
            return len(line)
        if char in "\"'":
            self._quote = char * 3 if line.startswith(char * 3, index) else char
            return index + len(self._quote)
        if char in "([{":
            self._depth += 1
        elif char in ")]}":
            self._depth = max(0, self._depth - 1)
        return index + 1
