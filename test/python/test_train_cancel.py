"""Cancelling a run mid-cell leaves no process, no artifact and a valid notebook."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from train_harness import TrainCase, cell

CELLS = {
    "busy loop": "while True:\n    pass",
    "sleep": "import time\ntime.sleep(3600)",
    "child in a session of its own": "import subprocess, sys\nc = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], start_new_session=True)\nprint(c.pid)\nc.wait()",
    "ignores the interrupt": "import signal\nfor n in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(n, signal.SIG_IGN)\nwhile True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
}


class CancelTest(TrainCase):
    def test_end_of_input_and_signals(self) -> None:
        for name, source in CELLS.items():
            for how in ("end of input", "SIGTERM"):
                with self.subTest(name, how=how):
                    self._cancel(source, how)

    def _cancel(self, source: str, how: str) -> None:
        process = self.start(
            [cell("import os\nprint('kernel', os.getpid())"), cell("print('last', flush=True)\n" + source)]
        )
        assert process.stdout is not None and process.stdin is not None
        pids: list[int] = []
        for line in process.stdout:
            event = json.loads(line)
            pids += [int(word) for word in event.get("text", "").split() if word.isdigit()]
            if "last" in event.get("text", "") and ("Popen" not in source or len(pids) > 1):
                break
            if "Popen" in source and len(pids) > 1:
                break
        self.assertTrue(pids)
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        self.assertEqual(process.wait(60), 130)
        deadline = time.monotonic() + 20
        while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
            os.sched_yield()
        self.assertEqual([pid for pid in pids if _alive(pid)], [])
        self.assertEqual(sorted(item.name for item in self.folder.iterdir() if item.name.startswith("artifact")), [])
        self.assertEqual(list((self.folder / "k").iterdir()), [])
        self.assertEqual(self.executed()["cells"][0]["outputs"][0]["output_type"], "stream")


def _alive(pid: int) -> bool:
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
