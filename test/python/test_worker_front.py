"""Requests that the predicting thread answers by itself, and those it leaves to the event loop: answers are the same."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from supervisor_harness import NEEDS_PYTHON, SupervisorCase, eventually

MODEL = """
import pathlib, time
class Model:
    def predict(self, data):
        if isinstance(data, dict) and "until" in data:
            pathlib.Path(data["until"] + ".begun").write_text("")
            while not pathlib.Path(data["until"]).exists():
                time.sleep(0.005)
        if isinstance(data, dict) and "seconds" in data:
            time.sleep(data["seconds"])
        if isinstance(data, dict) and "long" in data:
            return "y" * data["long"]
        if data == "raise":
            raise ValueError("no")
        return float("nan") if data == "nan" else data
"""
ENTRY = {"kind": "modelFile", "path": "project/model.pkl", "format": "pickle"}
PATH = "/invocations"


def predicting(case: SupervisorCase, extra: str = "", **limits: float) -> dict[str, Any]:
    """A release whose model answers with what it was given, sooner or later."""
    release = case.release(MODEL + extra, {"entry": ENTRY, "limits": limits})
    Path(release["bundle"], "project", "model.pkl").write_bytes(b"\x80\x02capp\nModel\n)\x81.")
    return release


class Wire:
    """One connection, with bytes as they are."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")

    def send(self, *parts: bytes) -> Wire:
        for part in parts:
            self.sock.sendall(part)
        return self

    def read(self) -> tuple[bytes, bytes]:
        """Head without its date, and body."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.file.readline()
            if not line:
                raise EOFError(head)
            head += line
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = self.file.read(int(length.group(1)) if length else 0)
        return re.sub(rb"(?i)\r\ndate: [^\r]*", b"", head), body

    def ended(self) -> bool:
        return self.file.read(1) == b""

    def close(self) -> None:
        self.file.close()
        self.sock.close()


def post(value: Any, *fields: str, path: str = PATH) -> bytes:
    body = value if isinstance(value, bytes) else json.dumps({"inputs": value}).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *fields, "", ""]).encode() + body


LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@NEEDS_PYTHON
class Front(SupervisorCase):
    def setUp(self) -> None:
        super().setUp()
        self.wires: list[Wire] = []

    def start(self, environment: dict[str, str] | None = None, extra: str = "", **limits: float) -> int:
        """A worker by itself; its port."""
        release = predicting(self, extra, **limits)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        command = [release["python"], "-u", str(self.runtime / "worker.py"), "--bundle", release["bundle"]]
        command += ["--support", release["support"], "--model", "iris", "--version", "1", "--port", str(self.port)]
        pipe = subprocess.PIPE
        env = {**os.environ, "SLIPWAY_DRAIN_SECONDS": "0", **(environment or {})}
        self.worker = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env)
        self.addCleanup(self.worker.communicate)
        self.addCleanup(self.worker.kill)
        eventually(self.answers, "the worker answers")
        return self.port

    def answers(self) -> bool:
        with contextlib.suppress(OSError, EOFError):
            wire = Wire(self.port)
            try:
                return wire.send(LIVE).read()[0].startswith(b"HTTP/1.1 200")
            finally:
                wire.close()
        return False

    def wire(self) -> Wire:
        wire = Wire(self.port)
        self.addCleanup(wire.close)
        self.wires.append(wire)
        return wire

    def answered(self, count: int) -> list[Wire]:
        """Connections that were used and are kept."""
        kept = [self.wire().send(post(at)) for at in range(count)]
        for wire in kept:
            wire.read()
        return kept

    def hold(self, name: str = "flag") -> tuple[Wire, Path]:
        """A connection whose prediction has begun, and the file that it waits for."""
        flag = self.root / name
        self.addCleanup(flag.write_text, "")
        wire = self.wire().send(post({"until": str(flag)}))
        eventually(Path(f"{flag}.begun").exists, "predict has begun")
        return wire, flag

    def metric(self, name: str) -> float:
        wire = self.wire().send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        found = re.search(rf"^{name}\S* (\S+)$".encode(), wire.read()[1], re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def test_answers_are_those_of_the_event_loop(self) -> None:
        self.start()
        bodies: list[Any] = [[1, "é"], "raise", "nan", b"{", b'{"inputs": NaN}', b"\xff", b"", b'{"instances": 3}']
        kept = self.wire()
        for body in bodies:
            # A query makes a request that is not plain.
            theirs = self.wire().send(post(body, path=f"{PATH}?")).read()
            self.assertEqual(kept.send(post(body)).read(), theirs)
        self.assertIn(b"200 OK", kept.send(post(1)).read()[0])
        self.assertEqual(kept.send(post(1, path="/nowhere")).read()[0].split(b" ")[1], b"404")

    def test_requests_in_pieces_and_several_in_one(self) -> None:
        self.start()
        whole, wire = post([1, 2]), self.wire()
        for cut in (1, 30, len(whole) - 12, len(whole) - 1):
            wire.send(whole[:cut])
            eventually(self.answers, "others are answered meanwhile")
            self.assertEqual(wire.send(whole[cut:]).read()[1], b'{"predictions":[1,2]}')
        wire.send(*(whole[at : at + 1] for at in range(len(whole))))
        self.assertEqual(wire.read()[1], b'{"predictions":[1,2]}')
        wire.send(post("one") + post("two") + LIVE)
        self.assertEqual(
            [wire.read()[1] for _ in range(3)], [b'{"predictions":"one"}', b'{"predictions":"two"}', b'{"live":true}']
        )

    def test_what_is_not_plain_goes_to_the_event_loop(self) -> None:
        self.start(requestBytes=200_000)
        chunked = post(b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
        piece = b'{"inputs": 7}'
        self.assertEqual(self.wire().send(chunked, b"d\r\n" + piece + b"\r\n0\r\n\r\n").read()[1], b'{"predictions":7}')
        whole = post(5, "Expect: 100-continue")
        wire = self.wire().send(whole[:-13])
        self.assertTrue(wire.read()[0].startswith(b"HTTP/1.1 100"))
        self.assertEqual(wire.send(whole[-13:]).read()[1], b'{"predictions":5}')
        wire = self.wire().send(post(5, "Connection: close"))
        self.assertIn(b"connection: close", wire.read()[0])
        self.assertTrue(wire.ended())
        large = "x" * 100_000
        self.assertEqual(json.loads(self.wire().send(post(large)).read()[1]), {"predictions": large})
        self.assertIn(b" 413 ", self.wire().send(post("x" * 300_000)).read()[0])
        twice = post(5, "Content-Length: 3")
        self.assertIn(b" 400 ", self.wire().send(twice).read()[0])
        self.assertIn(b" 400 ", self.wire().send(b"no request at all\r\n\r\n").read()[0])
        gone = self.wire().send(post("x")[:40])
        gone.close()
        self.assertTrue(self.answers())

    def test_a_long_answer_waits_for_who_reads_slowly(self) -> None:
        self.start()
        wire = self.wire()
        for size in (100, 8_000_000, 100, 8_000_000):
            wire.send(post({"long": size}))
            eventually(self.answers, "others are answered meanwhile")
            self.assertEqual(len(wire.read()[1]), size + len('{"predictions":""}'))

    def test_nobody_waits_for_a_long_prediction(self) -> None:
        self.start()
        kept = self.answered(5)
        slow, flag = self.hold()
        begun = time.monotonic()
        for wire in [*kept, self.wire(), self.wire()]:
            self.assertEqual(wire.send(LIVE).read()[1], b'{"live":true}')
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(self.metric("slipway_requests_in_flight"), 1)
        waiting = self.wire().send(post("next"))
        flag.write_text("")
        self.assertEqual(json.loads(slow.read()[1])["predictions"]["until"], str(flag))
        self.assertEqual(waiting.read()[1], b'{"predictions":"next"}')
        self.assertEqual(slow.send(post("again")).read()[1], b'{"predictions":"again"}')
        eventually(lambda: self.metric("slipway_requests_in_flight") == 0, "none is in flight")
        self.assertEqual(self.metric("slipway_requests_total"), 8)

    def test_a_prediction_that_does_not_end(self) -> None:
        self.start(timeoutSeconds=0.3)
        slow, flag = self.hold()
        self.assertIn(b" 504 ", slow.read()[0])
        self.assertIn(b" 503 ", self.wire().send(LIVE).read()[0])
        self.assertIn(b" 503 ", slow.send(post("x")).read()[0])
        flag.write_text("")
        eventually(self.answers, "it is alive again")
        self.assertEqual(slow.send(post("x")).read()[1], b'{"predictions":"x"}')

    def test_no_more_wait_than_may(self) -> None:
        self.start(concurrency=3)
        kept = [self.wire() for _ in range(6)]
        for wire in kept:
            self.assertIn(b" 200 ", wire.send(post(0)).read()[0])
        kept[0].send(LIVE).read()  # this one is the event loop's now
        slow, flag = self.hold()
        for wire in kept:
            wire.send(post("waits"))
        series = 'slipway_requests_total{model="iris",route="invocations",code="503"'
        eventually(lambda: self.metric(re.escape(series)) == 4, "four are refused")
        flag.write_text("")
        answers = sorted(wire.read()[0].split(b" ")[1] for wire in kept)
        self.assertEqual(answers, [b"200"] * 2 + [b"503"] * 4)
        self.assertIn(b" 200 ", slow.read()[0])

    def test_the_end_answers_what_has_begun_and_each_connection_once_more(self) -> None:
        self.start()
        kept = self.answered(3)
        slow, flag = self.hold()
        self.worker.send_signal(signal.SIGTERM)
        for wire in kept[:2]:
            self.assertIn(b"\r\nconnection: close", wire.send(LIVE).read()[0])
            self.assertTrue(wire.ended())
        kept[2].send(post("last"))
        flag.write_text("")
        for wire, answer in ((slow, str(flag)), (kept[2], "last")):
            head, body = wire.read()
            self.assertIn(b"\r\nconnection: close", head)
            self.assertIn(answer.encode(), body)
            self.assertTrue(wire.ended())
        self.assertEqual(self.worker.wait(30), 0)

    def test_many_at_once_around_the_time_at_which_the_loop_takes_over(self) -> None:
        self.start()
        failures: list[str] = []

        def ask(seed: int) -> None:
            dice = random.Random(seed)
            wire = Wire(self.port)
            for at in range(25):
                given = {"who": [seed, at], "seconds": dice.choice([0, 0, 0, dice.uniform(0.04, 0.08)])}
                answer = wire.send(post(given)).read()
                if json.loads(answer[1]) != {"predictions": given}:
                    failures.append(f"{given}: {answer!r}")
            wire.close()

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        eventually(lambda: self.metric("slipway_requests_total") == 200, "all are counted")
        eventually(lambda: self.metric("slipway_requests_in_flight") == 0, "none is in flight")

    def test_redeploys_under_load_fail_no_request(self) -> None:
        self.launch()
        client = self.client()
        client.request("deploy", release=predicting(self), readyTimeoutSeconds=60.0)
        port = client.request("deploy", release=predicting(self), readyTimeoutSeconds=60.0)["port"]
        failures: list[str] = []
        counts: list[int] = []
        end = threading.Event()

        def ask(seed: int) -> None:
            count = 0
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            while not end.is_set():
                count += 1
                value = {"who": [seed, count], "seconds": 0.08 if count % 20 == 0 and seed == 0 else 0}
                try:
                    connection.request("POST", PATH, json.dumps({"inputs": value}))
                    answer = connection.getresponse()
                    body = answer.read()
                    if answer.status != 200 or json.loads(body) != {"predictions": value}:
                        failures.append(f"{answer.status} {body!r}")
                except (OSError, http.client.HTTPException) as error:
                    failures.append(repr(error))
                    connection.close()
                if seed % 2:
                    connection.close()
            counts.append(count)
            connection.close()

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                client.request("deploy", release=predicting(self), readyTimeoutSeconds=60.0)
        finally:
            end.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(min(counts), 20)

    def test_a_connection_that_is_not_used_is_closed(self) -> None:
        self.start(extra="import slipway_worker.serving\nslipway_worker.serving.KEEP_ALIVE_SECONDS = 0.5")
        unused, used = self.wire(), self.wire()
        self.assertEqual(used.send(post(1)).read()[1], b'{"predictions":1}')
        self.assertTrue(used.ended())
        self.assertEqual(unused.send(post(2)).read()[1], b'{"predictions":2}')

    def test_below_a_path(self) -> None:
        self.start({"SLIPWAY_ROOT_PATH": "/iris"})
        wire = self.wire()
        for path in (PATH, f"/iris{PATH}"):
            self.assertEqual(wire.send(post(1, path=path)).read()[1], b'{"predictions":1}')
        self.assertEqual(self.metric("slipway_requests_total"), 2)

    def test_a_key_is_asked_for(self) -> None:
        self.start({"SLIPWAY_API_KEY": "k"})
        wire = self.wire()
        good = post(1, "Authorization: Bearer k")
        self.assertEqual(wire.send(good).read()[1], b'{"predictions":1}')
        self.assertIn(b" 401 ", wire.send(post(1)).read()[0])
        self.assertIn(b" 401 ", self.wire().send(post(1, "Authorization: Bearer no")).read()[0])

    def test_every_request_is_counted_and_logged(self) -> None:
        self.start()
        wire = self.wire()
        for at in range(10):
            wire.send(post(at)).read()
        self.assertEqual(self.metric("slipway_requests_total"), 10)
        for each in self.wires:
            each.close()
        self.worker.send_signal(signal.SIGTERM)
        output, errors = self.worker.communicate(timeout=30)
        self.assertEqual(len(re.findall(r"^POST /invocations 200 \d+\.\dms$", output, re.MULTILINE)), 10)
        self.assertEqual((self.worker.returncode, errors), (0, ""))


if __name__ == "__main__":
    unittest.main()
