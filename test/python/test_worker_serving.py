"""A worker on its own: signals without a supervisor, sharing of connections, the order of packages."""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import NEEDS_PYTHON, SupervisorCase, eventually, get


@NEEDS_PYTHON
class Worker(SupervisorCase):
    def start(self, extra: str = "", *arguments: str, **environment: str) -> subprocess.Popen[str]:
        release = self.release(extra)
        command = [release["python"], "-u", str(self.runtime / "worker.py"), "--bundle", release["bundle"]]
        command += ["--support", release["support"], "--model", "iris", "--version", "1", *arguments]
        pipe = subprocess.PIPE
        worker = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environment})
        self.addCleanup(worker.communicate)
        self.addCleanup(worker.kill)
        return worker

    def port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            number: int = probe.getsockname()[1]
            return number

    def answers(self, port: int) -> bool:
        with contextlib.suppress(OSError):
            return bool(get(port))
        return False

    def ready(self, port: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status

    def test_sigterm_without_a_supervisor_drains_and_ends_well(self) -> None:
        port = self.port()
        worker = self.start("", "--port", str(port), SLIPWAY_DRAIN_SECONDS="1.5")
        eventually(lambda: self.answers(port), "the worker answers")
        self.assertEqual(self.ready(port), 200)
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.addCleanup(kept.close)
        kept.request("GET", "/slow")
        worker.send_signal(signal.SIGTERM)
        eventually(lambda: self.ready(port) == 503, "readiness is false, and connections are still accepted")
        self.assertEqual(kept.getresponse().status, 200)
        self.assertEqual(worker.wait(30), 0)

    def test_garbage_is_looked_for_less_often_while_the_model_loads(self) -> None:
        port, own = self.port(), self.port()
        # In place of its process, the application tells how often garbage is looked for: when it is loaded, and now.
        now = "gc.get_threshold()[0]"
        tells = f"import gc\nfirst = {now}\nclass os:\n    getpid = lambda: [first, {now}]"
        for at, code in ((port, tells), (own, f"{tells}\ngc.set_threshold(123)")):
            self.start(code, "--port", str(at))
            eventually(lambda at=at: self.answers(at), "the worker answers")
        usual = gc.get_threshold()[0]
        self.assertEqual(get(port)["pid"], [10 * usual, usual])
        self.assertEqual(get(own)["pid"], [10 * usual, 123])

    def test_who_asks_while_the_model_loads_is_answered_as_soon_as_it_is_there(self) -> None:
        port, flag = self.port(), self.root / "go on"
        wait = f"import pathlib, time\nwhile not pathlib.Path({str(flag)!r}).exists():\n    time.sleep(0.01)"
        worker = self.start(wait, "--port", str(port))
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.addCleanup(asking.close)

        def connects() -> bool:
            with contextlib.suppress(OSError):
                asking.connect()
                return True
            return False

        eventually(connects, "the worker listens")
        asking.request("GET", "/v2/health/ready")
        self.assertIsNone(worker.poll())
        assert worker.stdout is not None
        self.assertRegex(worker.stdout.readline(), r"^slipway: starting took \d+\.\d\d s, loading now\n$")
        flag.write_text("")
        self.assertEqual(asking.getresponse().status, 200)
        self.assertRegex(worker.stdout.readline(), r"^slipway: loading took \d+\.\d\d s, answering now\n$")

    def test_what_fails_to_load_is_told_on_standard_error(self) -> None:
        worker = self.start("raise ValueError('no such column')", "--port", str(self.port()))
        self.assertEqual(worker.wait(60), 1)
        assert worker.stderr is not None
        self.assertIn("no such column", worker.stderr.read())

    def test_packages_of_the_user_come_before_ours(self) -> None:
        port = self.port()
        self.start("print(json.dumps(sys.path))", "--port", str(port))
        worker = self.start("print(json.dumps(sys.path), flush=True)", "--port", str(self.port()))
        assert worker.stdout is not None
        self.assertIn("loading now", worker.stdout.readline())
        path = json.loads(worker.stdout.readline())
        self.assertEqual(path[-2:], [str(self.runtime), str(self.root / "support")])
        self.assertEqual(path[0], str(self.root / "bundles" / "2" / "project"))

    def test_kept_connections_are_spread_over_the_workers_that_share_a_socket(self) -> None:
        self.launch()
        port = self.deploy(self.client(), replicas=3)["port"]
        counts: dict[int, int] = {}
        kept: list[http.client.HTTPConnection] = []

        def each_has_one() -> bool:
            """Whichever runs first takes a connection: of a few that come at once, one worker may get none."""
            for connection in [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(20)]:
                self.addCleanup(connection.close)
                connection.connect()
                kept.append(connection)
            for connection in kept[-20:]:
                connection.request("GET", "/")
                pid = json.loads(connection.getresponse().read())["pid"]
                counts[pid] = counts.get(pid, 0) + 1
            return len(counts) == 3 or len(kept) >= 400

        eventually(each_has_one, "each worker has a connection")
        self.assertEqual(len(counts), 3, counts)
        self.assertLess(max(counts.values()), 0.9 * len(kept), counts)


if __name__ == "__main__":
    unittest.main()
