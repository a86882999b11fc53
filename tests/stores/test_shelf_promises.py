"""What every shelf promises: files, S3 and memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.bundles import IDENTITY, Damaged, Representation
from gateway.core.companions import SMALL_FORM, WHOLE_FORM, Companion
from gateway.core.errors import Malformed
from gateway.ports import MadeCompanion, Vault
from gateway.stores.files.vault import FileVault
from tests.stores.things import ELSEWHERE, HERE, THERE, permit, sealed

pytestmark = pytest.mark.anyio


def made(name: str = "img/图.png", what: str = "one", size: int = 20_000) -> MadeCompanion:
    """Return a companion with something in every field."""
    body = what.encode() * (size // len(what))
    told = Companion(name, f"origin of {what}", "image/png", what, len(body), 1_600, 900, 720)
    forms = {
        WHOLE_FORM: Representation("image/png", f'"{what}"', {IDENTITY: body}),
        SMALL_FORM: Representation("image/png", f'"small-{what}"', {IDENTITY: body[:9]}),
    }
    return MadeCompanion(told, forms)


async def test_what_is_put_is_there_whole_by_its_name_and_document(vault: Vault) -> None:
    shelf = vault.shelf
    assert await shelf.all(HERE) == []
    assert await shelf.get(HERE, "img/图.png") is None
    await shelf.put(HERE, made())
    await shelf.put(HERE, made("a.png", "two"))
    assert await shelf.all(HERE) == [made("a.png", "two").companion, made().companion]
    assert await shelf.sound(HERE) == await shelf.all(HERE)
    assert await shelf.get(HERE, "img/图.png") == made()
    for other in (THERE, ELSEWHERE):
        assert await shelf.all(other) == []
        assert await shelf.get(other, "a.png") is None
        assert not await shelf.remove(other, "a.png")
    assert [each async for each in shelf.addresses()] == [HERE]
    assert await shelf.look(HERE) == []


async def test_what_is_put_again_is_in_place_of_what_was(vault: Vault) -> None:
    await vault.shelf.put(HERE, made("a.png", "one"))
    await vault.shelf.put(HERE, made("a.png", "another", 300_000))
    assert await vault.shelf.all(HERE) == [made("a.png", "another", 300_000).companion]
    assert await vault.shelf.get(HERE, "a.png") == made("a.png", "another", 300_000)


async def test_what_is_removed_or_erased_is_gone_and_nothing_else(vault: Vault) -> None:
    for address in (HERE, THERE):
        for name in ("a.png", "b.png"):
            await vault.shelf.put(address, made(name))
    await vault.keep(HERE, "e1", sealed())
    assert await vault.shelf.remove(HERE, "a.png")
    assert not await vault.shelf.remove(HERE, "a.png")
    assert await vault.shelf.all(HERE) == [made("b.png").companion]
    await vault.shelf.erase(HERE)
    assert await vault.shelf.all(HERE) == []
    assert len(await vault.shelf.all(THERE)) == 2
    assert list(await vault.editions(HERE)) == ["e1"]
    assert (await vault.open(permit())).forms
    await vault.shelf.put(THERE, made())
    await vault.erase(THERE, await vault.editions(THERE))
    assert len(await vault.shelf.all(THERE)) == 3


async def test_no_name_leaves_its_place(vault: Vault) -> None:
    for name in ("../../x", "/etc/passwd", "a\x00b", "x" * 200, "e1.sealed"):
        await vault.shelf.put(HERE, made(name))
        assert await vault.shelf.get(HERE, name) == made(name)


async def test_no_address_leaves_the_root(tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        await FileVault(tmp_path / "vault").shelf.put(HERE._replace(slug="../x"), made())
    assert list((tmp_path / "vault").iterdir()) == []


@pytest.mark.parametrize("harm", ["flip the body", "flip the facts", "cut", "empty", "of another"])
async def test_no_harm_is_passed_over_and_another_put_mends_it(tmp_path: Path, harm: str) -> None:
    vault = FileVault(tmp_path)
    shelf = vault.shelf
    await shelf.put(HERE, made())
    await shelf.put(THERE, made("b.png", "two"))
    (file,) = (tmp_path / "demo" / "first").glob("*.companion")
    (other,) = (tmp_path / "demo" / "second").glob("*.companion")
    blob = bytearray(file.read_bytes())
    at = blob.index(b"one", 10_000) if harm == "flip the body" else blob.index(b"1600")
    blob[at] ^= 1
    harmed = {"cut": bytes(blob[:5_000]), "empty": b"", "of another": other.read_bytes()}
    file.write_bytes(harmed.get(harm, bytes(blob)))
    with pytest.raises(Damaged):
        await shelf.get(HERE, "img/图.png")
    assert len(await shelf.look(HERE)) == 1
    assert await shelf.look(THERE) == []
    with pytest.raises(Damaged):
        await vault.ping()
    await shelf.put(HERE, made())
    assert await shelf.look(HERE) == []
    await vault.ping()


async def test_what_a_crash_has_left_of_a_companion_goes_with_the_document(tmp_path: Path) -> None:
    shelf = FileVault(tmp_path).shelf
    await shelf.put(HERE, made())
    part = tmp_path / "demo" / "first" / "companion.part"
    part.write_bytes(b"half of a picture")
    await shelf.erase(HERE)
    assert [*(tmp_path / "demo" / "first").iterdir()] == []
