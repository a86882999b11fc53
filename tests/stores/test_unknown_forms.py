"""What a bundle does not have is missing; where its index is harmed, that is damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.bundles import IDENTITY, LONG, Bundle, Damaged, Representation
from gateway.core.errors import Missing
from gateway.ports import PublicStore, Sealed, Vault
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from tests.stores.things import HERE, bundle, permit, sealed

pytestmark = pytest.mark.anyio

NAMES = ("pictures/none", "pictures/" + "0" * 32, "attachments/none", "html.fr")


def long_one() -> Sealed:
    """Return an edition with a form that is too long to be kept in memory."""
    told = sealed()
    picture = Representation("image/png", '"p"', {IDENTITY: bytes(2 * LONG)})
    return Sealed(
        told.source, Bundle("e1", {**told.full.forms, "pictures/p": picture}), told.public
    )


@pytest.mark.parametrize("kept", [sealed(), long_one()], ids=["short", "long"])
@pytest.mark.parametrize("name", NAMES)
async def test_a_form_that_a_text_does_not_have_is_missing(
    vault: Vault, kept: Sealed, name: str
) -> None:
    await vault.keep(HERE, "e1", kept)
    assert await vault.form(permit(), "html")
    with pytest.raises(Missing):
        await vault.form(permit(), name)
    assert await vault.form(permit(), "html")
    await vault.ping()


@pytest.mark.parametrize("name", NAMES)
async def test_a_form_that_a_preview_does_not_have_is_missing(
    store: PublicStore, name: str
) -> None:
    await store.put(HERE, bundle())
    with pytest.raises(Missing):
        await store.form(HERE, name, "br")
    assert await store.form(HERE, "html", "br")
    await store.ping()


async def test_a_form_whose_line_in_the_index_is_harmed_is_damaged_and_not_missing(
    tmp_path: Path,
) -> None:
    vault, store = FileVault(tmp_path / "vault"), FilePublicStore(tmp_path / "public")
    await vault.keep(HERE, "e1", long_one())
    await store.put(HERE, bundle())
    for file, name in (
        (tmp_path / "vault" / "demo" / "first" / "e1.sealed", b"pictures/p"),
        (tmp_path / "public" / "demo" / "first.bundle", b"\nmd\tbr"),
    ):
        blob = file.read_bytes()
        assert name in blob
        file.write_bytes(blob.replace(name, name[:1] + b"x" + name[2:], 1))
    with pytest.raises(Damaged):
        await vault.form(permit(), "pictures/p")
    with pytest.raises(Damaged):
        await vault.ping()
    (tmp_path / "public" / "demo" / "first.bundle").write_bytes(
        (tmp_path / "public" / "demo" / "first.bundle").read_bytes().replace(b"\nmd\t", b"\nmx\t")
    )
    with pytest.raises(Damaged):
        await store.form(HERE, "md", IDENTITY)
