"""Pictures and attachments in a bucket: a right opens them, and its end closes them."""

from __future__ import annotations

import re

import pytest

from gateway.app import Services, SystemClock, build, build_services
from gateway.core.bundles import LONG
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.settings import load
from gateway.stores.memory import MemoryLedger
from gateway.stores.s3.bucket import Bucket
from gateway.stores.s3.public_store import ObjectPublicStore
from gateway.stores.s3.vault import ObjectVault
from gateway.usecases.granting import GrantRequest
from gateway.usecases.submissions import Submission
from tests.stores.test_s3 import objects
from tests.support import pictures
from tests.support.asgi import exchange
from tests.support.s3 import S3
from tests.support.services import SECRET

pytestmark = pytest.mark.anyio

HERE = Address("demo", "d")
LARGE = b"%PDF-1.7 " + bytes(range(256)) * (2 * LONG // 256)
SOURCE = b"""# T

![Free](free.png)

##paidbegin##
![Paid](paid.jpg) and [a book](book.pdf)
##paidend##
"""


async def house(bucket: Bucket) -> Services:
    """Open a gateway on a bucket, with a document that shows pictures."""
    stores = ObjectPublicStore(bucket), ObjectVault(bucket)
    services = build_services(load({}), MemoryLedger(), *stores, SECRET, SystemClock())
    await services.publishers.register("demo")
    for name, body, kind in (
        ("free.png", pictures.png(), PICTURES),
        ("paid.jpg", pictures.jpeg(width=1_000), PICTURES),
        ("book.pdf", LARGE, ATTACHMENTS),
    ):
        await services.picturing.put(HERE, name, body, kind)
    await services.publishing.publish(Submission(HERE, SOURCE, "markdown"))
    return services


async def test_what_paid_text_shows_opens_to_a_right_and_closes_with_it(
    bucket: Bucket, s3: S3, place: str
) -> None:
    services = await house(bucket)
    app = build(services)
    grant = await services.granting.grant("demo", GrantRequest("document:d"))
    bearer = ("authorization", f"Bearer {await services.granting.token(grant)}")
    page = (await exchange(app, "GET", "/read/demo/d", [bearer])).body.decode()
    found = re.findall(r' (?:src|href)="(/[a-z]+/demo/d/[a-z]+/[^"]*)"', page)
    free, paid, book = found
    assert (await exchange(app, "GET", free)).header("content-type") == "image/png"
    for address in (paid, f"{paid}-small", book):
        assert (await exchange(app, "GET", address)).status == 402
        assert (await exchange(app, "GET", address, [bearer])).status == 200
        assert (await exchange(app, "GET", address[:-1] + "x", [bearer])).status == 404
    part = await exchange(app, "GET", book, [bearer, ("range", "bytes=300-309")])
    assert (part.status, part.body) == (206, LARGE[300:310])
    assert not any(
        b"JFIF" in blob for key, blob in objects(s3, place).items() if "vault" not in key
    )
    assert await services.granting.revoke("demo", grant.id)
    for address in (paid, book):
        for more in ((), (("range", "bytes=0-9"),), (("if-none-match", "*"),)):
            assert (await exchange(app, "GET", address, [bearer, *more])).status == 403
    await services.erasing.erase(HERE)
    assert not [key for key in objects(s3, place) if key.startswith(("vault/", "public/"))]


async def test_of_a_long_text_only_what_is_asked_for_is_fetched(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await house(bucket)
    grant = await services.granting.grant("demo", GrantRequest("document:d"))
    bearer = ("authorization", f"Bearer {await services.granting.token(grant)}")
    fetched: list[int] = []

    class Counting(Bucket):
        async def get(self, key: str, known: str = "") -> None:
            raise AssertionError("a whole object was fetched")

        async def piece(self, key: str, start: int, stop: int) -> bytes | None:
            found = await super().piece(key, start, stop)
            fetched.append(len(found or b""))
            return found

    counting = Counting.__new__(Counting)
    counting.__dict__ = bucket.__dict__
    services.vault._bucket = counting  # type: ignore[attr-defined]
    page = await exchange(build(services), "GET", "/read/demo/d.md", [bearer])
    assert page.status == 200
    assert sum(fetched) < LONG // 4
