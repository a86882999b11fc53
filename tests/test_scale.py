"""Nothing at the start, and nothing in a request, is proportional to what is published."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.app import build, open_services
from gateway.core.documents import Address
from gateway.stores.files.public_store import CATALOGUE, SUFFIX
from tests.bench.library import make_library
from tests.faults.loops import settings
from tests.support.asgi import exchange

pytestmark = pytest.mark.anyio

DOCUMENTS = int(os.environ.get("PAIDGATE_DOCUMENTS", "40"))

LISTS = ("/", "/library", "/healthz", "/readyz")

_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event in ("open", "os.scandir", "os.listdir"):
        _opened.append(str(arguments[0]))


sys.addaudithook(_note)  # for good: Python takes no hook away


@contextmanager
def opened() -> Iterator[list[str]]:
    """Gather the name of every file that is opened, and of every folder that is listed."""
    global _opened
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None


def of_documents(names: list[str], root: Path) -> list[str]:
    """Return those of the names that are a document's, or a folder of documents."""
    places = (str(root / "public"), str(root / "vault"))
    return [
        n
        for n in names
        if n.startswith(places) and not Path(n).name.startswith(Path(CATALOGUE).stem)
    ]


async def start(root: Path) -> list[str]:
    """Open a house, ask for every list, and close it; return what was touched of documents."""
    with opened() as names:
        services = await open_services(settings(root))
        app = build(services)
        await services.publishing.recover()
        for path in LISTS:
            assert (await exchange(app, "GET", path)).status == 200
        await services.close()
    return of_documents(names, root)


async def test_a_start_and_every_list_open_no_document_and_list_no_folder(tmp_path: Path) -> None:
    await make_library(tmp_path, DOCUMENTS, 2 * DOCUMENTS)
    await start(tmp_path)  # the first one looks whether the store is the ledger's
    assert await start(tmp_path) == []


async def test_a_catalogue_that_is_gone_is_made_of_the_documents_once(tmp_path: Path) -> None:
    await make_library(tmp_path, DOCUMENTS, 0)
    for path in (tmp_path / "public").glob(f"{CATALOGUE}*"):
        path.unlink()
    touched = await start(tmp_path)
    assert len([name for name in touched if name.endswith(SUFFIX)]) == DOCUMENTS
    assert await start(tmp_path) == []


async def test_a_library_goes_on_where_its_making_was_cut_off(tmp_path: Path) -> None:
    await make_library(tmp_path, DOCUMENTS // 2, DOCUMENTS)
    await make_library(tmp_path, DOCUMENTS, 2 * DOCUMENTS)
    services = await open_services(settings(tmp_path))
    entries = await services.store.entries("", "", 2 * DOCUMENTS)
    assert len(entries) == DOCUMENTS
    for entry in entries:
        edition = await services.publishing.current(Address(*entry.address))
        bundle = await services.store.get(entry.address)
        assert bundle
        assert bundle.edition == edition.id
    await services.close()
