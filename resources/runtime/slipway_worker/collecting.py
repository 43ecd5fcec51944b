"""How often garbage is looked for while a model loads."""

from __future__ import annotations

import contextlib
import gc
from typing import Iterator

_TIMES = 10


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """
    Look a tenth as often: nearly all that loading makes stays, and to look through it takes an eighth of the time that
    libraries take to load. It stays bounded, as the user's code may train. What that code sets itself is left to it.
    """
    first, *others = gc.get_threshold()
    raised = (first * _TIMES, *others)
    gc.set_threshold(*raised)
    try:
        yield
    finally:
        if gc.get_threshold() == raised:
            gc.set_threshold(first, *others)
