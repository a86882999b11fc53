"""Addresses for drafts without one: made of what they declare, their file's name or their title."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from gateway.core.documents import Address, valid_name
from gateway.core.errors import Missing
from gateway.core.findings import FindingCode
from gateway.formats.slugs import numbered
from gateway.ports import Edition, Formats
from gateway.usecases.composing import Prepared
from gateway.usecases.publishing import Publishing
from gateway.usecases.submissions import Submission
from gateway.web.studio.drafts import Draft, suggested_slug

UNNAMED = "-"  # where a draft is looked at whose file's name makes no address
_OF_AN_ADDRESS = frozenset({FindingCode.NEWLY_PUBLIC, FindingCode.HOLDERS})


@dataclass(frozen=True, slots=True)
class Addressed:
    """A draft with an address of its own, and how it was found.

    namesake: what is published at the address that it would have had, None for nothing.
    """

    draft: Draft
    prepared: Prepared
    namesake: Edition | None = None


class Addresses:
    """Finds addresses under which nothing else was ever published."""

    def __init__(self, publishing: Publishing, formats: Formats, max_upload: int) -> None:
        self._publishing = publishing
        self._formats = formats
        self._max_upload = max_upload

    def submission(self, publisher: str, draft: Draft) -> Submission:
        """Return what a draft with an address submits. Raises Malformed, TooLarge, Unsupported."""
        return draft.submission(publisher, self._formats, self._max_upload)

    async def made(
        self, publisher: str, draft: Draft, taken: AbstractSet[str] = frozenset()
    ) -> Addressed:
        """Return a draft with an address under which nothing else was published.

        taken: what others are about to take. Raises Refused, Unsupported, TooLarge; Malformed
        where nothing of it makes an address.
        """
        named = suggested_slug(draft.file_name)
        submission = self.submission(publisher, replace(draft, slug=named or UNNAMED))
        prepared = await self._publishing.check(submission)
        title = prepared.document.meta.title
        made = prepared.source.slug or named or self._formats.slug(title)
        wanted = Address(publisher, valid_name(made, "slug"))
        slug = await self._free(submission, wanted, taken)
        warnings = tuple(one for one in prepared.warnings if one.code not in _OF_AN_ADDRESS)
        namesake = None if slug == wanted.slug else await self.current(wanted)
        return Addressed(replace(draft, slug=slug), replace(prepared, warnings=warnings), namesake)

    async def _free(self, submission: Submission, wanted: Address, taken: AbstractSet[str]) -> str:
        slugs = (slug for slug in numbered(wanted.slug) if slug not in taken)
        slug = next(slugs)
        while not await self._is_free(Address(wanted.publisher, slug), submission):
            slug = next(slugs)
        return slug

    async def _is_free(self, address: Address, submission: Submission) -> bool:
        """Return whether nothing was ever published there, or just this, by a form sent twice.

        Rights to what was deleted are still on record: they are not to open another document.
        """
        try:
            await self._publishing.editions(address, "", 1)
        except Missing:
            return True
        current = await self.current(address)
        return current is not None and self._publishing.is_of(current, submission)

    async def current(self, address: Address) -> Edition | None:
        """Return what is published at an address, None for nothing."""
        try:
            return await self._publishing.current(address)
        except Missing:
            return None
