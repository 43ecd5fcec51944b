"""Crashes, a killed supervisor, held locks, taken ports, broken files, and removal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import (
    NEEDS_PYTHON,
    PATIENCE,
    SupervisorCase,
    alive,
    eventually,
    get,
)


def is_free(port: int) -> bool:
    """Whether a program can listen on the port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@NEEDS_PYTHON
class Failures(SupervisorCase):
    def setUp(self) -> None:
        super().setUp()
        self.launch()
        self.first = self.client()

    def phase(self, wanted: str, seconds: float = PATIENCE) -> dict:  # type: ignore[type-arg]
        return eventually(  # type: ignore[no-any-return]
            lambda: (state := self.first.request("status"))["phase"] == wanted and state,
            f"phase {wanted}",
            seconds,
        )

    def test_a_killed_worker_is_restarted_and_the_others_answer(self) -> None:
        state = self.deploy(self.first, replicas=2)
        victim = state["replicas"]["workers"][0]["pid"]
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not alive(victim), "the worker is dead")
        self.assertEqual(get(state["port"])["release"], 1)

        # The process is gone a moment before the supervisor has heard of it, so Ready alone may be the old state.
        def restarted() -> dict | None:  # type: ignore[type-arg]
            now = self.first.request("status")
            first = now["replicas"]["workers"][0]
            return now if (now["phase"], first["restarts"], now["replicas"]["ready"]) == ("Ready", 1, 2) else None

        worker = eventually(restarted, "the worker is back")["replicas"]["workers"][0]
        self.assertNotEqual(worker["pid"], victim)
        self.assertTrue(any("killed by signal 9 (SIGKILL)" in line["m"] for line in self.log()))

    def test_a_crash_loop_is_given_up_visibly_and_a_new_deploy_mends_it(self) -> None:
        flag = self.root / "crash"
        extra = f"import pathlib, sys\nif pathlib.Path({str(flag)!r}).exists(): print('last words'); sys.exit(7)"
        self.deploy(self.first, extra)
        self.first.request("stop")
        flag.touch()
        with self.refused("StartFailed") as error:
            self.first.request("start")
        self.assertIn("last words", error["cause"]["logTail"])
        state = self.first.request("status")
        self.assertEqual((state["phase"], state["endpoint"]), ("Failed", None))
        self.assertEqual(
            (state["replicas"]["workers"][0]["phase"], state["replicas"]["workers"][0]["restarts"]),
            ("CrashLoop", 4),
        )
        self.assertIn("7", state["reason"]["message"])
        state = self.deploy(self.first)
        self.assertEqual((state["phase"], get(state["port"])["release"]), ("Ready", 2))

    def test_when_the_supervisor_is_killed_its_workers_go_and_start_uses_the_same_port(self) -> None:
        state = self.deploy(self.first, replicas=2)
        os.kill(self.first.pid, signal.SIGKILL)
        eventually(lambda: not self.workers(), "the workers are gone", 5)
        saved = json.loads((self.folder / "state.json").read_text())
        self.assertEqual(saved["release"], 1)
        self.launch()
        self.first = self.client()
        stopped = self.first.request("status")
        self.assertEqual(
            (stopped["phase"], stopped["port"], stopped["replicas"]["workers"]),
            ("Stopped", state["port"], []),
        )
        started = self.first.request("start")
        self.assertEqual((started["phase"], started["port"], started["replicas"]["ready"]), ("Ready", state["port"], 2))
        self.assertEqual(get(state["port"])["release"], 1)
        self.log()

    def test_terminating_the_supervisor_ends_everything_and_leaves_the_state(self) -> None:
        self.deploy(self.first)
        os.kill(self.first.pid, signal.SIGTERM)
        eventually(lambda: not self.workers(), "all processes are gone", 20)
        self.assertEqual(json.loads((self.folder / "state.json").read_text())["phase"], "Stopped")
        self.assertFalse((self.folder / "supervisor.json").exists() or (self.folder / "s").exists())

    def test_a_taken_port_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with self.refused("PortTaken") as error:
                self.deploy(self.first, port=port)
            self.assertEqual(error["port"], port)
            self.assertIn("--port", error["message"])
        self.assertEqual(self.deploy(self.first, port=port)["port"], port)
        os.kill(self.first.pid, signal.SIGKILL)
        eventually(lambda: not self.workers(), "the workers are gone")

        def taken() -> socket.socket | None:
            # A process that ends gives up its memory, by which it was listed, before its sockets.
            try:
                return socket.create_server(("127.0.0.1", port))
            except OSError:
                return None

        with eventually(taken, "the port is free"):
            self.launch()
            self.first = self.client()
            with self.refused("PortTaken"):
                self.first.request("start")
        self.assertEqual(self.first.request("start")["port"], port)

    def test_a_deploy_can_move_to_another_port(self) -> None:
        before = self.deploy(self.first)["port"]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.assertEqual(self.deploy(self.first, port=port)["port"], port)
        self.assertEqual(get(port)["release"], 2)

        eventually(lambda: is_free(before), "the port before is free")

    def test_stop_keeps_the_port_and_start_uses_it(self) -> None:
        state = self.deploy(self.first)
        get(state["port"])
        for _ in range(2):
            stopped = self.first.request("stop")
            self.assertEqual((stopped["phase"], stopped["replicas"]["workers"]), ("Stopped", []))
            with self.assertRaises(ConnectionRefusedError):
                get(state["port"])
            with self.assertRaises(OSError):
                socket.create_server(("127.0.0.1", state["port"]))
            self.assertEqual(self.first.request("start")["port"], state["port"])
            self.assertEqual(get(state["port"])["release"], 1)

    def test_remove_leaves_no_process_port_socket_or_file(self) -> None:
        port = self.deploy(self.first, replicas=2)["port"]
        self.assertEqual(self.first.request("remove"), {})
        self.assertEqual(list((self.home / "models").iterdir()), [])
        eventually(lambda: not self.workers(), "all processes are gone", 10)

        eventually(lambda: is_free(port), "the port is free")
        self.launch()
        self.assertEqual(self.client().request("status")["phase"], "Pending")

    def test_a_corrupt_state_is_kept_aside_and_the_model_put_together_again(self) -> None:
        for number in (1, 2):
            self.deploy(self.first)
            os.kill(self.first.pid, signal.SIGKILL)
            eventually(lambda: not self.workers(), "all processes are gone")
            (self.folder / "state.json").write_text('{"schema": 1, "port"')
            self.launch()
            self.first = self.client()
            state = self.first.request("status")
            self.assertEqual((state["phase"], state["release"]), ("Stopped", number))
            self.assertEqual(state["reason"]["code"], "StateCorrupt")
            self.assertEqual((self.folder / f"state.json.corrupt-{number}").read_text(), '{"schema": 1, "port"')
        self.assertEqual(self.first.request("start")["phase"], "Ready")

    def test_secrets_reach_the_model_and_nothing_else(self) -> None:
        extra = "print('key', os.environ['API_KEY']); assert os.environ['PYTHONNOUSERSITE'] == '1'"
        bundle = {"secrets": ["API_KEY"], "env": {"MODE": "test"}}
        value = "s3cret-value-ünique"
        self.deploy(self.first, extra, bundle=bundle, secrets={"API_KEY": value})
        with self.refused("RolloutFailed") as error:
            self.deploy(
                self.first,
                "raise ValueError(os.environ['API_KEY'])",
                bundle=bundle,
                secrets={"API_KEY": value},
            )
        self.assertIn("***", error["message"])
        for path in self.home.rglob("*"):
            if path.is_file():
                self.assertNotIn(value.encode(), path.read_bytes(), path)
        for pid in self.workers():
            self.assertNotIn(value.encode(), Path(f"/proc/{pid}/cmdline").read_bytes())
        self.assertIn("key ***", [line["m"] for line in self.log()])
        os.kill(self.first.pid, signal.SIGKILL)
        eventually(lambda: not self.workers(), "all processes are gone")
        self.launch()
        self.first = self.client()
        with self.refused("SecretMissing") as error:
            self.first.request("start")
        self.assertEqual(error["names"], ["API_KEY"])
        self.assertEqual(self.first.request("start", secrets={"API_KEY": value})["phase"], "Ready")

    def test_a_failed_first_release_says_why_and_leaves_its_log(self) -> None:
        with self.refused("RolloutFailed"):
            self.deploy(self.first, "import no_such_module")
        state = self.first.request("status")
        self.assertEqual((state["phase"], state["release"]), ("Failed", None))
        self.assertIn("no_such_module", state["reason"]["message"])
        self.first.close()
        eventually(lambda: not self.workers(), "the supervisor, of no use, has ended", 20)
        self.assertTrue(self.log())

    def test_a_child_that_outlives_its_worker_does_not_hide_the_end_of_the_worker(self) -> None:
        extra = "import subprocess\nchild = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        state = self.deploy(self.first, extra + "open('children', 'a').write(f'{child.pid} ')")
        self.addCleanup(self.end_children, self.root / "bundles" / "1" / "project" / "children")
        os.kill(state["replicas"]["workers"][0]["pid"], signal.SIGKILL)
        eventually(lambda: self.first.request("status")["replicas"]["workers"][0]["restarts"], "it is restarted")
        self.phase("Ready")

    def end_children(self, pids: Path) -> None:
        for pid in map(int, pids.read_text().split()):
            os.kill(pid, signal.SIGKILL)

    def test_a_missing_interpreter_is_a_clear_error(self) -> None:
        release = {**self.release(), "python": "/no/such/python"}
        with self.refused("RolloutFailed") as error:
            self.first.request("deploy", release=release)
        self.assertIn("/no/such/python", error["message"])

    def test_a_home_that_vanishes_ends_the_supervisor(self) -> None:
        self.deploy(self.first)
        subprocess.run(["rm", "-rf", str(self.home)], check=True)
        eventually(lambda: not self.workers(), "all processes are gone", 20)


if __name__ == "__main__":
    unittest.main()
