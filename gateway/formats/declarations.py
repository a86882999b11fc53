"""What front matter declares: its fields read, and what is wrong with them gathered.

A finding never quotes a value; a field that is not known is named and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from gateway.core.documents import MAX_LANGUAGE, MAX_TITLE, Meta, Offer, is_language, is_name
from gateway.core.errors import Refused
from gateway.core.findings import ALWAYS, FOREVER, Finding, FindingCode, Hold, warning
from gateway.core.languages import tag
from gateway.core.timestamps import AHEAD, BEHIND, Day, begins, has_zone
from gateway.formats.decoding import FORBIDDEN
from gateway.formats.fields import is_known, key, names_of
from gateway.formats.licences import licence_of
from gateway.formats.nodes import FIELDS, Node
from gateway.formats.slugs import slug_of

MAX_OFFERS = 20
MAX_OUTLINE = 20
MAX_TAGS = 12
MAX_TAG = 40  # characters; what is longer is none
MAX_WARNINGS = 100
MAX_NAME = 40  # characters of a field's name that a warning tells

_URL = re.compile(r"https?://[^\s\"'<>\\]+|/(?![/\\])[^\s\"'<>\\]*", re.IGNORECASE)
_PATTERN = re.compile(r"[:{}<>]|://")
_PAGE = re.compile(r"\.(?:html?|md)$", re.IGNORECASE)
_COMMA = re.compile("[,，、]")
_NUMBER = re.compile(r"-?[0-9]{1,6}", re.ASCII)
_HINTS = {
    "title": "Write the title on one line.",
    "date": "Write the date as 2026-01-31, or as 2026-01-31 08:00:00 +0800.",
    "collection": "Use 1 to 80 of a-z, 0-9 and hyphen.",
    "translation_of": "Use the last part of the original's address, such as first-letter.",
    "language": "Use a language tag such as zh-CN or en.",
    "url": "Use an address that begins with https:// or with /.",
    "offer": "Give each offer a name, and a price, a url and a note if it has them.",
    "outline": "Write one line for each part, up to 20 of up to 100 characters.",
    "free": "Write true or false.",
}
_HINTS |= dict.fromkeys(("updated", "publish_at", "expiryDate"), _HINTS["date"])
_HINTS |= dict.fromkeys(("draft", "private", "published"), _HINTS["free"])
_UNSAID = (
    "says that this is not to be published",
    "Take the field out to publish it; what was published before stays until it is deleted.",
)
_AHEAD = ("lies ahead", "Publish it again then: nothing is published by itself.")
_OVER = ("has passed", "Take the field out to publish it all the same.")

_YES = frozenset(("true", "yes", "on"))
_NO = frozenset(("false", "no", "off"))
_UNPUBLISHED = (
    *("draft", "drafts", "pending", "private", "future", "scheduled", "trash", "trashed"),
    *("auto-draft", "inherit", "hidden", "unpublished", "unlisted", "secret", "草稿", "私密"),
)


class Declared(NamedTuple):
    """What a source says of itself."""

    meta: Meta = Meta()
    warnings: tuple[Finding, ...] = ()
    holds: tuple[Hold, ...] = ()
    slug: str = ""


def read(nodes: Mapping[str, Node]) -> Declared:
    """Return what fields declare. Raises Refused with every finding."""
    fields = _Fields(nodes)
    dates = fields.day("date"), fields.published(), fields.day("publish_at")
    meta = Meta(
        title=fields.text("title", MAX_TITLE),
        language=fields.language("language"),
        summary=fields.text("summary", 1_000),
        author=fields.text("author", 200),
        date=next(filter(None, dates), None),
        updated=fields.day("updated"),
        collection=fields.text("collection", 80, is_name),
        order=fields.number("order"),
        licence=licence_of(fields.said("licence")),
        translation_of=fields.text("translation_of", 80, is_name),
        offers=fields.offers("offer"),
        tags=fields.words("tags"),
        outline=fields.lines("outline", MAX_OUTLINE, 100),
        free=fields.choice("free") is True,
    )
    holds = tuple(_holds(fields))
    if fields.findings:
        raise Refused(tuple(sorted(set(fields.findings))))
    return Declared(meta, _warnings(nodes), holds, _slug(fields))


def _warnings(nodes: Mapping[str, Node]) -> tuple[Finding, ...]:
    unknown = sorted((node.line, name) for name, node in nodes.items() if not is_known(name))
    return tuple(
        warning(FindingCode.UNKNOWN_FIELD, line, name=_told(name))
        for line, name in unknown[:MAX_WARNINGS]
    )


def _told(name: str) -> str:
    """Return the name of a field on one line: whoever wrote it may have meant it as text."""
    name = " ".join(FORBIDDEN.sub(" ", name).split())
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…"


def _slug(fields: _Fields) -> str:
    """Return the address that fields declare, "" for none or for a pattern to be filled in."""
    for name in ("slug", "permalink", "url"):
        place = fields.said(name).partition("?")[0].strip("/")
        last = place.rpartition("/")[2]
        if last and not _PATTERN.search(place):
            return slug_of(_PAGE.sub("", last))
    return ""


# --- what is not to be published ---------------------------------------------------------------


def _holds(fields: _Fields) -> Iterator[Hold]:
    """Return all that says that a source is not to be published, and when."""
    for name in ("draft", "private"):
        if fields.choice(name):
            yield fields.hold(name, *_UNSAID)
    if not fields.published() and fields.choice("published") is False:
        yield fields.hold("published", *_UNSAID)
    for name in ("status", "visibility"):
        if fields.said(name).lower() in _UNPUBLISHED:
            yield fields.hold(name, *_UNSAID)
    if fields.said("password"):
        yield fields.hold("password", *_UNSAID)
    yield from _timed(fields)


def _timed(fields: _Fields) -> Iterator[Hold]:
    for name, day in (("date", fields.day("date")), ("published", fields.published())):
        if day:
            # A day that has begun anywhere on earth has begun.
            earliest = begins(day) - (0 if has_zone(day) else AHEAD)
            yield fields.hold(name, *_AHEAD, until=earliest)
    if day := fields.day("publish_at"):
        # Nobody may see it too early, wherever on earth its publisher counts.
        latest = begins(day) + (0 if has_zone(day) else BEHIND)
        yield fields.hold("publish_at", *_AHEAD, until=latest)
    if day := fields.day("expiryDate"):
        end = begins(day) - (0 if has_zone(day) else AHEAD)
        yield fields.hold("expiryDate", *_OVER, since=end)


# --- fields ------------------------------------------------------------------------------------


class _Field(NamedTuple):
    """A field as it was written."""

    name: str
    node: Node


class _Fields:
    """Reads the fields that we know, by our names, and gathers what is wrong with them."""

    def __init__(self, nodes: Mapping[str, Node], place: str = "") -> None:
        self._fields = {key(name): _Field(name, node) for name, node in nodes.items()}
        self._place = place
        self.findings: list[Finding] = []

    def _find(self, name: str) -> _Field:
        """Return the first field of this name that holds something."""
        found = (self._fields[each] for each in names_of(name) if each in self._fields)
        return next((field for field in found if field.node.value), _Field(name, Node(1, "")))

    def said(self, name: str) -> str:
        """Return a field as one line, "" where there is none or it is none."""
        return _one_line(self._find(name).node) or ""

    def text(self, name: str, limit: int, fits: Callable[[str], object] | None = None) -> str:
        """Return a field of at most limit characters that fits, "" where there is none."""
        value = _one_line(self._find(name).node)
        if value is None or FORBIDDEN.search(value):
            self._wrong(name, FindingCode.UNDECODABLE, "is not one line of text")
        elif len(value) > limit:
            self._wrong(name, FindingCode.TOO_LARGE, f"is longer than {limit} characters")
        elif value and fits and not fits(value):
            self._wrong(name, FindingCode.UNDECODABLE, "has a value that it cannot have")
        else:
            return value
        return ""

    def language(self, name: str) -> str:
        """Return a field that names a language, as its tag."""
        return tag(self.text(name, 2 * MAX_LANGUAGE, lambda value: is_language(tag(value))))

    def day(self, name: str) -> Day | None:
        """Return a field that holds a date."""
        return as_day(self.text(name, 60, as_day))

    def published(self) -> Day | None:
        """Return the date that `published` is, where it is one."""
        return as_day(self.said("published"))

    def choice(self, name: str) -> bool | None:
        """Return a field that says yes or no, None where it does not."""
        value = self.text(name, 60, lambda value: value.lower() in _YES | _NO).lower()
        return value in _YES if value else None

    def number(self, name: str) -> int:
        """Return a field that holds a whole number, 0 where it is none: others may mean more."""
        value = self.said(name)
        return int(value) if _NUMBER.fullmatch(value) else 0

    def hold(
        self, name: str, what: str, hint: str, since: int = ALWAYS, until: int = FOREVER
    ) -> Hold:
        """Return what a field says about when to publish."""
        written, node = self._find(name)
        finding = Finding(
            node.line, 1, FindingCode.DRAFT, f"The field {_told(written)} {what}.", hint
        )
        return Hold(finding, since, until)

    def lines(self, name: str, most: int, limit: int) -> tuple[str, ...]:
        """Return a field that holds a line or several, each of at most limit characters."""
        node = self._find(name).node
        nodes = node.value if isinstance(node.value, list) else [node] if node.value else []
        lines = [_one_line(each) for each in nodes]
        if None in lines or any(FORBIDDEN.search(line or "") for line in lines):
            self._wrong(name, FindingCode.UNDECODABLE, "is no list of lines")
        elif len(lines) > most:
            self._wrong(name, FindingCode.TOO_LARGE, f"lists more than {most}")
        elif any(len(line or "") > limit for line in lines):
            self._wrong(name, FindingCode.TOO_LARGE, f"has a line of more than {limit} characters")
        else:
            return tuple(filter(None, lines))
        return ()

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words that a field lists; others may mean more, and that is passed over."""
        node = self._find(name).node
        nodes = node.value if isinstance(node.value, list) else [node]
        told = _COMMA.split(node.value) if isinstance(node.value, str) else map(_one_line, nodes)
        words = (" ".join((each or "").split()) for each in told)
        fitting = [w for w in words if w and len(w) <= MAX_TAG and not FORBIDDEN.search(w)]
        return tuple(dict.fromkeys(fitting))[:MAX_TAGS]

    def offers(self, name: str) -> tuple[Offer, ...]:
        """Return a field that holds an offer or several."""
        node = self._find(name).node
        if not node.value:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        if len(nodes) > MAX_OFFERS:
            self._wrong(name, FindingCode.TOO_LARGE, f"lists more than {MAX_OFFERS}")
            return ()
        return tuple(offer for each in nodes if (offer := self._offer(name, each)))

    def _offer(self, name: str, node: Node) -> Offer | None:
        if not isinstance(node.value, dict):
            self._wrong(name, FindingCode.UNDECODABLE, "is no list of name, price, url and note")
            return None
        parts = _Fields(node.value, f"{name}.")
        offer = Offer(
            name=parts.text("name", 100),
            price=parts.text("price", 50),
            url=parts.text("url", 2_000, _URL.fullmatch),
            note=parts.text("note", 200),
        )
        self.findings += parts.findings
        if not offer.name and not parts.findings:
            self._wrong(name, FindingCode.UNDECODABLE, "has no name")
        return offer

    def _wrong(self, name: str, code: FindingCode, what: str) -> None:
        written, node = self._find(name)
        message = f"The field {self._place}{_told(written)} {what}."
        self.findings.append(Finding(node.line, 1, code, message, _HINTS.get(name, FIELDS)))


def _one_line(node: Node) -> str | None:
    """Return the text of a value, of several joined by commas; None for anything else.

    What has a name, as authors of some tools do, is its name.
    """
    values = node.value if isinstance(node.value, list) else [node]
    texts = [_named(each).value for each in values]
    lines = [" ".join(text.split()) for text in texts if isinstance(text, str)]
    return ", ".join(lines) if len(lines) == len(values) else None


def _named(node: Node) -> Node:
    return node.value.get("name", node) if isinstance(node.value, dict) else node


# --- dates -------------------------------------------------------------------------------------

_DAY = re.compile(
    r"(?P<year>\d{4})(?P<sign>[-/.年])(?P<month>\d{1,2})(?:(?P=sign)|(?<=\d)月)(?P<day>\d{1,2})日?"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"[ \t]*(?P<zone>[Zz]|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?)?",
    re.ASCII,
)


def as_day(value: str) -> Day | None:
    """Return a date as other tools write it, None where value is none."""
    try:
        match = _DAY.fullmatch(value)
        return _day(match) if match else _mailed(value)
    except (ValueError, OverflowError):
        return None


def _day(match: re.Match[str]) -> Day:
    numbers = [
        int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    ]
    if match["hour"] is None:
        return date(*numbers[:3])
    return datetime(*numbers, tzinfo=_zone(match["zone"]))  # type: ignore[arg-type,misc]


def _zone(zone: str | None) -> timezone | None:
    if not zone:
        return None
    if zone[0] not in "+-":
        return UTC
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)


def _mailed(value: str) -> Day | None:
    """Return a date as mails and RSS have it."""
    return parsedate_to_datetime(value) if value[:1].isalpha() and "," in value else None
