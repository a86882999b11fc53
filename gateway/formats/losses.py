"""What a source holds that no form of it shows: hidden elements, players, pictures elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from gateway.core.companions import named
from gateway.core.documents import Beside
from gateway.core.findings import Finding, FindingCode, warning
from gateway.formats.fragments import names
from gateway.formats.hiding import Hidden, is_hidden
from gateway.formats.pruning import PRUNED
from gateway.formats.tokeniser import Token, tokens, values

_LEFT_OUT = PRUNED - names("template datalist")
_HINT = re.compile(rf"<(?:{'|'.join(sorted(_LEFT_OUT))}|img)[\s/>]", re.IGNORECASE)
NOTHING: Beside = {}
_MOST = 20  # of each kind: nobody reads more
_ON_HTTPS = re.compile(r"(?:https:)?//", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def is_beside(picture: str, beside: Beside) -> bool:
    """Return whether a picture of this address stands beside the text."""
    found = beside.get(named(picture)) if beside else None
    return found is not None and found.companion.is_picture


def can_show(picture: str) -> bool:
    """Return whether a browser could show the picture of an address here."""
    return picture.startswith("/") or bool(_ON_HTTPS.match(picture))


def of_html(
    html: str, hidden: Hidden | None, line: int = 1, beside: Beside = NOTHING
) -> Iterator[Finding]:
    """Yield what is lost of HTML whose first line is `line`."""
    if not hidden and not _HINT.search(html):
        return
    at = 0
    for token in tokens(html):
        if found := _lost(token, hidden, beside):
            line += html.count("\n", at, token.start)
            at = token.start
            yield warning(found, line, name=token.name)


def of_picture(address: str, line: int, beside: Beside = NOTHING) -> Iterator[Finding]:
    """Yield what is lost of a picture in running text."""
    if code := _fault(address, beside):
        yield warning(code, line, name="img")


def first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once, and no more of a kind than anyone reads."""
    kinds: dict[tuple[FindingCode, str], list[Finding]] = {}
    for each in dict.fromkeys(findings):
        kinds.setdefault((each.code, each.message), []).append(each)
    return tuple(each for kind in kinds.values() for each in islice(kind, _MOST))


def _lost(token: Token, hidden: Hidden | None, beside: Beside) -> FindingCode | None:
    if token.closes or not token.tag:
        return None
    if hidden and is_hidden(token, hidden):
        return FindingCode.HIDDEN
    if token.name in _LEFT_OUT:
        return FindingCode.LEFT_OUT
    if token.name != "img":
        return None
    return _fault(values(token.tag).get("src", ""), beside)


def _fault(picture: str, beside: Beside) -> FindingCode | None:
    if _ON_HTTPS.match(picture) or is_beside(picture, beside):
        return None
    if not _SCHEME.match(picture):
        return FindingCode.MISSING_PICTURE
    return FindingCode.BLOCKED_PICTURE if picture[:5].lower() == "http:" else FindingCode.LEFT_OUT
