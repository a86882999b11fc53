"""A bit that changes anywhere in what a store keeps is an error, or changes no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.core.bundles import IDENTITY, Damaged
from gateway.core.errors import Missing
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from tests.stores.things import HERE, THERE, bundle, permit, sealed

pytestmark = pytest.mark.anyio

STEP = 97  # bytes from one strike to the next
HEAD = 200  # bytes from the beginning that are all struck


def strikes(path: Path) -> Iterator[None]:
    """Change one bit after another; yield while one is changed."""
    whole = path.read_bytes()
    places = [*range(min(HEAD, len(whole))), *range(HEAD, len(whole), STEP)]
    for at in places:
        struck = bytearray(whole)
        struck[at] ^= 1 << at % 8
        path.write_bytes(struck)
        yield
    path.write_bytes(whole)


async def test_no_bit_of_a_preview_changes_an_answer(tmp_path: Path) -> None:
    for address in (HERE, THERE):
        await FilePublicStore(tmp_path).put(address, bundle("e1", address))
    count = 0
    for _ in strikes(tmp_path / "demo" / "first.bundle"):
        store = FilePublicStore(tmp_path)
        for coding in ("br", IDENTITY):
            with suppress(Damaged, KeyError):
                found = store.ready(HERE, "html", coding)
                assert (
                    found is None or found[1].body == bundle().forms["html"].bodies[found[1].coding]
                )
        with pytest.raises(Damaged):
            await store.get(HERE)
        count += 1
    assert count > HEAD


async def test_no_bit_of_an_edition_changes_an_answer(tmp_path: Path) -> None:
    await FileVault(tmp_path).keep(HERE, "e1", sealed("e1"))
    whole = sealed("e1")
    damaged = 0
    for _ in strikes(tmp_path / "demo" / "first" / "e1.sealed"):
        vault = FileVault(tmp_path)
        with suppress(Damaged, KeyError):
            variant = vault.at_hand(permit("e1"), "html")
            assert variant is None or variant.body == b"paid text of e1"
        for read, part in (
            (vault.open(permit("e1")), whole.full),
            (vault.public(HERE, "e1"), whole.public),
            (vault.source(HERE, "e1"), whole.source),
        ):
            try:
                assert await read == part
            except Damaged:
                damaged += 1
    assert damaged > HEAD


async def test_a_row_that_says_something_else_is_not_told(tmp_path: Path) -> None:
    await FilePublicStore(tmp_path).put(HERE, bundle())
    expected = await FilePublicStore(tmp_path).entries("", "", 9)
    struck = 0
    for path in (tmp_path / "catalogue.db", tmp_path / "catalogue.db-wal"):
        blob = path.read_bytes() if path.exists() else b""
        changed = blob.replace("提要".encode(), "提耀".encode())
        if path.suffix == ".db" and changed != blob:
            path.write_bytes(changed)
            struck += 1
    assert struck
    assert await FilePublicStore(tmp_path).entries("", "", 9) == expected


@pytest.mark.parametrize("name", ["catalogue.db", "catalogue.db-wal", "catalogue.number"])
async def test_no_bit_of_the_catalogue_changes_an_answer(tmp_path: Path, name: str) -> None:
    keeping = FilePublicStore(tmp_path)  # as long as one has it open, SQLite leaves its log there
    for address in (HERE, THERE):
        await keeping.put(address, bundle("e1", address))
    expected = await keeping.entries("", "", 9)
    path = tmp_path / name
    whole = path.read_bytes()
    assert whole
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        struck = bytearray(whole)
        struck[at] ^= 1 << at % 8
        path.write_bytes(struck)
        store = FilePublicStore(tmp_path)
        with suppress(Damaged, Missing):
            assert await store.entries("", "", 9) == expected
