"""Keys and passwords written into code or left in outputs. A value is never part of what is reported."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import AbstractSet, Any  # noqa: UP035

from .syntax import dotted, string

# (what it is, suggested variable, pattern). Formats as their issuers document them.
_PATTERNS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (label, name, re.compile(pattern))
    for label, name, pattern in (
        ("AWS access key id", "AWS_ACCESS_KEY_ID", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("Anthropic key", "ANTHROPIC_API_KEY", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
        ("OpenAI key", "OPENAI_API_KEY", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}"),
        ("GitHub token", "GITHUB_TOKEN", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
        ("GitLab token", "GITLAB_TOKEN", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("Hugging Face token", "HF_TOKEN", r"\bhf_[A-Za-z0-9]{30,}"),
        ("Slack token", "SLACK_TOKEN", r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
        ("Slack webhook", "SLACK_WEBHOOK_URL", r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
        ("Google API key", "GOOGLE_API_KEY", r"\bAIza[0-9A-Za-z_-]{35}"),
        ("Stripe key", "STRIPE_API_KEY", r"\b[sr]k_live_[0-9a-zA-Z]{20,}"),
        ("SendGrid key", "SENDGRID_API_KEY", r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
        ("PyPI token", "PYPI_TOKEN", r"\bpypi-AgEI[A-Za-z0-9_-]{50,}"),
        ("npm token", "NPM_TOKEN", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("Databricks token", "DATABRICKS_TOKEN", r"\bdapi[0-9a-f]{32}\b"),
        ("Azure storage key", "AZURE_STORAGE_KEY", r"AccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
        ("Groq key", "GROQ_API_KEY", r"\bgsk_[A-Za-z0-9]{40,}"),
        ("Replicate token", "REPLICATE_API_TOKEN", r"\br8_[A-Za-z0-9]{37,}"),
        ("JSON web token", "TOKEN", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        ("private key", "PRIVATE_KEY", r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP |ENCRYPTED )?PRIVATE KEY"),
        (
            "password in a URL",
            "CONNECTION_URL",
            r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"{}]+:(?!\*+@|password@|<)[^\s:/@'\"{}]{3,}@[\w.-]+",
        ),
    )
)
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_)(pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|apikey|access_?key|auth_?key|private_?key|credentials?|client_secret)(?:_|$|\d)"
)
_NOT_SECRET_NAME = re.compile(
    r"(?i)(token_?(count|type|len|ids?|limit|izer)|_?tokens?_(col|path|file|name|url)|max_|num_|n_tokens|key_?(col|name|error|point)|pad_token|(bos|eos|unk|sep|cls|mask|start|end|special|oov)_?token|token_pattern|_(path|file|dir|url|name|env|var|column)$)"
)
_PLACEHOLDER = re.compile(
    r"(?i)^(x{3,}.*|\*+|\.{3,}|<.*>|\{.*\}|\[.*\]|your.*|my[_-]?(api|secret|password|token|key).*|change.?me|example.*|placeholder.*|dummy.*|none|null|todo.*|test|password|secret|token|enter.*|insert.*|replace.*|paste.*|.*_here|.*-here|sk-x+|\$.*)$"
)
_ENV_MAGIC = re.compile(r"^\s*%(?:set_)?env\s+(\w+)\s*[= ]\s*(\S.*)$")


def scan_source(source: str, tree: ast.AST | None, altered: AbstractSet[int] = frozenset()) -> list[dict[str, Any]]:
    """Secrets in a cell's own source: `{kind, name, line, column, endColumn, form}`.

    Columns count characters. `form` says what the span is: `literal` (a whole string literal), `env` (a statement that
    sets an environment variable), `text` (anything else, such as a comment or part of a string).
    """
    # Where a magic was taken out, columns of the tree are not those of the cell: such lines are read as text.
    found = [fact for fact in _in_literals(source, tree) if fact["line"] not in altered] if tree is not None else []
    lines = source.split("\n")
    covered = {item["line"] for item in found}
    for number, line in enumerate(lines, 1):
        magic = _ENV_MAGIC.match(line)
        if magic and (_is_secret(magic.group(1), magic.group(2).strip("\"'")) or _known(magic.group(2))):
            found.append(_fact("value", magic.group(1), number, 0, len(line), "env"))
        elif number not in covered:
            known = _known(line)
            if known:
                found.append(_fact(known[0], known[1], number, known[2], known[3], "text"))
    return sorted(found, key=lambda item: (item["line"], item["column"]))


def scan_text(text: str) -> str | None:
    """The kind of the first known key in some text (an output), None when there is none."""
    known = _known(text)
    return known[0] if known else None


def redact(text: str) -> str:
    """Text for people's eyes with known keys and the values of %env taken out."""
    magic = _ENV_MAGIC.match(text)
    if magic:
        return f"%env {magic.group(1)}=…"
    for _, _, pattern in _PATTERNS:
        text = pattern.sub("…", text)
    return re.sub(r"(?i)((?:password|token|api[_-]?key|secret)\s*[=:]\s*)\S+", r"\1…", text)


def _in_literals(source: str, tree: ast.AST) -> Iterator[dict[str, Any]]:
    lines = source.split("\n")
    done = set()
    for name, node, environment in _named_literals(tree):
        value = string(node) or ""
        known = _known(value)
        if known or (name and _is_secret(name, value)):
            done.add(id(node))
            kind = known[0] if known else "password" if re.search(r"(?i)pass|pwd", name) else "value"
            whole = known is None or known[3] - known[2] == len(value)
            yield _span(kind, _variable(name, known), node, lines, environment, whole)
    for part in ast.walk(tree):
        text = string(part)
        known = _known(text) if text and isinstance(part, ast.expr) and id(part) not in done else None
        if text and known and isinstance(part, ast.expr):
            yield _span(known[0], known[1], part, lines, False, known[3] - known[2] == len(text))


def _named_literals(tree: ast.AST) -> Iterator[tuple[str, ast.expr, bool]]:
    """(name, literal, whether it only sets an environment variable)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and string(node.value) is not None:
            target = node.targets[0]
            if isinstance(target, ast.Subscript):
                yield _key(target), node.value, dotted(target.value) == "os.environ"
            else:
                yield (dotted(target) or "").rsplit(".", 1)[-1], node.value, False
        elif isinstance(node, ast.AnnAssign) and node.value is not None and string(node.value) is not None:
            yield dotted(node.target) or "", node.value, False
        elif isinstance(node, ast.Call):
            yield from ((item.arg or "", item.value, False) for item in node.keywords if string(item.value) is not None)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values)
            yield from ((string(k) or "", v, False) for k, v in pairs if k is not None and string(v) is not None)


def _key(target: ast.Subscript) -> str:
    inner: ast.AST = target.slice
    if type(inner).__name__ == "Index":  # Python 3.8
        inner = inner.value  # type: ignore[attr-defined]
    return string(inner) or ""


def _variable(name: str, known: tuple[str, str, int, int] | None) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).strip("_").upper()
    # `key="AKIA…"` says less than the key's own format does.
    generic = words in ("", "KEY", "API_KEY", "TOKEN", "APIKEY", "SECRET", "VALUE")
    return known[1] if known and generic else words or "SECRET"


def _is_secret(name: str, value: str) -> bool:
    if not _SECRET_NAME.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)) or _NOT_SECRET_NAME.search(name):
        return False
    if len(value) < 4 or _PLACEHOLDER.match(value) or re.match(r"^[/~.]|https?://", value) or " " in value.strip():
        return False
    if re.search(r"(?i)pass|pwd", name):
        return True
    return len(value) >= 12 and _entropy(value) >= 3.0


def _entropy(text: str) -> float:
    return -sum(text.count(c) / len(text) * math.log2(text.count(c) / len(text)) for c in set(text))


def _known(text: str) -> tuple[str, str, int, int] | None:
    for label, name, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not re.search(r"(?i)x{6,}|\*{4,}|\.{3}|your|example|placeholder", match.group()) and _varied(
                match.group()
            ):
                return label, name, match.start(), match.end()
    return None


def _varied(text: str) -> bool:
    return len(set(text)) >= 6


def _span(kind: str, name: str, node: ast.expr, lines: list[str], environment: bool, whole: bool) -> dict[str, Any]:
    one_line = node.lineno == node.end_lineno
    line = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
    # ast counts columns in UTF-8 bytes.
    start = len(line.encode()[: node.col_offset].decode(errors="replace"))
    end = len(line.encode()[: node.end_col_offset or 0].decode(errors="replace")) if one_line else len(line)
    form = "env" if environment and one_line else "literal" if one_line and whole else "text"
    return _fact(kind, name, node.lineno, start, end, form)


def _fact(kind: str, name: str, line: int, column: int, end: int, form: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "line": line, "column": column, "endColumn": end, "form": form}
