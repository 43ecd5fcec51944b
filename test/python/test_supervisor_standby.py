"""The worker that the supervisor starts while a release is still being made."""

from __future__ import annotations

import os
import signal
import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import NEEDS_PYTHON, Client, Json, SupervisorCase, eventually, get


@NEEDS_PYTHON
class StandingBy(SupervisorCase):
    def prepare(self, client: Client, **changes: Any) -> int:
        """The process that stands by now."""
        release = {**self.release(), "workdir": str(self.root), "env": {}, "secrets": [], **changes}
        client.request("prepare", release=release, secrets={})
        (pid,) = eventually(self.waiting, "a worker stands by")
        return int(pid)

    def waiting(self) -> list[int]:
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in self.workers()}
        return [pid for pid, line in lines.items() if b"--standby" in line.split(b"\0")]

    def holder(self) -> Client:
        self.launch()
        client = self.client()
        client.request("acquire")
        return client

    def pid_of(self, state: Json) -> int:
        return int(state["replicas"]["workers"][0]["pid"])

    def test_the_release_is_served_by_the_worker_that_stood_by(self) -> None:
        client = self.holder()
        pid = self.prepare(client)
        state = self.deploy(client, "print('hello from the model')")
        self.assertEqual((self.pid_of(state), get(state["port"])["pid"]), (pid, pid))
        eventually(lambda: any(line["r"] == "1/0" and line["m"] == "hello from the model" for line in self.log()),
                   "the log names the release")  # fmt: skip

    def test_it_is_replaced_when_it_dies_as_any_other_worker(self) -> None:
        client = self.holder()
        pid = self.prepare(client)
        port = self.deploy(client)["port"]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: client.request("status")["phase"] == "Ready" and get(port)["pid"] != pid, "another answers")

    def test_another_environment_gets_a_fresh_worker(self) -> None:
        client = self.holder()
        pid = self.prepare(client)
        state = self.deploy(client, bundle={"env": {"LOG_LEVEL": "debug"}})
        self.assertNotEqual(self.pid_of(state), pid)
        eventually(lambda: self.waiting() == [], "nothing stands by")

    def test_one_that_was_killed_is_not_missed(self) -> None:
        client = self.holder()
        os.kill(self.prepare(client), signal.SIGKILL)
        self.assertEqual(self.deploy(client)["phase"], "Ready")

    def test_it_ends_with_the_client_that_wanted_it(self) -> None:
        client = self.holder()
        self.prepare(client)
        client.close()
        eventually(lambda: self.waiting() == [], "nothing stands by")

    def test_a_release_that_fails_in_it_says_why(self) -> None:
        client = self.holder()
        self.prepare(client)
        with self.refused("RolloutFailed") as error:
            self.deploy(client, "raise ValueError('no weights')")
        self.assertIn("no weights", error["message"])
        self.assertEqual(self.workers_of_models(), [])

    def workers_of_models(self) -> list[int]:
        eventually(lambda: self.waiting() == [], "nothing stands by")
        return [pid for pid in self.workers() if b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]


if __name__ == "__main__":
    unittest.main()
