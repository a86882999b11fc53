"""What stands beside a document, as it is told."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class CompanionView(Struct, kw_only=True):
    """A picture or an attachment as it will be shown: width and height only of a picture."""

    name: str
    etag: str
    media_type: str
    size: int
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class CompanionList(Struct):
    """What stands beside a document of one kind, by name."""

    companions: list[CompanionView]
