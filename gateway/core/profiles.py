"""Profiles: what a publisher says of itself, on all its pages. All of it is public.

A profile is a function of what its publisher wrote there, and of no document.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from msgspec import DecodeError, Struct
from msgspec.json import Decoder, encode
from msgspec.structs import replace

from gateway.core.bundles import Damaged
from gateway.core.checks import SIZE, check
from gateway.core.colours import lightened, valid_colour
from gateway.core.documents import Address
from gateway.core.errors import Malformed, require_none
from gateway.core.terms import LINES

MAX_NAME, MAX_ABOUT, MAX_HELP, MAX_FOOTER = 80, 2_000, 300, 500  # characters
MAX_MARK = 4 << 20  # bytes of the picture that is sent
MARK_TYPES = ("image/png", "image/jpeg", "image/webp")
MAX_WORDS = 100  # characters of help that is no address

MAGIC = b"paidgate-profile-1\n"
_DAMAGED = "A stored profile is damaged."

_MAIL = re.compile(r"(?:mailto:)?([^\s@<>\"/?:]+@[^\s@<>\"/?:.]+(?:\.[^\s@<>\"/?:.]+)+)", re.I)
_BREAKS = re.compile(r"\r\n?")
_SEEN = re.compile(LINES)


class Mark(Struct, frozen=True):
    """The picture by which a publisher is known."""

    media_type: str
    width: int
    height: int
    origin: str
    """A digest of what was sent."""
    digest: str
    """Of what is shown."""
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Mark({self.media_type!r}, {self.digest!r})"


class Profile(Struct, frozen=True):
    """What a publisher says of itself; "" for what it does not say."""

    name: str = ""
    about: str = ""
    help: str = ""
    """Where readers ask: the address of a page, an e-mail address, or a few words."""
    footer: str = ""
    colour: str = ""
    colour_dark: str = ""
    """The colour on dark paper, "" for the same one made lighter."""
    mark: Mark | None = None

    @property
    def stamp(self) -> str:
        """What tells it from every other one, "" where nothing is said."""
        if self == UNSAID:
            return ""
        return hashlib.sha256(encode(self.told)).hexdigest()[:32]

    @property
    def told(self) -> Profile:
        """The same without the bytes of its mark."""
        return replace(self, mark=replace(self.mark, body=b"")) if self.mark else self

    @property
    def words(self) -> dict[str, str]:
        """What it says in words, by FIELDS."""
        return {name: getattr(self, name) for name in FIELDS}

    @property
    def on_dark(self) -> str:
        """The colour on dark paper, "" for none."""
        return self.colour_dark or (lightened(self.colour) if self.colour else "")

    @property
    def help_link(self) -> str:
        """Where the help is, "" for words alone."""
        if self.help.startswith(("http://", "https://")):
            return self.help
        return f"mailto:{self.help}" if "@" in self.help else ""

    @property
    def help_words(self) -> str:
        """The help as people read it."""
        return re.sub(r"^https?://(?:www\.)?|/$", "", self.help)

    def pack(self, publisher: str) -> bytes:
        """Return it as one blob: magic, check, and its facts as JSON."""
        facts = encode(self)
        return b"".join([MAGIC, check(_of(publisher), facts), facts])

    @classmethod
    def unpack(cls, blob: bytes, publisher: str) -> Profile:
        """Return the profile in a blob that is said to be of a publisher. Raises Damaged."""
        told, facts = blob[len(MAGIC) : len(MAGIC) + SIZE], blob[len(MAGIC) + SIZE :]
        if not blob.startswith(MAGIC) or told != check(_of(publisher), facts):
            raise Damaged(_DAMAGED)
        return profile_in(facts)


UNSAID = Profile()
_DECODER = Decoder(Profile)
_PLACE = "_"  # no document has this slug


def profile_in(facts: bytes) -> Profile:
    """Return the profile that JSON tells. Raises Damaged."""
    try:
        return _DECODER.decode(facts)
    except DecodeError:
        raise Damaged(_DAMAGED) from None


def place_of(publisher: str) -> Address:
    """Return where the public store has what a publisher says of itself."""
    return Address(publisher, _PLACE)


def _of(publisher: str) -> str:
    return f"profile {publisher}"


# --- what may be said --------------------------------------------------------------------------


def valid_profile(said: Mapping[str, str], mark: Mark | None) -> Profile:
    """Return the profile of fields as they were typed. Raises Malformed with all that is wrong."""
    found, problems = dict[str, str](), list[Malformed]()
    for name, read in _FIELDS.items():
        try:
            found[name] = read(said.get(name, ""))
        except Malformed as error:
            problems.append(error)
    require_none(problems)
    return Profile(**found, mark=mark)


def _line(where: str, most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        return _within(" ".join(text.split()), where, most)

    return read


def _lines(where: str, most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        lines = _BREAKS.sub("\n", text).strip().split("\n")
        return _within("\n".join(line.strip() for line in lines), where, most)

    return read


def _help(text: str) -> str:
    text = _within(" ".join(text.split()), "help", MAX_HELP)
    mail = _MAIL.fullmatch(text)
    if mail:
        return mail[1]
    if not _is_page(text) and ("@" in text or "://" in text or len(text) > MAX_WORDS):
        raise Malformed(
            "Readers cannot be sent there.",
            where="help",
            hint="Use https://…, an e-mail address, or a few words such as an account's name.",
        )
    return text


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_plain = parts.port != 0 and not parts.username and " " not in text
        return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain
    except ValueError:
        return False


def _within(text: str, where: str, most: int) -> str:
    if len(text) > most:
        message, hint = f"This is longer than {most} characters.", "Shorten it."
        raise Malformed(message, where=where, hint=hint)
    if not _SEEN.fullmatch(text):
        message = "There are characters in this that nobody can see."
        raise Malformed(message, where=where, hint="Type it anew, or paste it as plain text.")
    return text


_FIELDS: Mapping[str, Callable[[str], str]] = {
    "name": _line("name", MAX_NAME),
    "about": _lines("about", MAX_ABOUT),
    "help": _help,
    "footer": _lines("footer", MAX_FOOTER),
    "colour": lambda text: valid_colour(text, "colour", "light", "sepia"),
    "colour_dark": lambda text: valid_colour(text, "colour_dark", "dark"),
}
MOST = {"name": MAX_NAME, "about": MAX_ABOUT, "help": MAX_HELP, "footer": MAX_FOOTER}
FIELDS = tuple(_FIELDS)
"""What a publisher may say in words."""
