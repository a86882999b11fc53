"""What is changed or taken away while it is looked at is no damage, whenever that happens."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.app import Services, build_services
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Missing
from gateway.ports import Ledger
from gateway.settings import load
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.memory import MemoryLedger
from gateway.stores.s3.bucket import Bucket
from gateway.stores.s3.public_store import ObjectPublicStore
from gateway.stores.s3.vault import ObjectVault
from gateway.usecases.granting import GrantRequest
from gateway.usecases.reading import Credential
from gateway.usecases.submissions import Submission
from tests.support.services import SECRET, FrozenClock

pytestmark = pytest.mark.anyio

HERE = Address("demo", "d")
SOURCE = "---\ndate: {date}\n---\n# Title\n\nFree.##paidbegin##Paid.##paidend##\n"
MOST = 100  # calls of one look

Act = Callable[[Services], Awaitable[object]]


async def publish(services: Services, date: str = "2026-02-02") -> None:
    body = SOURCE.format(date=date).encode()
    await services.publishing.publish(Submission(HERE, body, "markdown"))


async def delete(services: Services) -> None:
    await services.publishing.delete(HERE)


async def erase(services: Services) -> None:
    await services.erasing.erase(HERE)


class Striking:
    """A part that lets somebody act when so many of its calls have been answered."""

    def __init__(self, part: object, act: Callable[[], Awaitable[object]], after: int) -> None:
        self._part, self._act, self.left = part, act, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **more: Any) -> Any:
            answer = await found(*args, **more)
            self.left -= 1
            if self.left == 0:
                await self._act()
            return answer

        return call


async def look_over(services: Services, _: Credential) -> None:
    assert await services.mending.look_over(None) is None


async def read(services: Services, shown: Credential) -> None:
    with suppress(GatewayError):
        await services.reading.open(HERE, shown, "html.en")


Look = Callable[[Services, Credential], Awaitable[None]]
Open = Callable[[Striking | None], Services]


def on_files(folder: Path, ledger: MemoryLedger) -> Open:
    def opened(striking: Striking | None) -> Services:
        stores = FilePublicStore(folder / "public"), FileVault(folder / "vault")
        part = cast("Ledger", striking or ledger)
        return build_services(load({}), part, *stores, SECRET, FrozenClock())

    return opened


def in_bucket(bucket: Bucket, ledger: MemoryLedger) -> Open:
    def opened(striking: Striking | None) -> Services:
        part = cast("Bucket", striking or bucket)
        stores = ObjectPublicStore(part), ObjectVault(part)
        return build_services(load({}), ledger, *stores, SECRET, FrozenClock())

    return opened


@pytest.mark.parametrize("kind", ["files", "bucket"])
@pytest.mark.parametrize("act", [publish, delete, erase])
@pytest.mark.parametrize("look", [look_over, read])
async def test_who_looks_takes_no_change_for_damage(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, act: Act, look: Look
) -> None:
    for after in range(1, MOST):
        ledger = MemoryLedger()
        if kind == "files":
            part: object = ledger
            opened = on_files(tmp_path / str(after), ledger)
        else:
            part = bucket = request.getfixturevalue("bucket")
            opened = in_bucket(bucket, ledger)
        other = opened(None)
        await other.publishers.register("demo")
        await publish(other, "2026-01-01")
        grant = await other.granting.grant("demo", GrantRequest("all"))
        shown = Credential(await other.granting.token(grant))

        async def strike(other: Services = other) -> None:
            await act(other)

        striking = Striking(part, strike, after)
        looking = opened(striking)
        await look(looking, shown)
        await looking.store.ping()
        await looking.vault.ping()
        with suppress(Missing):
            await erase(other)  # the bucket is the same for all
        if striking.left > 0:
            assert after > 2
            return
    raise AssertionError("No look came to its end.")
