"""Runs the unittest files of a folder, prints one line a file, and writes the counts as JSON.

    python run_unittest.py FOLDER COUNTS.json [--verbose] [NAME ...]

A NAME keeps the files whose name contains it. Standard library only, Python 3.9 and newer.
"""

# ruff: noqa: N802 (unittest names its hooks in camel case)

from __future__ import annotations

import argparse
import json
import sys
import time
import unittest
from pathlib import Path


class Result(unittest.TestResult):
    """Counts what one file's tests came to and keeps what the reader needs to know of them."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = True
        self.passed = 0
        self.bad = 0
        self.omitted = 0
        self.lines: list[str] = []
        self.verbose: list[str] = []

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1
        self.verbose.append(f"    passed: {test.id()}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._omit(test, reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: object) -> None:
        self._omit(test, "expected to fail")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self._fail(test.id(), "It was expected to fail.")

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self.collect()

    def collect(self) -> None:
        """Takes over the failures that unittest has recorded since the last call, those of fixtures included."""
        for test, text in [*self.failures, *self.errors]:
            self._fail(test.id(), text)
        self.failures.clear()
        self.errors.clear()

    def _fail(self, name: str, text: str) -> None:
        self.bad += 1
        self.lines.append(f"    failed: {name}\n" + "\n".join(f"      {line}" for line in text.rstrip().splitlines()))

    def _omit(self, test: unittest.TestCase, reason: str) -> None:
        self.omitted += 1
        self.lines.append(f"    skipped: {test.id()} ({reason})")


def run_file(path: Path, root: Path, verbose: bool) -> dict[str, int]:
    result = Result()
    started = time.monotonic()
    suite = unittest.TestLoader().discover(str(path.parent), path.name, str(root))
    if suite.countTestCases() == 0:
        result._fail(path.name, "The file holds no test.")
    suite.run(result)
    result.collect()
    counts = {"passed": result.passed, "failed": result.bad, "skipped": result.omitted}
    line = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"  {path.relative_to(root.parents[1])}: {line} ({time.monotonic() - started:.1f} s)")
    for text in [*(result.verbose if verbose else []), *result.lines]:
        print(text)
    sys.stdout.flush()
    return counts


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("counts", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    root: Path = options.folder.resolve()
    files = sorted(root.rglob("test_*.py"))
    chosen = [one for one in files if not options.names or any(name in str(one) for name in options.names)]
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in chosen:
        for name, count in run_file(path, root, options.verbose).items():
            total[name] += count
    options.counts.write_text(json.dumps(total))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
