"""What a preview costs: a look-up and a send, the same whatever is paid."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from gateway.app import build
from gateway.core.documents import Address
from gateway.rendering.workers import static
from gateway.stores.files.public_store import FilePublicStore
from gateway.web.http.links import Links
from gateway.web.preview_cache import PreviewCache
from gateway.web.public import Public
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

SLOW: tuple[str, ...] = (
    "jinja2",
    "markdown_it",
    "sqlalchemy",
    "sqlite3",
    "brotli",
    "zstd",
    "gzip",
    "zlib",
)
SLOW += ("itsdangerous", "nh3", "gateway/formats", "usecases/publishing")
ADDRESS = Address("demo", "d")
PREVIEW = f"/documents/{ADDRESS}"


async def calls(side: Standing, target: str) -> Counter[str]:
    """Return how often a request calls each Python function, by file and name."""
    seen: Counter[str] = Counter()

    def note(frame: FrameType, event: str, function: object) -> None:
        if event == "call":
            seen[f"{frame.f_code.co_filename}:{frame.f_code.co_name}"] += 1
        elif event == "c_call":
            seen[f"{getattr(function, '__module__', '')}.{getattr(function, '__name__', '')}"] += 1

    gc.disable()  # it calls whoever has asked to be told of it
    sys.setprofile(note)
    try:
        answer = await exchange(side.app, "GET", target, (("accept-encoding", "br"),))
    finally:
        sys.setprofile(None)
        gc.enable()
    assert answer.status == 200
    return seen


async def on_files(folder: Path, paid: str) -> Standing:
    """Return a gateway whose public store is on files, with one document."""
    side = gateway()
    await side.publish("d", f"Title\n\nFree.##paidbegin##{paid}##paidend##")
    store = FilePublicStore(folder)
    bundle = await side.store.get(ADDRESS)
    assert bundle
    await store.put(ADDRESS, bundle)
    app = build(side.services)
    public = Public(store, PreviewCache(store), static(), Links("", ()))
    app.router.routes[:0] = public.routes()
    side.app = app
    await exchange(side.app, "GET", PREVIEW)
    return side


async def test_a_preview_renders_compresses_and_verifies_nothing(tmp_path: Path) -> None:
    seen = await calls(await on_files(tmp_path, "secret"), PREVIEW)
    assert [name for name in seen if any(word in name for word in SLOW)] == []
    assert not [name for name in seen if "io.open" in name or name.endswith(".read")]


async def test_the_profile_sees_what_is_slow(tmp_path: Path) -> None:
    seen = await calls(await on_files(tmp_path, "secret"), "/library")
    assert [name for name in seen if "jinja2" in name or "library.html" in name]


async def test_the_work_of_a_preview_does_not_depend_on_what_is_paid(tmp_path: Path) -> None:
    short = await calls(await on_files(tmp_path / "short", "s"), PREVIEW)
    long = await calls(await on_files(tmp_path / "long", "长" * 300_000), PREVIEW)
    assert short == long
