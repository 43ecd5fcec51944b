"""Streams that count their lines: nothing is changed or held back, and the count comes in its place."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

RUNTIME = Path(__file__).parents[2] / "resources" / "runtime"
BEGIN = "import os, subprocess, sys\nfrom slipway_worker import counted\ncounted.count_lines()\n"


def run(script: str) -> tuple[list[bytes], list[bytes]]:
    """The lines that a script writes to its two streams."""
    command = [sys.executable, "-u", "-c", f"import sys\nsys.path.insert(0, {str(RUNTIME)!r})\n{BEGIN}{script}"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return done.stdout.splitlines(keepends=True), done.stderr.splitlines(keepends=True)


class CountedStreams(unittest.TestCase):
    def test_few_lines_are_as_they_were_written(self) -> None:
        out, err = run(
            "print('a', 'b'); sys.stdout.buffer.write(b'\\xff\\n'); print('c', file=sys.stderr)\n"
            "print('half', end='', flush=True); os.write(1, b'!\\n'); subprocess.run(['echo', 'child'])\n"
            "print('no end', end='')"
        )
        self.assertEqual(out, [b"a b\n", b"\xff\n", b"half!\n", b"child\n", b"no end"])
        self.assertEqual(err, [b"c\n"])

    def test_the_count_is_said_after_the_lines_it_counts(self) -> None:
        out, _ = run("for number in range(2500): print(number)")
        said = [index for index, line in enumerate(out) if line.startswith(b"slipway: ")]
        self.assertEqual(
            [out[index] for index in said], [b"slipway: 1000 lines so far\n", b"slipway: 2000 lines so far\n"]
        )
        self.assertEqual([out[index - 1] for index in said], [b"999\n", b"1999\n"])

    def test_lines_of_both_streams_and_of_threads_count_once(self) -> None:
        out, err = run(
            "import threading\n"
            "def talk(stream):\n    for number in range(1000): print('x' * 50, file=stream)\n"
            "threads = [threading.Thread(target=talk, args=(one,)) for one in [sys.stdout, sys.stdout, sys.stderr]]\n"
            "[one.start() for one in threads]; [one.join() for one in threads]\n"
            "for number in range(1000): print('y')"
        )
        lines = [line for line in out if not line.startswith(b"slipway: ")]
        self.assertEqual(set(lines), {b"x" * 50 + b"\n", b"y\n"})
        self.assertEqual((len(lines), len(err)), (3000, 1000))
        # Where the count is said depends on how the threads took turns; that it is right does not.
        last = max(index for index, line in enumerate(out) if line.startswith(b"slipway: "))
        self.assertEqual(out[last - 1], b"y\n")
        before = sum(not line.startswith(b"slipway: ") for line in out[:last])
        self.assertEqual(out[last], b"slipway: %d lines so far\n" % (before + len(err)))

    @unittest.skipUnless(hasattr(__import__("os"), "fork"), "needs fork")
    def test_a_forked_child_writes_and_does_not_count(self) -> None:
        out, _ = run(
            "if os.fork() == 0:\n    [print('child') for _ in range(1500)]\n    os._exit(0)\n"
            "os.wait()\nfor number in range(1000): print(number)"
        )
        self.assertEqual(out.count(b"child\n"), 1500)
        self.assertEqual(out[-1], b"slipway: 1000 lines so far\n")


if __name__ == "__main__":
    unittest.main()
