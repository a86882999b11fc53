"""Documents that harm whoever composes them, as a fault in a library might."""

from __future__ import annotations

import os
import signal

from gateway.rendering.workers import MEMORY, compose_edition
from gateway.usecases.composing import Composed, Task

HANG, DIE, RAISE = b"this one hangs", b"this one kills", b"this one raises"
GREED = b"this one takes memory"


def compose(task: Task, base_url: str) -> Composed:
    """Compose, unless the document says how it does harm."""
    body = task.submission.body
    while HANG in body:
        pass
    if DIE in body:
        os.kill(os.getpid(), signal.SIGKILL)
    if GREED in body:
        bytearray(3 * MEMORY // 2)
    if RAISE in body:
        raise RecursionError(body.decode())
    return compose_edition(task, base_url)
