"""Gateways that do not agree: whoever has another secret, store, ledger or authority is told so."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Services, open_services
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Lost
from gateway.settings import Settings, load
from gateway.stores.membership import OtherAuthority, StillServing
from gateway.stores.store_names import KEPT
from gateway.usecases.granting import GrantRequest
from gateway.usecases.submissions import Submission
from tests.support.s3 import S3

pytestmark = pytest.mark.anyio

SECRET, ANOTHER = "a secret that is long enough, is it", "another secret, which is long enough"
PLACE = Address("demo", "story")
SOURCE = b"# Story\n\nfree\n\n##paidbegin##paid##paidend##\n"


def settings(folder: Path, name: str = "one", **given: str) -> Settings:
    """Return the settings of a host that agrees with every other one, but for what is given."""
    shared = {
        "data": str(folder / name),
        "ledger": f"sqlite:///{folder}/ledger.db",
        "store": (folder / "texts").as_uri(),
        "secret": SECRET,
        "redis": "none",
    }
    return load({f"PAIDGATE_{key.upper()}": value for key, value in (shared | given).items()})


def ignore(words: str) -> None:
    return


@asynccontextmanager
async def opened(settings: Settings, *, serves: bool = False) -> AsyncIterator[Services]:
    """Open a house as a command does, or as a gateway that serves."""
    services = await open_services(settings, in_process=True, serving=ignore if serves else None)
    attending = asyncio.create_task(attend(services))
    try:
        yield services
    finally:
        attending.cancel()
        with suppress(asyncio.CancelledError):
            await attending
        await services.close()


async def attend(services: Services) -> None:
    while services.membership:
        await services.membership.attend(services.coherence)
        await asyncio.sleep(0.05)


async def publish(services: Services) -> None:
    await services.publishers.register(PLACE.publisher)
    await services.publishing.publish(Submission(PLACE, SOURCE, "markdown"))


async def begun(settings: Settings) -> None:
    """Have a gateway been there that has published something."""
    async with opened(settings, serves=True) as services:
        await publish(services)


# What is different, and what the refusal says of it: where it is, and how to mend it.
Different = dict[str, str]
DISAGREEMENTS: dict[str, tuple[Callable[[Path], Different], str]] = {
    "another secret": (lambda _: {"secret": ANOTHER}, "root secret is not .*PAIDGATE_SECRET"),
    "no secret": (lambda _: {"secret": ""}, "root secret, .*/two/secret, .*PAIDGATE_SECRET"),
    "another folder": (
        lambda folder: {"store": (folder / "others").as_uri()},
        "store at .*/others is not .* does not hold .*PAIDGATE_STORE",
    ),
    "a folder of its own": (lambda _: {"store": ""}, "store at .*/two is not .*PAIDGATE_STORE"),
    "another's store": (
        lambda folder: {"store": (folder / "foreign" / "texts").as_uri()},
        "store at .*/foreign/texts is not .* is another's.*PAIDGATE_STORE",
    ),
    "a bucket": (lambda _: {"store": "s3"}, "store at s3://.* does not hold .*PAIDGATE_STORE"),
    "an empty ledger": (
        lambda folder: {"ledger": f"sqlite:///{folder}/empty.db"},
        "ledger is empty, .* 1 published documents.*PAIDGATE_LEDGER",
    ),
    "another's ledger": (
        lambda folder: {"ledger": f"sqlite:///{folder}/foreign/ledger.db"},
        "store at .*/texts is not .*PAIDGATE_LEDGER",
    ),
}


@pytest.mark.parametrize("serves", [True, False], ids=["serve", "command"])
@pytest.mark.parametrize("disagreement", DISAGREEMENTS)
async def test_who_does_not_agree_with_the_ledger_is_refused_in_words(
    disagreement: str,
    serves: bool,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    different, words = DISAGREEMENTS[disagreement]
    given = different(tmp_path)
    if given.get("store") == "s3":
        s3: S3 = request.getfixturevalue("s3")
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        given["store"] = s3.url(f"disagreeing-{serves}")
    (tmp_path / "foreign").mkdir()
    await begun(settings(tmp_path / "foreign"))
    await begun(settings(tmp_path))
    for _ in range(2):  # nor does it agree when it is tried again
        with pytest.raises(Lost) as refused:
            async with opened(settings(tmp_path, "two", **given), serves=serves):
                pass
        told = f"{refused.value.message} {refused.value.hint}"
        assert re.search(words, told), told
    # Nothing has become of those who agree.
    for name in ("one", "two"):
        async with opened(settings(tmp_path, name), serves=serves) as services:
            assert await services.publishing.source(PLACE)


async def test_who_goes_by_another_authority_does_not_serve_and_confirms_nothing(
    tmp_path: Path,
) -> None:
    async with opened(settings(tmp_path, redis="embedded"), serves=True) as services:
        await publish(services)
        other = settings(tmp_path, "two")
        with pytest.raises(OtherAuthority, match=r"embedded Redis .* no authority"):
            async with opened(other, serves=True):
                pass
        async with opened(other) as command:
            await command.granting.grant("demo", GrantRequest("all"))
            assert not await command.granting.confirm()


async def test_of_two_first_starts_that_do_not_agree_one_is_refused(tmp_path: Path) -> None:
    for given in ({"secret": ANOTHER}, {"store": (tmp_path / "others").as_uri()}):
        folder = tmp_path / next(iter(given))
        folder.mkdir()
        starts = [settings(folder), settings(folder, "two", **given)]
        async with opened(starts[0]):  # the schema is made by one of them in any case
            pass
        (folder / "ledger.db").rename(folder / "made.db")
        shutil.copy(folder / "made.db", folder / "ledger.db")
        outcomes = await asyncio.gather(*map(tried, starts))
        assert sorted(outcomes) == ["", "Lost"], outcomes


async def tried(settings: Settings) -> str:
    try:
        async with opened(settings, serves=True):
            return ""
    except GatewayError as error:
        return type(error).__name__


# --- what is right is not refused --------------------------------------------------------------


async def test_a_store_may_be_moved(tmp_path: Path) -> None:
    await begun(settings(tmp_path))
    (tmp_path / "texts").rename(tmp_path / "moved")
    async with opened(settings(tmp_path, store=(tmp_path / "moved").as_uri())) as services:
        assert await services.publishing.source(PLACE)


async def test_a_store_that_lost_its_name_alone_is_given_it_again(tmp_path: Path) -> None:
    await begun(settings(tmp_path))
    name = tmp_path / "texts" / KEPT
    before = name.read_text()
    name.unlink()
    async with opened(settings(tmp_path)):
        assert name.read_text() == before


async def test_a_store_from_before_there_were_names_is_given_one(tmp_path: Path) -> None:
    await begun(settings(tmp_path))
    name = tmp_path / "texts" / KEPT
    name.unlink()
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("DELETE FROM fingerprint WHERE what = 'store'")
    with pytest.raises(Lost):
        async with opened(settings(tmp_path, store=(tmp_path / "others").as_uri())):
            pass
    async with opened(settings(tmp_path)) as services:
        assert name.read_text() == await services.ledger.fingerprint("store") != ""


# --- a secret that was changed -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["one", "two"])
async def test_another_secret_is_not_accepted_under_workers_that_run(
    name: str, tmp_path: Path
) -> None:
    told: list[str] = []
    changed = settings(tmp_path, name, secret=ANOTHER)
    async with opened(settings(tmp_path), serves=True) as services:
        await publish(services)
        with pytest.raises(StillServing):
            await open_services(changed, accepting=told.append)
        async with opened(settings(tmp_path)):
            pass
    await (await open_services(changed, accepting=told.append)).close()
    with pytest.raises(Lost):
        async with opened(settings(tmp_path)):
            pass
    async with opened(replace(changed, data=tmp_path / "one"), serves=True):
        pass
