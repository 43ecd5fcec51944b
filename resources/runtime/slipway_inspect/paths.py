"""File paths in code: which files it reads and writes, and which paths exist on one machine only."""

# os.path, not pathlib: paths are text here from request to answer, and the start is twice as fast.
# ruff: noqa: PTH117

from __future__ import annotations

import ast
import os
import re
from typing import Any

from .syntax import Aliases, dotted, keywords, string

# Functions whose first argument (or keyword) is a file they read. Last part of the dotted name, or the whole of it.
_READERS = frozenset(
    """
        read_csv read_table read_excel read_json read_parquet read_feather read_hdf read_pickle read_orc
        read_stata read_sas read_spss read_fwf read_xml read_html read_file scan_csv scan_parquet loadtxt
        genfromtxt fromfile imread imread_collection load_model load_weights load_image load_img read_image
        read_text read_bytes load_workbook load_npz loadmat memmap open_dataset from_file InferenceSession
        load_file from_disk load_state_dict_from_path read_gpickle read_graphml read_edgelist VideoCapture
        TextLoader CSVLoader PyPDFLoader load_dotenv
        """.split()  # noqa: SIM905
)
_READER_NAMES = frozenset(
    """
        open io.open codecs.open gzip.open bz2.open lzma.open zipfile.ZipFile tarfile.open PIL.Image.open
        Image.open h5py.File numpy.load joblib.load torch.load torch.jit.load pickle.load librosa.load
        soundfile.read onnx.load sqlite3.connect numpy.loadtxt xgboost.Booster lightgbm.Booster cv2.imread
        skops.io.load dill.load cloudpickle.load yaml.safe_load wave.open fitz.open os.listdir os.scandir
        os.walk glob.glob keras.models.load_model
        """.split()  # noqa: SIM905
)
_WRITERS = frozenset(
    """
        to_csv to_parquet to_excel to_json to_pickle to_feather to_hdf savefig save save_model save_weights
        save_pretrained savetxt savez savez_compressed imwrite imsave write_text write_bytes dump save_file
        mkdir makedirs write_html write_image to_disk save_to_disk urlretrieve extractall export_graphviz
        """.split()  # noqa: SIM905
)
_PATH_KEYWORDS = ("filepath_or_buffer", "file", "filename", "path", "io", "fname", "filepath", "model_file")
_LOOKS_LIKE_FILE = re.compile(r"^[^\s:*?\"<>|{}\n\r\x00-\x1f]([^:*?\"<>|{}\n\r\x00-\x1f]{0,250})\.[A-Za-z0-9]{1,10}$")
_FOREIGN = (
    ("url", re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)),
    ("colab", re.compile(r"^/content(/|$)")),
    ("kaggle", re.compile(r"^(/kaggle/|\.\./input/)")),
    ("windows", re.compile(r"^([A-Za-z]:[\\/]|\\\\[\w.$-]+\\)")),
    ("home", re.compile(r"^~[\w.-]*(/|$)")),
    (
        "absolute",
        re.compile(
            r"^/(home|Users|root|mnt|media|data|datasets?|tmp|var|opt|srv|scratch|work|workspace|usr|etc|Volumes|dbfs|workspaces|mount|nfs|storage|projects?|s3|gpfs|lustre)(/|$)"
        ),
    ),
)


def kind_of(path: str) -> str:
    """url, colab, kaggle, windows, home, absolute or relative."""
    for kind, pattern in _FOREIGN:
        if pattern.match(path):
            return kind
    return "absolute" if os.path.isabs(path) and _LOOKS_LIKE_FILE.match(path) and path.count("/") > 1 else "relative"


class PathFinder:
    """Collects paths over the cells of one notebook or the body of one module; constants are carried along."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._constants: dict[str, str] = {}
        self.found: list[dict[str, Any]] = []
        self.sys_path: list[dict[str, Any]] = []

    def scan(self, tree: ast.Module, cell: str | None) -> None:
        """Facts `{path, kind, mode, cell, line, column, endColumn}`; columns only for a plain literal, else None."""
        self._learn_constants(tree)
        used: dict[tuple[int, int], str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._call(node, cell, used)
        documentation = _docstrings(tree)
        for node in ast.walk(tree):
            text = string(node)
            if text is None or id(node) in documentation or (node.lineno, node.col_offset) in used:  # type: ignore[attr-defined]
                continue
            if (kind_of(text) not in ("relative", "url") and len(text) < 400 and "\n" not in text) or (
                _LOOKS_LIKE_FILE.match(text) and kind_of(text) == "relative"
            ):
                self._add(node, text, "mention", cell)

    def _call(self, call: ast.Call, cell: str | None, used: dict[tuple[int, int], str]) -> None:
        name = self._aliases.resolve(call.func) or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        last = name.rsplit(".", 1)[-1]
        if name in ("sys.path.append", "sys.path.insert", "site.addsitedir") and call.args:
            folder = self.fold(call.args[-1])
            if folder is not None:
                self.sys_path.append({"path": folder, "cell": cell, "line": call.lineno})
                _mark(call.args[-1], used, "syspath")
            return
        mode = _mode(call, name, last)
        argument = _path_argument(call)
        if mode is None or argument is None:
            return
        text = self.fold(argument)
        if text and "\n" not in text and len(text) < 1000:
            _mark(argument, used, mode)
            self._add(argument, text, mode, cell)

    def _add(self, node: ast.AST, text: str, mode: str, cell: str | None) -> None:
        literal = isinstance(node, ast.Constant) and node.lineno == getattr(node, "end_lineno", None)
        self.found.append(
            {
                "path": text,
                "kind": kind_of(text),
                "mode": mode,
                "cell": cell,
                "line": getattr(node, "lineno", 1),
                "column": node.col_offset if literal else None,  # type: ignore[attr-defined]
                "endColumn": node.end_col_offset if literal else None,  # type: ignore[attr-defined]
            }
        )

    def _learn_constants(self, tree: ast.Module) -> None:
        for statement in tree.body:
            if (
                isinstance(statement, ast.Assign)
                and len(statement.targets) == 1
                and isinstance(statement.targets[0], ast.Name)
            ):
                text = self.fold(statement.value)
                name = statement.targets[0].id
                if text is not None:
                    self._constants[name] = text
                else:
                    self._constants.pop(name, None)

    def fold(self, node: ast.AST) -> str | None:
        """The text of a constant path expression: literals, names of literals, +, /, f-strings, join and Path."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._constants.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
            left, right = self.fold(node.left), self.fold(node.right)
            if left is None or right is None:
                return None
            return left + right if isinstance(node.op, ast.Add) else _join([left, right])
        if isinstance(node, ast.JoinedStr):
            return self._all(node.values, "".join)
        if isinstance(node, ast.FormattedValue):
            return self.fold(node.value) if node.format_spec is None else None
        if isinstance(node, ast.Call):
            return self._fold_call(node)
        return None

    def _fold_call(self, call: ast.Call) -> str | None:
        name = self._aliases.resolve(call.func) or ""
        if (
            name
            in ("pathlib.Path", "Path", "str", "os.path.abspath", "os.fspath", "pathlib.PurePath", "os.path.normpath")
            and call.args
        ):
            return self._all(call.args, _join)
        if name in ("os.path.join", "path.join"):
            return self._all(call.args, _join)
        if name == "os.path.expanduser" and call.args:
            return self.fold(call.args[0])
        if name in ("os.getcwd", "pathlib.Path.cwd"):
            return "."
        if name == "pathlib.Path.home":
            return "~"
        return None

    def _all(self, nodes: list[Any], combine: Any) -> str | None:
        parts = [self.fold(node) for node in nodes]
        return None if not parts or any(part is None for part in parts) else combine(parts)


def _join(parts: list[str]) -> str:
    return (
        "/".join([part.rstrip("/") or "/" for part in parts[:-1]] + [parts[-1]]).replace("//", "/")
        if "://" not in parts[0]
        else "/".join(parts)
    )


def _mode(call: ast.Call, name: str, last: str) -> str | None:
    if name in (
        "open",
        "io.open",
        "codecs.open",
        "gzip.open",
        "bz2.open",
        "lzma.open",
        "zipfile.ZipFile",
        "h5py.File",
        "tarfile.open",
    ):
        mode = call.args[1] if len(call.args) > 1 else keywords(call).get("mode")
        return "write" if set(string(mode) or "r") & set("wax") else "read"
    if name in _READER_NAMES or last in _READERS:
        return "read"
    if name in ("pathlib.Path", "Path"):
        return "mention"
    if last in _WRITERS and (dotted(call.func) or "." not in name):
        return "write"
    return None


def _path_argument(call: ast.Call) -> ast.expr | None:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if last == "dump":
        # joblib.dump(value, path); json.dump and pickle.dump take a file object there.
        return call.args[1] if len(call.args) > 1 else None
    if call.args:
        if last == "save" and string(call.args[0]) is None and len(call.args) > 1:
            return call.args[1]
        return call.args[0]
    given = keywords(call)
    return next((given[name] for name in _PATH_KEYWORDS if name in given), None)


def _mark(node: ast.AST, used: dict[tuple[int, int], str], mode: str) -> None:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant):
            used[(part.lineno, part.col_offset)] = mode


def _docstrings(tree: ast.AST) -> set[int]:
    """Strings that are statements: documentation, not paths."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
