"""The supervisor of one model: a small detached process, standard library only, that outlives the editor.

It owns the model's folder, its listening socket and its worker processes. Clients talk to it with JSON
lines over a control socket (`control.py`); `operations.py` holds what they may ask for.
"""

from __future__ import annotations

PROTOCOL = 1
"""Number of the control protocol. A client that speaks another one is refused with `ProtocolMismatch`."""
