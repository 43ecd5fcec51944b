"""The control socket: lock, protocol, garbage, watching, and a supervisor of no use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import NEEDS_PYTHON, Client, SupervisorCase, eventually, get

HOLDER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from supervisor_harness import Client
client = Client(Path(sys.argv[2]))
client.request("acquire", purpose="deploy")
print(os.getpid(), flush=True)
sys.stdin.read()
"""

TELLS_OF_SLOW_REQUESTS = """
real = asyncio.sleep
async def told(seconds, *rest):
    if seconds == 1.5:
        print("slow", flush=True)
    return await real(seconds, *rest)
asyncio.sleep = told
"""


class Control(SupervisorCase):
    def setUp(self) -> None:
        super().setUp()
        self.launch()

    def test_the_lock_names_its_holder_and_is_freed_when_the_holder_is_killed(self) -> None:
        command = [sys.executable, "-c", HOLDER, str(Path(__file__).parent), str(self.folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            self.addCleanup(holder.kill)
            assert holder.stdout is not None
            pid = int(holder.stdout.readline())
            client = self.client()
            for op in ("acquire", "deploy", "scale", "rollback", "stop", "start", "restart", "remove"):
                with self.refused("DeployInProgress") as error:
                    client.request(op)
            self.assertEqual((error["holder"]["pid"], error["holder"]["purpose"]), (pid, "deploy"))
            self.assertEqual(error["holder"]["program"], "tests")
            self.assertIn(str(pid), error["message"])
            holder.send_signal(signal.SIGKILL)

        def acquired() -> bool:
            try:
                return client.request("acquire", purpose="deploy") == {}
            except Exception:
                return False

        eventually(acquired, "the lock is free")
        client.request("release")
        self.assertEqual(self.client().request("acquire"), {})

    @NEEDS_PYTHON
    def test_who_sees_that_it_is_stopped_can_start_it_and_who_sees_that_it_is_ready_can_stop_it(self) -> None:
        deploying = self.client()
        deploying.request("acquire", purpose="deploy")
        port = self.deploy(deploying, TELLS_OF_SLOW_REQUESTS)["port"]
        deploying.close()
        watcher, first, second = self.client(), self.client(), self.client()
        watcher.request("watch")
        with ThreadPoolExecutor() as pool:
            for times in (1, 2):
                slow = pool.submit(get, port, "/slow")
                eventually(lambda: self.told_of_slow_requests() == times, "a worker has the request")  # noqa: B023
                first.begin("stop")
                self.see(watcher, "Stopped")
                self.assertEqual(second.request("start")["phase"], "Ready")
                self.assertEqual(slow.result()["release"], 1)
            first.begin("stop")
            self.see(watcher, "Stopped")
            first.begin("start")
            self.see(watcher, "Ready")
            self.assertEqual(second.request("stop")["phase"], "Stopped")

    def told_of_slow_requests(self) -> int:
        """How many slow requests a worker has begun to answer."""
        return sum(line["m"] == "slow" for line in self.log())

    def see(self, watcher: Client, phase: str) -> None:
        """Wait for the state that says so."""
        while (event := watcher.read()).get("state", {}).get("phase") != phase:
            self.assertEqual(event["event"], "state")

    def test_a_watcher_does_not_keep_a_model_whose_first_deploy_was_cancelled(self) -> None:
        watcher = self.client()
        watcher.request("watch")
        deploying = self.client()
        deploying.request("acquire", purpose="deploy")
        deploying.close()
        eventually(lambda: not self.folder.exists(), "the model has gone")

    def test_a_second_supervisor_finds_the_first(self) -> None:
        before = (self.folder / "supervisor.json").read_text()
        for _ in range(3):
            self.launch()
        self.assertEqual((self.folder / "supervisor.json").read_text(), before)
        self.assertEqual(len(self.workers()), 1)
        self.assertEqual((self.folder / "supervisor.json").stat().st_mode & 0o777, 0o600)

    def test_launched_many_times_at_once_there_is_one(self) -> None:
        os.kill(self.client().pid, signal.SIGKILL)
        eventually(lambda: not self.workers(), "the supervisor is dead")
        command = [
            sys.executable,
            str(self.runtime / "supervisor.py"),
            "--home",
            str(self.home),
            "--model",
            "iris",
        ]
        launches = [subprocess.Popen(command) for _ in range(6)]
        self.assertEqual([launch.wait(60) for launch in launches], [0] * 6)
        self.assertEqual(self.workers(), [self.client().pid])

    def test_protocol_mismatch_and_requests_before_hello(self) -> None:
        with self.refused("ProtocolMismatch") as error:
            Client(self.folder, {"protocol": 2})
        self.assertEqual(error["protocol"], 1)
        with self.refused("BadRequest"):
            Client(self.folder, greet=False).request("status")

    def test_garbage_ends_the_connection_and_nothing_else(self) -> None:
        good = self.client()
        for garbage in (
            b"\xff\xfe\x00\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"[1]\n",
            b"[" * 100_000 + b"\n",
            b"x" * 6_000_000,
            b"\n",
        ):
            client = Client(self.folder, greet=False)
            try:
                client.sock.sendall(garbage)
                answer = client.file.readline()
                self.assertIn(b"BadRequest", answer)
                self.assertEqual(client.file.readline(), b"")
            except ConnectionError:
                pass  # closed while the garbage was still being sent
            finally:
                client.close()
        late = self.client()
        late.sock.sendall(b'{"id": 1, "op": "status"}{\n')
        self.assertIn(b"BadRequest", late.file.readline())
        with self.refused("BadRequest"):
            good.request("fly")
        with self.refused("BadRequest"):
            good.request("scale", replicas="many")
        with self.refused("BadRequest"):
            good.request("deploy", release={"bundle": "relative"})
        with self.refused("ReleaseMissing"):
            good.request("start")
        self.assertEqual(good.request("status")["phase"], "Pending")

    def test_rapid_changes_reach_a_watcher_coalesced_and_the_last_one_always(self) -> None:
        watcher, client = self.client(), self.client()
        watcher.request("watch")
        self.assertEqual(watcher.read()["state"]["replicas"]["desired"], 1)
        for number in range(200):
            client.request("scale", replicas=number % 60 + 1)
        states = []
        while not states or states[-1]["replicas"]["desired"] != 199 % 60 + 1:
            states.append(watcher.read()["state"])
        self.assertLess(len(states), 150)

    def test_a_supervisor_of_no_use_ends_and_removes_its_folder(self) -> None:
        client = self.client()
        self.assertEqual(client.request("status")["phase"], "Pending")
        client.close()
        eventually(lambda: not self.workers(), "the supervisor has ended", 20)
        self.assertEqual(list((self.home / "models").iterdir()), [])

    def test_a_wrong_name_is_refused(self) -> None:
        command = [
            sys.executable,
            str(self.runtime / "supervisor.py"),
            "--home",
            str(self.home),
            "--model",
            "../x",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a model's name", done.stderr)

    def test_the_launcher_leaves_nothing_of_the_terminal_behind(self) -> None:
        pid = self.client().pid
        about = Path(f"/proc/{pid}")
        fields = (about / "stat").read_text().rpartition(")")[2].split()
        self.assertEqual(fields[4], "0", "no controlling terminal")
        self.assertNotEqual(int(fields[1]), os.getpid())
        self.assertEqual(os.readlink(about / "cwd"), str(self.home))
        self.assertEqual({os.readlink(about / "fd" / str(number)) for number in range(3)}, {os.devnull})


class TcpControl(SupervisorCase):
    environment = {"SLIPWAY_CONTROL": "tcp"}

    def test_a_loopback_port_with_a_token(self) -> None:
        self.launch()
        about = json.loads((self.folder / "supervisor.json").read_text())
        self.assertTrue(about["control"].startswith("tcp:127.0.0.1:"))
        self.assertEqual(self.client().request("status")["phase"], "Pending")
        for token in ("", "wrong", None, about["token"][:-1]):
            with self.refused("NotAllowed"):
                Client(self.folder, {"token": token})
        self.launch()  # finds the first one by its token
        self.assertEqual(json.loads((self.folder / "supervisor.json").read_text()), about)


class LongHome(SupervisorCase):
    def test_a_long_home_puts_the_socket_into_a_private_folder(self) -> None:
        self.home = self.root / ("ü" * 50) / ("long " * 10)
        self.home.mkdir(parents=True)
        self.folder = self.home / "models" / "iris"
        runtime_dir = self.root / "run"
        runtime_dir.mkdir()
        self.launch(XDG_RUNTIME_DIR=str(runtime_dir))
        path = json.loads((self.folder / "supervisor.json").read_text())["control"][len("unix:") :]
        self.assertLess(len(os.fsencode(path)), 100)
        self.assertEqual(Path(path).parent.stat().st_mode & 0o777, 0o700)
        client = self.client()
        self.assertEqual(client.request("remove"), {})
        self.assertFalse(Path(path).exists())


if __name__ == "__main__":
    unittest.main()
