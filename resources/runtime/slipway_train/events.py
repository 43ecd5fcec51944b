"""Events on standard output, one JSON object a line.

started {cells}; cell {index, id, state: running|done|skipped|failed, ms?, firstLine?}; output {index,
stream, text}; pip {index, requirement | null, line}; missing {module, distribution?, optional, message};
finding {code, module, file}; inputs {recorded, files: [{path, outside}], network: ["host:port"], written:
[path]}; done {artifact}; failed {code, message, index?, id?, line?, ename?, evalue?, traceback?, variable?,
path?} with code NotebookInvalid, UnknownParameter, CellFailed, KernelDied, Timeout, PredictMissing,
SnapshotFailed, ExampleFailed or WriteFailed.

`cells` is the number of code cells and `index` counts them from 0, empty ones too (they are told as skipped);
Markdown and raw cells have no index and no events.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from slipway_train.redaction import redact


class Events:
    """Owns the real standard output; whatever else writes to descriptor 1 afterwards goes to standard
    error.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._descriptor = os.dup(1)
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self.secrets: dict[str, str] = {}

    def emit(self, event: str, **fields: Any) -> None:
        """Write one event; fields that are None stay out, except where null has a meaning (`requirement`)."""
        kept = {key: value for key, value in fields.items() if value is not None or key == "requirement"}
        data = (json.dumps({"event": event, **redact(kept, self.secrets)}) + "\n").encode()
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
