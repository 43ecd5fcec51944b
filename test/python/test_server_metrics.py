"""Counters over workers, and the access log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from server_harness import Client, ServerCase, infer, tensor
from slipway_server.accesslog import LINES_PER_SECOND
from slipway_server.metrics import Metrics

ECHO = "def predict(x: list):\n    return x\nexample = [1]\n"
ONE = tensor("x", "INT64", [1], [1])
DIES = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from slipway_server.metrics import IN_FLIGHT, Metrics
metrics = Metrics(Path(sys.argv[2]))
metrics.request("infer", 200, 0.2)
metrics.add(IN_FLIGHT, 1)
os._exit(9)
"""


def series(text: bytes) -> dict[str, float]:
    """Samples of an exposition; fails on a line that the format does not allow."""
    found = {}
    for line in text.decode().splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})) ([0-9.e+-]+)', line)
            assert match, line
            found[match.group(1)] = float(match.group(2))
    return found


class Counters(ServerCase):
    def test_requests_of_two_workers_are_summed(self) -> None:
        root, shared = self.snapshot(ECHO), self.folder / "metrics"
        clients = [Client(self.app(root, shared)) for _ in range(2)]
        for client in clients:
            self.addCleanup(client.close)
            self.assertEqual(infer(client, ONE).status, 200)
        clients[0]("GET", "/missing")
        found = series(clients[1]("GET", "/metrics").body)
        self.assertEqual(found['slipway_requests_total{model="m",route="infer",code="200"}'], 2)
        self.assertEqual(found['slipway_requests_total{model="m",route="other",code="404"}'], 1)
        self.assertEqual(found['slipway_request_seconds_count{model="m"}'], 3)
        self.assertEqual(found['slipway_request_seconds_bucket{model="m",le="+Inf"}'], 3)
        self.assertEqual(found['slipway_requests_in_flight{model="m"}'], 0)
        self.assertEqual(found['slipway_model_load_seconds_count{model="m"}'], 2)

    def test_counters_of_dead_workers_stay_and_their_gauges_go(self) -> None:
        shared = self.folder / "metrics"
        runtime = Path(__file__).parents[2] / "resources/runtime"
        for _ in range(3):
            died = subprocess.run([sys.executable, "-c", DIES, str(runtime), str(shared)], check=False)
            self.assertEqual(died.returncode, 9)
        for workers in (1, 2):
            metrics = Metrics(shared)
            found = series(metrics.render('model="m"'))
            metrics.close()
            self.assertEqual(found['slipway_requests_total{model="m",route="infer",code="200"}'], 3, workers)
            self.assertEqual(found.get('slipway_requests_in_flight{model="m"}', 0), 0)
        if os.name == "posix":
            self.assertEqual(len(list(shared.glob("*.counters"))), 1)

    def test_errors_are_counted(self) -> None:
        call = self.serve("def predict(x: list):\n    return 1 // x[0]\nexample = [1]\n")
        infer(call, tensor("x", "INT64", [1], [0]))
        self.assertEqual(series(call("GET", "/metrics").body)['slipway_errors_total{model="m"}'], 1)


class Log(ServerCase):
    def test_one_short_line_each_capped_and_without_health(self) -> None:
        call = self.serve(ECHO)
        for _ in range(500):
            infer(call, ONE)
            call("GET", "/v2/health/ready")
        call.app.close()
        lines = self.output.getvalue().splitlines()
        self.assertRegex(lines[0], r"^POST /v2/models/m/infer 200 [0-9.]+ms$")
        written = [line for line in lines if line.startswith("POST")]
        skipped = sum(int(line.split()[1]) for line in lines if line.startswith("…"))
        self.assertEqual(len(written) + skipped, 500)
        self.assertGreaterEqual(len(written), LINES_PER_SECOND)
        self.assertNotIn("health", self.output.getvalue())
