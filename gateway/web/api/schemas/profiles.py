"""What a publisher says of itself, as it is asked for and told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from gateway.core.profiles import MAX_ABOUT, MAX_FOOTER, MAX_HELP, MAX_NAME
from gateway.core.terms import LINES, WORDS
from gateway.web.api.schemas.fields import formatted, limited


class ProfileBody(Struct, forbid_unknown_fields=True):
    """What a publisher says of itself; what is left out it does not say."""

    name: Annotated[str, limited(WORDS, MAX_NAME, "What readers know you by.", "The Lamp Room")] = (
        ""
    )
    about: Annotated[
        str, limited(LINES, MAX_ABOUT, "Who you are, in a few paragraphs.", "Letters, every week.")
    ] = ""
    help: Annotated[
        str,
        formatted(
            "contact",
            MAX_HELP,
            "Where readers ask: https://…, an e-mail address, or a few words.",
            "help@lamp.example",
        ),
    ] = ""
    footer: Annotated[
        str, limited(LINES, MAX_FOOTER, "What stands at the foot of every page.", "1 Quay Street")
    ] = ""
    colour: Annotated[
        str,
        formatted(
            "color",
            7,
            "Of links and signs, as #rrggbb with a contrast of 4.5 on light and sepia.",
            "#1a5fb4",
        ),
    ] = ""
    colour_dark: Annotated[
        str,
        formatted(
            "color", 7, "The same on dark paper; when empty, the other made lighter.", "#8cb8f0"
        ),
    ] = ""


class MarkView(Struct):
    """The mark of a publisher, as it is shown."""

    url: str
    etag: str
    media_type: str
    width: int
    height: int


class ProfileView(Struct, kw_only=True):
    """What a publisher says of itself. shown: every page that is public says so by now."""

    publisher: str
    url: str
    name: str
    about: str
    help: str
    footer: str
    colour: str
    colour_dark: str
    mark: MarkView | None
    shown: bool
