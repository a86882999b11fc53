"""How fast a client is, and which one is too slow to wait for. It reads no clock."""

from __future__ import annotations

from dataclasses import dataclass

TIMEOUT = 20.0  # seconds that a request may take, or that an answer may wait to be taken;
SLOWEST = 4096  # a request has one more for every so many bytes of it that came
MAX_HEAD = 64 << 10  # bytes of a request's first line and headers


@dataclass(slots=True)
class Pace:
    """How fast a client sends its requests and takes its answers; times in seconds."""

    last: float  # when the last request was whole
    begun: float = 0.0  # when the one that is coming began, 0 where none is
    taken: int = 0  # bytes of it
    is_in_head: bool = False
    is_awaited: bool = False  # something waits for the client to take it
    took: int = 0  # what told how much it has taken
    moved: float = 0.0  # when it last took some

    def begin(self, now: float) -> None:
        """Note the first byte of a request."""
        self.begun, self.taken, self.is_in_head = now, 0, True

    def end(self, now: float) -> None:
        """Note the last byte of a request."""
        self.begun, self.last = 0.0, now

    def wait_for_us(self, now: float) -> None:
        """Start anew: it is not the client that keeps the request from coming."""
        if self.begun:
            self.begun, self.taken = now, 0

    @property
    def has_too_long_a_head(self) -> bool:
        """Return whether a head goes on and on; ask after what came together is parsed."""
        return self.is_in_head and self.taken > MAX_HEAD

    def is_slow(self, now: float) -> bool:
        """Return whether a request takes longer than a slow line excuses."""
        return self.begun > 0 and now - self.begun > TIMEOUT + self.taken / SLOWEST

    def is_stuck(self, unsent: int, took: int, now: float) -> bool:
        """Return whether the client has stopped to take what it asked for; ask now and then.

        unsent: bytes that wait for it. took: bytes that it has taken, or what changes with them.
        """
        if unsent == 0 or not self.is_awaited or took != self.took:
            self.moved = now
        self.is_awaited, self.took = unsent > 0, took
        return unsent > 0 and now - self.moved > TIMEOUT
