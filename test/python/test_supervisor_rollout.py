"""Deploy, redeploy under load, scale, roll back, and releases that do not become ready."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import NEEDS_PYTHON, Client, Load, SupervisorCase, alive, eventually, get


@NEEDS_PYTHON
class Rollout(SupervisorCase):
    def test_a_deploy_is_ready_and_answers(self) -> None:
        self.launch()
        client = self.client()
        state = self.deploy(client, "print('hello from the model')")
        self.assertEqual((state["phase"], state["release"], state["replicas"]["ready"]), ("Ready", 1, 1))
        self.assertEqual(state["endpoint"], f"http://127.0.0.1:{state['port']}")
        self.assertEqual(get(state["port"])["release"], 1)
        self.assertGreater(state["peakRss"], 1_000_000)
        steps = [event["step"] for event in client.events]
        self.assertEqual(steps, ["starting", "loading", "ready", "switching", "done"])
        self.assertIn({"r": "1/0", "s": "out", "m": "hello from the model"}, [
            {key: line[key] for key in ("r", "s", "m")} for line in self.log()
        ])  # fmt: skip

    def test_ten_redeploys_and_scaling_under_load_fail_no_request(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        with Load(port) as load:
            for number in range(2, 12):
                state = self.deploy(client)
                self.assertEqual((state["phase"], state["release"], state["port"]), ("Ready", number, port))
                eventually(lambda seen=load.answers: load.answers > seen + 40, "requests are answered")
            self.assertEqual(client.request("scale", replicas=3)["replicas"]["ready"], 3)
            load.pids.clear()
            eventually(lambda: sum(load.pids.values()) > 300, "requests are answered by three workers")
            self.assertEqual(len(load.pids), 3, load.pids)
            self.assertEqual(client.request("scale", replicas=1)["replicas"]["desired"], 1)
            eventually(lambda: len(client.request("status")["replicas"]["workers"]) == 1, "the others have drained")
        self.assertEqual(load.failures, [])
        self.assertGreater(load.answers, 700)

    def test_an_idle_connection_may_be_used_once_more_after_a_takeover(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.addCleanup(kept.close)
        kept.request("GET", "/")
        kept.getresponse().read()
        self.deploy(client)
        kept.request("GET", "/")
        response = kept.getresponse()
        self.assertEqual((response.getheader("Connection"), b'"release": 1' in response.read()), ("close", True))
        kept.request("GET", "/")
        self.assertIn(b'"release": 2', kept.getresponse().read())

    def test_idle_connections_do_not_keep_an_old_worker_for_ever(self) -> None:
        self.launch()
        client = self.client()
        state = self.deploy(client)
        kept = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=30)
        self.addCleanup(kept.close)
        kept.request("GET", "/")
        kept.getresponse().read()
        self.deploy(client)
        old = state["replicas"]["workers"][0]["pid"]
        self.assertTrue(alive(old))
        eventually(lambda: not alive(old), "the old worker has left", 30)

    def test_a_slow_request_is_answered_by_the_release_that_took_it(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        slow = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.addCleanup(slow.close)
        slow.request("GET", "/slow")
        client.request("stop")
        self.assertIn(b'"release": 1', slow.getresponse().read())
        with self.assertRaises(ConnectionRefusedError):
            get(port)

    def test_rollback_and_restart_take_over_like_a_deploy(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        self.deploy(client)
        with Load(port, threads=4) as load:
            state = client.request("rollback")
            self.assertEqual((state["release"], state["phase"]), (1, "Ready"))
            self.assertEqual({e["version"]: e["status"] for e in state["releases"]}, {1: "active", 2: "superseded"})
            self.assertEqual(client.request("rollback", version=2)["release"], 2)
            before = {worker["pid"] for worker in client.request("status")["replicas"]["workers"]}
            state = client.request("restart")
            ready = {worker["pid"] for worker in state["replicas"]["workers"] if worker["phase"] == "Ready"}
            self.assertFalse(ready & before)
        self.assertEqual(load.failures, [])
        with self.refused("ReleaseMissing"):
            client.request("rollback", version=9)

    def test_a_release_that_fails_is_rolled_back_while_the_old_one_answers(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        with Load(port, threads=4) as load:
            with self.refused("RolloutFailed") as error:
                self.deploy(client, "print('about to fail'); raise ValueError('no such column')")
            self.assertIn("no such column", error["cause"]["message"])
            self.assertIn("ValueError", error["cause"]["traceback"])
            self.assertIn("about to fail", error["cause"]["logTail"])
            with self.refused("RolloutFailed") as error:
                self.deploy(client, "import os; os._exit(3)", replicas=2)
            self.assertEqual(error["cause"]["code"], "WorkerExited")
            self.assertIn("exit code 3", error["cause"]["message"])
            with self.refused("RolloutFailed") as error:
                self.deploy(client, "import time; time.sleep(600)", readyTimeoutSeconds=1)
            self.assertEqual(error["cause"]["code"], "NotReady")
        self.assertEqual(load.failures, [])
        state = client.request("status")
        self.assertEqual((state["phase"], state["release"], len(state["replicas"]["workers"])), ("Ready", 1, 1))
        self.assertEqual([e["status"] for e in state["releases"]], ["active", "failed", "failed", "failed"])
        self.assertEqual(len(self.workers()), 2, "the supervisor and the old worker")

    def test_a_client_that_leaves_cancels_its_deploy(self) -> None:
        self.launch()
        client = self.client()
        port = self.deploy(client)["port"]
        leaving = Client(self.folder)
        leaving.begin("deploy", release=self.release("import time; time.sleep(600)"), readyTimeoutSeconds=500)
        eventually(lambda: len(client.request("status")["replicas"]["workers"]) == 2, "the new worker has started")
        leaving.close()
        state = eventually(
            lambda: (now := client.request("status")) and now["rollout"] is None and now,
            "the deploy is cancelled",
        )
        self.assertEqual((state["phase"], len(state["replicas"]["workers"])), ("Ready", 1))
        self.assertEqual(state["releases"][-1]["reason"]["code"], "Cancelled")
        self.assertEqual(get(port)["release"], 1)
        self.assertEqual(self.deploy(client)["release"], 3)

    def test_scaling_up_to_workers_that_fail_changes_nothing(self) -> None:
        self.launch()
        client = self.client()
        flag = self.root / "fail"
        self.deploy(client, f"import pathlib\nif pathlib.Path({str(flag)!r}).exists(): raise MemoryError('full')")
        flag.touch()
        with self.refused("ScaleFailed") as error:
            client.request("scale", replicas=3)
        self.assertIn("full", error["message"])
        state = client.request("status")
        self.assertEqual((state["phase"], state["replicas"]["desired"], state["replicas"]["ready"]), ("Ready", 1, 1))

    def test_a_worker_told_to_end_by_somebody_else_is_replaced(self) -> None:
        self.launch()
        client = self.client()
        state = self.deploy(client)
        pid = state["replicas"]["workers"][0]["pid"]
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not alive(pid), "the worker has left")

        # The process is gone a moment before the supervisor has heard of it, so Ready alone may be the old state.
        def replaced() -> bool:
            now = client.request("status")
            return now["phase"] == "Ready" and [one["restarts"] for one in now["replicas"]["workers"]] == [1]

        eventually(replaced, "another is ready")


if __name__ == "__main__":
    unittest.main()
