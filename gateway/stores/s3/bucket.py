"""One S3 bucket: whole objects in and out, and every answer within its time.

Endpoint, region and credentials are those of the AWS_* variables in the environment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import obstore
from anyio import fail_after
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    NotModifiedError,
    PreconditionError,
)
from obstore.store import S3Store

from gateway.core.errors import Stale
from gateway.stores.files.durable import answering

if TYPE_CHECKING:
    from obstore import PutMode

TIMEOUT = 10.0  # seconds for an answer, all retries included
LONGER = 6  # times as long for a write, which may be of a hundred megabytes
RETRIES = 2
_BEHIND = "416 Range Not Satisfiable"  # what a server says of bytes behind the end


class Object(NamedTuple):
    """The content of an object, and the tag that tells it from the object's other contents."""

    etag: str
    blob: bytes


class Unchanged(Exception):
    """Raised when an object still has the content that the asker knows."""


class Bucket:
    """Objects by key, under the prefix of s3://bucket/prefix.

    Every method raises Unavailable when the bucket does not answer.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT, **given: str) -> None:
        """Connect to nothing yet. given: settings that go before those of the environment."""
        limit = timedelta(seconds=timeout)
        longest = limit * LONGER
        self._patience = timeout
        self._store = S3Store.from_url(
            url,
            # Plain HTTP is used only where the endpoint itself says so.
            client_options={"allow_http": True, "connect_timeout": limit, "timeout": longest},
            retry_config={"max_retries": RETRIES, "retry_timeout": longest},
            config=given,  # type: ignore[arg-type]  # the names of obstore's S3Config
        )

    async def get(self, key: str, known: str = "") -> Object | None:
        """Return an object. Raises Unchanged where its tag is still the known one."""
        options: obstore.GetOptions = {"if_none_match": known} if known else {}
        with self._answering():
            try:
                found = await obstore.get_async(self._store, key, options=options)
                return Object(found.meta["e_tag"] or "", (await found.bytes_async()).to_bytes())
            except NotModifiedError:
                raise Unchanged from None
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):  # this is no answer about the object
                    raise
                return None

    async def piece(self, key: str, start: int, stop: int) -> bytes | None:
        """Return the bytes of an object from start up to stop, or to its end; none behind that."""
        with self._answering():
            try:
                options: obstore.GetOptions = {"range": (start, stop)}
                found = await obstore.get_async(self._store, key, options=options)
                return (await found.bytes_async()).to_bytes()
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):  # this is no answer about the object
                    raise
                return None
            except GenericError as error:
                if _BEHIND not in str(error):
                    raise
                return b""

    async def tag(self, key: str) -> str:
        """Return the tag of an object, "" where there is none."""
        with self._answering():
            try:
                return (await obstore.head_async(self._store, key))["e_tag"] or ""
            except FileNotFoundError:
                await self.ping()  # a bucket that is not there is no answer about the object
                return ""

    async def put(self, key: str, blob: bytes, since: str | None = None) -> None:
        """Make blob the content of an object, all at once.

        since: the tag that the object must still have ("" for no object). Raises Stale.
        """
        mode: PutMode = "overwrite"
        if since is not None:
            mode = {"e_tag": since} if since else "create"
        with self._answering(LONGER):
            try:
                await obstore.put_async(self._store, key, blob, use_multipart=False, mode=mode)
            except (AlreadyExistsError, PreconditionError):
                raise Stale(None) from None

    async def create(self, key: str, blob: bytes) -> None:
        """Make an object, all at once; one that is there stays as it is."""
        with self._answering(LONGER):
            try:
                await obstore.put_async(self._store, key, blob, mode="create")
            except AlreadyExistsError:
                return

    async def delete(self, key: str) -> None:
        """Take an object away; one that is not there is no error."""
        with self._answering():
            await obstore.delete_async(self._store, key)

    async def keys(self, folder: str, after: str, count: int) -> AsyncIterator[Sequence[str]]:
        """Yield the keys in a folder that sort after a key ("" = all), some at a time, in order."""
        listing = obstore.list(self._store, folder, offset=after or None, chunk_size=count)
        while True:
            with self._answering():
                try:
                    found = await anext(listing)
                except StopAsyncIteration:
                    return
            yield [meta["path"] for meta in found]

    async def folders(self, folder: str) -> Sequence[str]:
        """Return the folders in a folder, in order."""
        with self._answering():
            found = await obstore.list_with_delimiter_async(self._store, folder)
        return sorted(found["common_prefixes"])

    async def ping(self) -> None:
        """Raise Unavailable unless the bucket is there."""
        async for _ in self.keys("nothing", "", 1):
            return

    @contextmanager
    def _answering(self, times: int = 1) -> Iterator[None]:
        with answering("store"), fail_after(self._patience * times):
            yield
