"""What every vault promises, in memory, on files and on a real S3 server."""

from __future__ import annotations

import stat
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.core.bundles import IDENTITY, LONG, Bundle, Damaged, Representation
from gateway.core.documents import Address
from gateway.core.errors import Malformed, Missing, Unavailable
from gateway.core.permits import NotPermitted
from gateway.ports import Vault
from gateway.stores.files.vault import FileVault
from tests.stores.things import HERE, THERE, below, permit, sealed

pytestmark = pytest.mark.anyio


async def test_an_edition_is_given_back_as_it_was_kept(vault: Vault) -> None:
    kept = sealed("e1")
    await vault.keep(HERE, "e1", kept)
    assert await vault.source(HERE, "e1") == kept.source
    assert await vault.public(HERE, "e1") == kept.public
    assert await vault.open(permit("e1")) == kept.full


async def test_an_edition_that_was_kept_never_changes(vault: Vault) -> None:
    await vault.keep(HERE, "e1", sealed("e1"))
    await vault.keep(HERE, "e1", sealed("another"))
    assert await vault.source(HERE, "e1") == sealed("e1").source
    assert await vault.open(permit("e1")) == sealed("e1").full


async def test_editions_and_documents_are_kept_apart(vault: Vault) -> None:
    for address in (HERE, THERE):
        for name in ("e1", "e2"):
            await vault.keep(address, name, sealed(name, address))
    assert await vault.source(HERE, "e2") == sealed("e2").source
    assert await vault.source(THERE, "e1") == sealed("e1", THERE).source


async def test_what_was_never_kept_is_missing(vault: Vault) -> None:
    await vault.keep(HERE, "e1", sealed("e1"))
    for address, name in ((HERE, "e2"), (THERE, "e1")):
        with pytest.raises(Missing):
            await vault.source(address, name)
        with pytest.raises(Missing):
            await vault.public(address, name)
        with pytest.raises(Missing):
            await vault.open(permit(name, address))


async def test_the_vault_opens_to_a_permit_only(vault: Vault) -> None:
    await vault.keep(HERE, "e1", sealed("e1"))
    things: list[Any] = [SimpleNamespace(address=HERE, edition="e1"), None, (HERE, "e1")]
    for thing in things:
        with pytest.raises(NotPermitted):
            await vault.open(thing)
        with pytest.raises(NotPermitted):
            vault.at_hand(thing, "html")


async def test_what_is_at_hand_is_what_open_returns(vault: Vault) -> None:
    for name in ("e1", "e2"):
        await vault.keep(HERE, name, sealed(name))
        for _ in range(2):
            variant = vault.at_hand(permit(name), "html")
            assert (
                variant is None or variant.body == sealed(name).full.forms["html"].bodies[IDENTITY]
            )
            assert await vault.open(permit(name)) == sealed(name).full
    assert vault.at_hand(permit("e1"), "html") is not None
    assert vault.at_hand(permit("e9"), "html") is None


async def test_a_long_text_is_never_at_hand(vault: Vault) -> None:
    forms = {"html": Representation("text/plain", "", {IDENTITY: bytes(LONG + 1)})}
    long = replace(sealed("e1"), full=Bundle("e1", forms))
    await vault.keep(HERE, "e1", long)
    assert await vault.open(permit("e1")) == long.full
    assert vault.at_hand(permit("e1"), "html") is None


async def test_a_form_is_given_in_the_coding_that_is_wanted_or_else_as_it_is(vault: Vault) -> None:
    bodies = {"br": b"short", IDENTITY: b"as it is"}
    forms = {"html": Representation("text/plain", "", bodies)}
    await vault.keep(HERE, "e1", replace(sealed("e1"), full=Bundle("e1", forms)))
    for coding, chosen in (("br", "br"), ("gzip", IDENTITY), (IDENTITY, IDENTITY)) * 2:
        for variant in (
            await vault.form(permit("e1"), "html", coding),
            vault.at_hand(permit("e1"), "html", coding),
        ):
            assert variant is None or (variant.coding, variant.body) == (chosen, bodies[chosen])
        await vault.open(permit("e1"))
    assert vault.at_hand(permit("e1"), "html", "br") is not None


async def test_an_empty_source_is_a_source(vault: Vault) -> None:
    await vault.keep(HERE, "e1", replace(sealed("e1"), source=b""))
    assert await vault.source(HERE, "e1") == b""
    assert await vault.open(permit("e1")) == sealed("e1").full


async def test_a_vault_that_answers_says_so(vault: Vault) -> None:
    await vault.ping()


# --- on files ----------------------------------------------------------------------------------


async def test_only_the_owner_can_look_into_the_vault(tmp_path: Path) -> None:
    root = tmp_path / "vault"
    await FileVault(root).keep(HERE, "e1", sealed("e1"))
    for path in (root, *root.rglob("*")):
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == allowed


@pytest.mark.parametrize(
    "name", ["..", ".", "", "a/b", "../e1", "a.b", "E1", "e1\0", "é", "a" * 81]
)
async def test_no_name_leads_out_of_the_vault(tmp_path: Path, name: str) -> None:
    vault = FileVault(tmp_path / "vault")
    for address, edition in (
        (Address(name, "first"), "e1"),
        (Address("demo", name), "e1"),
        (HERE, name),
    ):
        with pytest.raises(Malformed):
            await vault.keep(address, edition, sealed("e1"))
        with pytest.raises(Malformed):
            await vault.source(address, edition)
    assert below(tmp_path) == ["vault"]


async def test_an_edition_is_one_file_and_leaves_no_litter(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    for name in ("e1", "e2", "e1"):
        await vault.keep(HERE, name, sealed(name))
    assert below(tmp_path / "demo" / "first") == ["e1.sealed", "e2.sealed"]


async def test_what_a_crash_left_half_written_is_no_edition_and_is_taken_over(
    tmp_path: Path,
) -> None:
    vault = FileVault(tmp_path)
    await vault.keep(HERE, "e1", sealed("e1"))
    stray = tmp_path / "demo" / "first" / ".part"
    stray.write_bytes(b"half of e2, and much longer than the whole of e3" * 1_000)
    with pytest.raises(Missing):
        await vault.source(HERE, "e2")
    await vault.keep(HERE, "e3", sealed("e3"))
    assert await vault.open(permit("e3")) == sealed("e3").full
    assert not stray.exists()


async def test_a_damaged_edition_is_never_half_opened(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    await vault.keep(HERE, "e1", sealed("e1"))
    path = tmp_path / "demo" / "first" / "e1.sealed"
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with suppress(Damaged):
            variant = vault.at_hand(permit("e1"), "html")
            assert variant is None or variant.body == b"paid text of e1"
        for part in (vault.public(HERE, "e1"), vault.open(permit("e1"))):
            try:
                assert await part in (sealed("e1").public, sealed("e1").full)
            except Damaged:
                continue
    assert len(whole) > 7


async def test_a_vault_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "vault")
    (tmp_path / "vault").rmdir()
    with pytest.raises(Unavailable):
        await vault.ping()


async def test_a_vault_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    (tmp_path / "demo" / "first" / "e1.sealed").mkdir(parents=True)  # nothing that can be read
    with pytest.raises(Unavailable):
        await vault.source(HERE, "e1")


async def test_where_nothing_tells_what_is_at_hand_what_was_opened_is() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        vault = FileVault(Path(folder))
        await vault.keep(HERE, "e1", sealed("e1"))
        assert vault.at_hand(permit("e1"), "html") is None
        await vault.open(permit("e1"))
        variant = vault.at_hand(permit("e1"), "html")
        assert variant is not None
        assert variant.body == b"paid text of e1"
