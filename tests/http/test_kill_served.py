"""Whoever is killed, and whenever: what was acknowledged is so, and what was not told is told."""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Thread

from gateway.stores.sql import open_ledger
from tests.faults.memories import embedded_in
from tests.faults.processes import children_of, is_alive, living_in
from tests.http.served import PATIENCE, Served, serving
from tests.servers import comes_true

KILLS = int(os.environ.get("PAIDGATE_KILLS", "30")) // 10
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
        """Tell whether a read of it may be answered so."""
        if self.is_revoked:
            return status == 403
        return status == 200 or (self.is_begun and status == 403)


@dataclass
class Client(Thread):
    """Grants, redeems and revokes, and notes what was acknowledged."""

    gateway: Served
    rights: list[Right] = field(default_factory=list)
    served: list[Right] = field(default_factory=list)  # after their revocation was acknowledged
    steps: int = 0

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
            self._is_over.wait(PAUSE)

    def _go(self, right: Right, number: int) -> None:
        made = self.gateway.order("POST", "/api/grants", GRANT, right.order)
        if made.status != 201:
            return
        right.id, right.token = made.json["id"], made.json["token"]
        self.steps += 1
        redeemed = self.gateway.unlock(right.token)
        right.cookie = redeemed.cookie if redeemed.status == 303 else ""
        self.steps += 1
        if number % 2:
            self._revoke(right)

    def _revoke(self, right: Right) -> None:
        right.is_begun = True
        status = self.gateway.order("DELETE", f"/api/grants/{right.id}").status
        right.is_revoked = status in (202, 204)
        self.steps += 1
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
    assert comes_true(lambda: not any(map(is_alive, family)), PATIENCE)
    gateway.begin()


def a_worker(gateway: Served, data: Path) -> None:
    worker = gateway.workers()[-1]
    os.kill(worker, signal.SIGKILL)
    assert comes_true(lambda: worker not in gateway.workers(), PATIENCE)


def the_redis(gateway: Served, data: Path) -> None:
    for process in living_in(embedded_in(data).socket.parent):
        os.kill(process, signal.SIGKILL)


TARGETS: tuple[Callable[[Served, Path], None], ...] = (a_worker, everything, the_redis)


def test_nothing_that_was_acknowledged_is_lost_and_every_change_is_told(tmp_path: Path) -> None:
    chance, data = random.Random(1), tmp_path / "data"
    with serving(tmp_path) as (gateway,):
        client = Client(gateway)
        client.start()
        try:
            for number in range(KILLS):
                pace = steps(client, chance.randrange(2, 6))
                Event().wait(1.2 * pace * chance.random())
                TARGETS[number % len(TARGETS)](gateway, data)
                gateway.wait()
            steps(client, 3)
        finally:
            client.stop()
        assert client.served == []
        assert comes_true(lambda: asyncio.run(outgoing(data)) == 0, PATIENCE)
        assert lost(gateway, client.rights) == []
        assert sum(right.is_revoked for right in client.rights) > 1


def steps(client: Client, number: int) -> float:
    """Wait until a client has done some more steps; return how long one takes."""
    first, began = client.steps, time.perf_counter()
    assert comes_true(lambda: client.steps >= first + number, PATIENCE)
    return (time.perf_counter() - began) / number


async def outgoing(data: Path) -> int:
    ledger = await open_ledger(f"sqlite:///{data}/ledger.db")
    try:
        return len(await ledger.outgoing(1_000))
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
