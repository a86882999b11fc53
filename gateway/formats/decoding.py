"""Bytes to text, once and strictly.

A byte order mark decides; else what was declared, by the sender or by an HTML page itself; else
UTF-8, and GB18030 where it alone fits.
"""

from __future__ import annotations

import re

from gateway.core.errors import Refused, Unsupported
from gateway.core.findings import Finding, FindingCode

_LABELS = {  # as browsers know them (WHATWG Encoding), and Python
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"
    " us-ascii ascii",
    "utf-16": "utf-16 utf16",
    "gb18030": "gb18030 gbk x-gbk cp936 ms936 windows-936 gb2312 gb_2312 gb_2312-80 chinese"
    " csgb2312 csiso58gb231280 iso-ir-58 euc-cn",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
_ACCEPTED = ("utf-8", "utf-16", "gb18030", "gbk", "gb2312")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "utf-8"),
    (b"\xff\xfe", "utf-16", "utf-16-le"),
    (b"\xfe\xff", "utf-16", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)

# Controls other than tab and line ends, surrogates, noncharacters: no text needs them, parsers
# disagree about them, and the gateway uses two noncharacters itself.
FORBIDDEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_LINE_END = re.compile("\r\n?")
_FIRST_OF_THREE = bytes(range(0xE0, 0xF0))  # bytes of UTF-8
_META = re.compile(rb"<meta\s[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 1024  # bytes, as browsers look for it


def decode(body: bytes, charset: str | None, *, is_html: bool = False) -> str:
    """Return the text of body, each line ended by a line feed.

    Raises Unsupported for an unknown charset, Refused at the first byte that is not text.
    """
    declared = _declared(charset)
    for mark, family, codec in _MARKS:
        if body.startswith(mark):
            if declared not in (None, family):
                raise _refused(body, 0, "", "The byte order mark contradicts the charset.")
            return _strict(body, len(mark), codec)
    if declared == "utf-16":
        raise _refused(body, 0, "", "UTF-16 needs a byte order mark.")
    if declared is None and is_html:
        declared = _declared_inside(body)
    if declared is None and _is_gb18030(body):
        declared = "gb18030"
    return _strict(body, 0, declared or "utf-8")


def _declared(charset: str | None) -> str | None:
    if not charset:
        return None
    try:
        return _CODECS[charset.strip().strip("\"'").lower()]
    except KeyError:
        raise Unsupported("charset", charset, _ACCEPTED) from None


def _declared_inside(body: bytes) -> str | None:
    """Return what an HTML page says of its charset. Raises Refused for one that is not read."""
    found = _META.search(body, 0, _META_WITHIN)
    # Whoever saves a page anew as UTF-8 often leaves what it said before.
    if found is None or _is_utf8(body):
        return None
    label = found[1].decode("ascii", "replace").lower()
    codec = _CODECS.get(label)
    if codec is None:
        before = body[: found.start(1)].decode("ascii", "replace")
        raise _refused(body, found.start(1), before, f"The charset {label} is not read.")
    return "utf-8" if codec == "utf-16" else codec


def _is_utf8(body: bytes) -> bool:
    """Return whether body is UTF-8, and not by the chance that befalls a few bytes of GB18030."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return body.isascii() or len(body.translate(None, _FIRST_OF_THREE)) < len(body)


def _strict(body: bytes, start: int, codec: str) -> str:
    try:
        text = body[start:].decode(codec)
    except UnicodeDecodeError as error:
        before = body[start : start + error.start].decode(codec, "replace")
        raise _refused(
            body, start + error.start, before, f"These bytes are not {codec.upper()} text."
        ) from None
    if bad := FORBIDDEN.search(text):
        before = text[: bad.start()]
        offset = start + len(before.encode(codec))
        raise _refused(body, offset, before, f"U+{ord(bad[0]):04X} cannot stand in a text.")
    return _LINE_END.sub("\n", text)


def _refused(body: bytes, offset: int, before: str, message: str) -> Refused:
    before = _LINE_END.sub("\n", before)
    hint = "Save the file as UTF-8, or declare its charset."
    if b"\0" in body[:4096]:
        hint = "This is no text file, or UTF-16 without a byte order mark: save it as UTF-8."
    return Refused(
        (
            Finding(
                before.count("\n") + 1,
                len(before) - before.rfind("\n"),
                FindingCode.UNDECODABLE,
                f"{message} Byte offset {offset}.",
                hint,
            ),
        )
    )


def _is_gb18030(body: bytes) -> bool:
    """Return whether body is Chinese text in GB18030 and not UTF-8 with damage in it."""
    readable = body.decode("utf-8", "ignore").encode()
    strays = len(body) - len(readable)
    if not strays:
        return False
    try:
        text = body.decode("gb18030")
    except UnicodeDecodeError:
        return False
    # UTF-8 with a few bad bytes often decodes as GB18030 too, into rare characters. Damaged
    # UTF-8 is still mostly whole sequences of three bytes; GB18030 hardly ever looks like one.
    whole = len(readable) - len(readable.translate(None, _FIRST_OF_THREE))
    plain = len(text.encode("ascii", "ignore"))
    foreign = len(text) - plain
    # Python's GB2312 has other characters in the places of two everyday signs.
    known = text.replace("—", "―").replace("·", "・").encode("gb2312", "ignore")
    everyday = (len(known) - plain) // 2
    return whole * 4 < strays and everyday * 5 >= foreign * 4
