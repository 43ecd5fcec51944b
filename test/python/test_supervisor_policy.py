"""When a worker is restarted, how its end is explained, and what is kept of the state."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "resources" / "runtime"))

from slipway_supervisor.exits import explain, oom_kills
from slipway_supervisor.restarts import RestartPolicy
from slipway_supervisor.store import Store


class Restarts(unittest.TestCase):
    def test_five_failures_in_a_row_without_ever_being_ready(self) -> None:
        policy = RestartPolicy(lambda: 0.5)
        self.assertEqual([policy.failed(at, None) for at in range(5)], [0.5, 1.0, 2.0, 4.0, None])

    def test_delays_double_to_thirty_seconds_and_eight_in_ten_minutes_are_too_many(self) -> None:
        policy = RestartPolicy(lambda: 0.5)
        delays = [policy.failed(at * 80.0, 1.0) for at in range(8)]
        self.assertEqual(delays, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, None])

    def test_eight_failures_over_a_longer_time_are_not(self) -> None:
        policy = RestartPolicy(lambda: 0.5)
        self.assertNotIn(None, [policy.failed(at * 90.0, 1.0) for at in range(50)])

    def test_a_minute_of_health_begins_again(self) -> None:
        policy = RestartPolicy(lambda: 0.5)
        self.assertEqual([policy.failed(0, 1), policy.failed(100, 59.9), policy.failed(200, 60)], [0.5, 1.0, 0.5])

    def test_jitter_is_a_quarter_up_and_down(self) -> None:
        self.assertEqual([RestartPolicy(lambda j=j: j).failed(0, None) for j in (0.0, 1.0)], [0.375, 0.625])


class Exits(unittest.TestCase):
    def test_words(self) -> None:
        self.assertEqual(explain(3, False)[0], "WorkerExited")
        self.assertIn("exit code 3", explain(3, True)[1])
        self.assertIn("signal 11 (SIGSEGV)", explain(-11, True)[1])
        self.assertEqual((explain(-9, False)[0], explain(-9, True)[0]), ("WorkerKilled", "OutOfMemory"))

    def test_evidence_of_want_of_memory_in_both_kinds_of_cgroup(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            self.assertIsNone(oom_kills(root))
            for path, text in {
                "proc/self/cgroup": "4:cpu,memory:/a/b\n0::/c\n",
                "sys/fs/cgroup/memory/a/b/memory.oom_control": "under_oom 0\noom_kill 2\n",
                "sys/fs/cgroup/c/memory.events": "oom 1\noom_kill 3\noom_group_kill 9\n",
                "proc/vmstat": "nr_free_pages 7\noom_kill 5\n",
            }.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            self.assertEqual(oom_kills(root), 10)


class Stored(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = Store(self.folder)

    def test_release_numbers_are_never_given_twice(self) -> None:
        self.assertEqual([self.store.add_release({"bundle": "/a"}), self.store.add_release({"bundle": "/b"})], [1, 2])
        (self.folder / "releases" / "7.json").write_text("torn")
        self.assertEqual(self.store.add_release({"bundle": "/c", "version": 99}), 8)
        self.assertEqual(self.store.versions(), [1, 2, 7, 8])
        release = self.store.release(8)
        assert release is not None
        self.assertEqual((release["version"], release["bundle"]), (8, "/c"))
        self.assertIsNone(self.store.release(7))

    def test_every_kind_of_broken_state_is_kept_aside(self) -> None:
        path = self.folder / "state.json"
        good = '{"schema":1,"replicas":{"desired":1},"releases":[],"port":null,"release":null}'
        broken = [
            "",
            "{",
            "[]",
            "\x00" * 50,
            "[" * 100_000,
            '{"schema":2}',
            good.replace("[]", "[1]"),
            good.replace("null", '"x"'),
        ]
        for number, text in enumerate(broken, 1):
            path.write_text(text)
            self.assertEqual(self.store.load(), (None, f"state.json.corrupt-{number}"))
            self.assertEqual((self.folder / f"state.json.corrupt-{number}").read_text(), text)
        path.write_text(good)
        self.assertIsNotNone(self.store.load()[0])
        self.assertEqual(self.store.load()[1], None)


if __name__ == "__main__":
    unittest.main()
