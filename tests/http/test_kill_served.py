"""Whoever is killed, and whenever: what was acknowledged is so, and what was not told is told."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Thread

from gateway.stores.sql.ledger import open_ledger
from tests.faults.memories import embedded_in
from tests.faults.processes import children_of, is_alive, living_in
from tests.http.served import TIMEOUT, Served, serving
from tests.support.servers import comes_true

PAUSE = 0.05  # seconds between two rights: each of them is looked at again in the end
GRANT = {"scope": "document:report"}


@dataclass
class Right:
    """One right, as far as its publisher and its reader have heard of it."""

    order: str
    id: str = ""
    token: str = ""
    cookie: str = ""
    is_begun: bool = False  # to be taken back
    is_revoked: bool = False

    def is_right(self, status: int) -> bool:
        """Return whether a read of it may be answered so."""
        if self.is_revoked:
            return status == 403
        return status == 200 or (self.is_begun and status == 403)


@dataclass
class Client(Thread):
    """Grants, redeems and revokes, and notes what was acknowledged."""

    gateway: Served
    rights: list[Right] = field(default_factory=list)
    served: list[Right] = field(default_factory=list)  # after their revocation was acknowledged
    doing: str = ""  # what it waits for an answer to

    def __post_init__(self) -> None:
        super().__init__()
        self._is_over = Event()

    __hash__ = Thread.__hash__

    def run(self) -> None:
        for number in count():
            if self._is_over.is_set():
                return
            right = Right(f"order-{number}")
            self.rights.append(right)
            try:
                self._go(right, number)
            except ConnectionRefusedError:
                if not right.id:  # nobody was there to hear of it
                    self.rights.remove(right)
            except (OSError, http.client.HTTPException):
                pass  # what was acknowledged is noted; the rest may be so or not
            self.doing = ""
            self._is_over.wait(PAUSE)

    @property
    def revoked(self) -> int:
        return sum(right.is_revoked for right in self.rights)

    def _go(self, right: Right, number: int) -> None:
        self.doing = "grant"
        made = self.gateway.order("POST", "/api/grants", GRANT, right.order)
        if made.status != 201:
            return
        right.id, right.token = made.json["id"], made.json["token"]
        self.doing = "redeem"
        redeemed = self.gateway.unlock(right.token)
        right.cookie = redeemed.cookie if redeemed.status == 303 else ""
        if number % 2:
            self._revoke(right)

    def _revoke(self, right: Right) -> None:
        right.is_begun, self.doing = True, "revoke"
        status = self.gateway.order("DELETE", f"/api/grants/{right.id}").status
        right.is_revoked = status in (202, 204)
        if status == 204 and self.gateway.read(token=right.token).status == 200:
            self.served.append(right)

    def stop(self) -> None:
        self._is_over.set()
        self.join()


# --- whom to kill ------------------------------------------------------------------------------


def everything(gateway: Served, data: Path) -> None:
    family = children_of(gateway.process.pid)
    gateway.kill()
    # The port is free again when the last of them is gone.
    assert comes_true(lambda: not any(map(is_alive, family)), TIMEOUT)
    gateway.begin()


def a_worker(gateway: Served, data: Path) -> None:
    worker = gateway.workers()[-1]
    os.kill(worker, signal.SIGKILL)
    assert comes_true(lambda: worker not in gateway.workers(), TIMEOUT)


def the_redis(gateway: Served, data: Path) -> None:
    for process in living_in(embedded_in(data).socket.parent):
        os.kill(process, signal.SIGKILL)


TARGETS: tuple[Callable[[Served, Path], None], ...] = (a_worker, everything, the_redis)


Kill = tuple[Callable[[Served, Path], None], str]


def test_nothing_that_was_acknowledged_is_lost_and_every_change_is_told(tmp_path: Path) -> None:
    kill_and_look(tmp_path, zip(TARGETS, ("revoke", "grant", "redeem"), strict=True))


def kill_and_look(folder: Path, kills: Iterable[Kill]) -> None:
    """Kill whoever is named while a client waits for its answer to something."""
    data = folder / "data"
    with serving(folder) as (gateway,):
        client = Client(gateway)
        client.start()
        try:
            for target, doing in kills:
                assert comes_true(lambda doing=doing: client.doing == doing, TIMEOUT)  # type: ignore[misc]
                target(gateway, data)
                gateway.wait()
            last = client.revoked
            assert comes_true(lambda: client.revoked > last + 1, TIMEOUT)
        finally:
            client.stop()
        assert client.served == []
        assert comes_true(lambda: asyncio.run(outbox(data)) == 0, TIMEOUT)
        assert lost(gateway, client.rights) == []


async def outbox(data: Path) -> int:
    ledger = await open_ledger(f"sqlite:///{data}/ledger.db")
    try:
        return len(await ledger.outbox(1_000))
    finally:
        await ledger.close()


def lost(gateway: Served, rights: list[Right]) -> list[str]:
    """Return what was acknowledged and is not so."""
    wrong = []
    for right in rights:
        # An order whose answer nobody heard makes no second right when it is sent again.
        again = gateway.order("POST", "/api/grants", GRANT, right.order).json
        if right.id not in ("", again["id"]):
            wrong.append(f"{right.order} is another grant")
        if not right.is_right(gateway.read(token=again["token"]).status):
            wrong.append(f"{right} by token")
        if right.cookie and not right.is_right(gateway.read(cookie=right.cookie).status):
            wrong.append(f"{right} by cookie")
    return wrong
