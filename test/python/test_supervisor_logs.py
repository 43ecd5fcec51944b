"""The log on disk and what goes into it: gapless numbers, rotation, lost lines, splitting, cleaning, secrets."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "resources" / "runtime"))

from slipway_supervisor.lines import MAX_LINE_BYTES, LineSplitter, Redactor
from slipway_supervisor.spool import Spool


class SpoolOnDisk(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.logs = Path(folder.name) / "logs"

    def open(self, max_bytes: int = 1000, keep: int = 3) -> Spool:
        spool = Spool(self.logs, max_bytes, keep)
        self.addCleanup(spool.close)
        return spool

    def lines(self) -> list[dict]:  # type: ignore[type-arg]
        return [
            json.loads(line) for path in sorted(self.logs.glob("*.jsonl")) for line in path.read_text().splitlines()
        ]

    def test_numbers_have_no_gap_over_rotation_and_restarts(self) -> None:
        for _ in range(5):
            spool = self.open(keep=1000)
            for number in range(37):
                spool.append("1/0", "out", [f"line {number}", "ü"])
            spool.close()
        self.assertEqual([line["seq"] for line in self.lines()], list(range(1, 371)))
        self.assertGreater(len(list(self.logs.glob("*.jsonl"))), 5)
        for path in self.logs.glob("*.jsonl"):
            self.assertEqual(int(path.stem), json.loads(path.read_text().splitlines()[0])["seq"])
            self.assertLessEqual(path.stat().st_size, 1000)

    def test_a_log_keeps_its_name_over_restarts_and_has_another_one_after_removal(self) -> None:
        self.open().note("a")
        first = (self.logs / "generation").read_text()
        self.open().note("b")
        self.assertEqual((self.logs / "generation").read_text(), first)
        shutil.rmtree(self.logs)
        self.open()
        self.assertNotEqual((self.logs / "generation").read_text(), first)

    def test_only_the_newest_files_are_kept(self) -> None:
        spool = self.open()
        for number in range(200):
            spool.append("1/0", "out", [f"line {number}"])
        self.assertEqual(len(list(self.logs.glob("*.jsonl"))), 3)
        self.assertEqual((self.lines()[-1]["seq"], self.lines()[-1]["m"]), (200, "line 199"))

    def test_a_line_that_a_crash_cut_short_is_dropped(self) -> None:
        self.open().append("1/0", "out", ["a", "b"])
        path = next(self.logs.glob("*.jsonl"))
        path.write_bytes(path.read_bytes()[:-5])
        self.open().append("1/0", "out", ["c"])
        self.assertEqual([(line["seq"], line["m"]) for line in self.lines()], [(1, "a"), (2, "c")])

    def test_on_a_full_disk_lines_are_counted_and_the_gap_is_told_later(self) -> None:
        spool = self.open(max_bytes=10**6)
        spool.append("1/0", "out", ["before"])
        size = next(self.logs.glob("*.jsonl")).stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, hard))  # the kernel writes 40 bytes more, then refuses
        try:
            for _ in range(50):
                spool.append("1/0", "out", ["lost", "lost too"])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        spool.append("1/0", "out", ["after"])
        lines = self.lines()
        self.assertEqual([line["seq"] for line in lines], [1, 2, 3])
        self.assertEqual((lines[0]["m"], lines[1]["gap"], lines[2]["m"]), ("before", 100, "after"))
        self.assertIn("100 log lines are missing", lines[1]["m"])

    def test_a_folder_that_cannot_be_written_does_not_matter(self) -> None:
        self.logs.write_text("a file where the folder should be")
        spool = self.open()
        spool.append("1/0", "out", ["lost"])
        self.logs.unlink()
        spool.append("1/0", "out", ["kept"])
        self.assertEqual([line["m"] for line in self.lines()][-1], "kept")
        self.assertEqual(self.lines()[0]["gap"], 1)


class Splitting(unittest.TestCase):
    def split(self, *chunks: bytes, secrets: tuple[str, ...] = ()) -> list[str]:
        redactor = Redactor()
        redactor.learn(secrets)
        splitter = LineSplitter(redactor)
        lines = [line for chunk in chunks for line in splitter.feed(chunk)]
        return lines + splitter.close()

    def test_lines_over_chunks(self) -> None:
        self.assertEqual(self.split(b"a", b"b\nc\r\n\n", b"d"), ["ab", "c", "", "d"])

    def test_characters_cut_by_a_chunk_and_bytes_that_are_no_characters(self) -> None:
        self.assertEqual(self.split(b"\xc3", b"\xbc\n"), ["ü"])
        self.assertEqual(self.split(b"a\xff\xfeb\n"), ["a\ufffd\ufffdb"])

    def test_escapes_and_progress_bars(self) -> None:
        self.assertEqual(self.split(b"\x1b[31;1mred\x1b[0m\x1b]0;title\x07!\x00\n"), ["red!"])
        self.assertEqual(self.split(b"\r 10%\r 50%\r100%\n"), ["100%"])

    def test_long_lines_are_split_between_characters_and_nothing_is_lost(self) -> None:
        text = "x" + "ü" * 50_000
        for size in (1, 1000, 65536, 10**6):
            data = text.encode() + b"\n"
            pieces = (
                self.split(*(data[at : at + size] for at in range(0, len(data), size)))
                if size > 1
                else self.split(data)
            )
            self.assertEqual("".join(pieces), text)
            self.assertLessEqual(max(len(piece.encode()) for piece in pieces), MAX_LINE_BYTES)

    def test_a_secret_is_masked_wherever_it_is_cut(self) -> None:
        secret = "geheim-wört-12345"
        for before in range(MAX_LINE_BYTES - 40, MAX_LINE_BYTES + 5):
            data = b"x" * before + secret.encode() + b"y" * 20_000
            for chunk in (len(data), 4096, before + 7):
                pieces = self.split(*(data[at : at + chunk] for at in range(0, len(data), chunk)), secrets=(secret,))
                self.assertEqual("".join(pieces), "x" * before + "***" + "y" * 20_000)

    def test_short_secrets_stay_and_the_lines_of_long_ones_do_not(self) -> None:
        lines = self.split(b"12345 BEGIN\nfirst line\nsecond line\n", secrets=("12345", "first line\nsecond line"))
        self.assertEqual(lines, ["12345 BEGIN", "***", "***"])
        self.assertEqual(self.split(b"first \x1b[1mline\n", secrets=("first line",)), ["***"])


if __name__ == "__main__":
    unittest.main()
