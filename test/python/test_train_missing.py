"""Messages of missing packages, as the libraries write them."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "resources/runtime"))
from slipway_train.missing import find

# (type, message, module, distribution, optional)
CASES = [
    ("ModuleNotFoundError", "No module named 'tables'", "tables", None, False),
    ("ModuleNotFoundError", "No module named 'a.b'", "a", None, False),
    ("ImportError", "load_iris with as_frame=True requires pandas.", "pandas", "pandas", True),
    (
        "ImportError",
        "Missing optional dependency 'lxml'.  Use pip or conda to install lxml.",
        "lxml",
        "lxml",
        True,
    ),
    (
        "ImportError",
        "Missing optional dependency 'tables'.  Use pip or conda to install pytables.",
        "tables",
        "pytables",
        True,
    ),
    (
        "ImportError",
        "Missing optional dependency 'Jinja2'. DataFrame.style requires jinja2. Use pip or conda to install Jinja2.",
        "Jinja2",
        "Jinja2",
        True,
    ),
    (
        "ImportError",
        "Pandas requires version '3.0.10' or newer of 'openpyxl' (version '3.0.1' currently installed).",
        "openpyxl",
        "openpyxl>=3.0.10",
        True,
    ),
    (
        "ImportError",
        "Unable to find a usable engine; tried using: 'pyarrow', 'fastparquet'.\nA suitable version is required.",
        "pyarrow",
        "pyarrow",
        True,
    ),
    (
        "ImportError",
        "The Python Imaging Library (PIL) is required to load data from jpeg files. Please refer to https://x/ for PIL.",
        "PIL",
        "PIL",
        True,
    ),
    (
        "ImportError",
        "plot_tree requires matplotlib. You can install matplotlib with `pip install matplotlib`",
        "matplotlib",
        "matplotlib",
        True,
    ),
    (
        "ImportError",
        "\nT5Tokenizer requires the SentencePiece library but it was not found in your environment. Checkout",
        "SentencePiece",
        "SentencePiece",
        True,
    ),
    (
        "ImportError",
        "Using `low_cpu_mem_usage=True` requires Accelerate: `pip install 'accelerate[torch]'`",
        "accelerate",
        "accelerate[torch]",
        True,
    ),
    ("ImportError", "lxml not found, please install it", "lxml", "lxml", True),
    (
        "FeatureNotFound",
        "Couldn't find a tree builder with the features you requested: lxml. Do you need to install a parser library?",
        "lxml",
        "lxml",
        True,
    ),
    (
        "ImportError",
        "IProgress not found. Please update jupyter and ipywidgets.",
        "ipywidgets",
        "ipywidgets",
        True,
    ),
    (
        "ImportError",
        "Install openpyxl to read Excel files; please install openpyxl.",
        "openpyxl",
        "openpyxl",
        True,
    ),
    (
        "ImportError",
        'matplotlib is required for plotting when the default backend "matplotlib" is selected.',
        "matplotlib",
        "matplotlib",
        True,
    ),
]
OTHERS = [
    ("ImportError", "cannot import name 'joblib' from 'sklearn.externals'"),
    ("ValueError", "predict requires pandas or numpy input"),
    ("TypeError", "f() missing 1 required positional argument: 'x'"),
    ("ImportError", "this build requires the same version of Python"),
]


class MissingTest(unittest.TestCase):
    def test_known_messages(self) -> None:
        for ename, message, module, distribution, optional in CASES:
            with self.subTest(message):
                found = find([{"ename": ename, "evalue": message, "name": None, "installed": False}])
                assert found is not None
                expected = module if distribution is None else (module, distribution)
                self.assertEqual(found.module if distribution is None else (found.module, found.distribution), expected)
                self.assertEqual(found.optional, optional)

    def test_other_errors_name_nothing(self) -> None:
        for ename, message in OTHERS:
            with self.subTest(message):
                self.assertIsNone(find([{"ename": ename, "evalue": message, "name": None, "installed": False}]))

    def test_part_of_an_installed_package_is_not_missing(self) -> None:
        link = {
            "ename": "ModuleNotFoundError",
            "evalue": "No module named 'sklearn.cross_validation'",
            "name": "sklearn.cross_validation",
            "installed": True,
        }
        self.assertIsNone(find([link]))


if __name__ == "__main__":
    unittest.main()
