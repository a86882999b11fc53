"""Bundles: what is packed comes back, and what is damaged is never taken for whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.bundles import HEAD, MAGIC, Bundle, Damaged, Representation, found_in, head_end
from tests.stores.things import entry

WHOLE = Bundle(
    "e1",
    {
        "html": Representation("text/html", '"a"', {"br": b"b" * 40, "identity": b"h" * 100}),
        "md": Representation("text/markdown", '"b"', {"identity": b"m" * 50}),
    },
)


OF = "public demo/first"
END = head_end(WHOLE.pack(OF), len(WHOLE.pack(OF)))


def rewritten(form: str, coding: str, field: int, text: str) -> bytes:
    """Return the blob with one field changed in the line of its index about a body."""
    blob = WHOLE.pack(OF)
    start = blob.index(f"\n{form}\t{coding}\t".encode()) + 1
    fields = blob[start : blob.index(b"\n", start)].split(b"\t")
    line, fields[field] = b"\t".join(fields), text.encode()
    changed = blob.replace(line, b"\t".join(fields), 1)
    return with_lengths(changed, END + len(changed) - len(blob), len(changed))


def with_lengths(blob: bytes, end: int, size: int) -> bytes:
    lengths = end.to_bytes(8, "big") + size.to_bytes(8, "big")
    return blob[: len(MAGIC)] + lengths + blob[len(MAGIC) + 16 :]


def test_what_is_packed_comes_back() -> None:
    assert Bundle.unpack(WHOLE.pack(OF), OF) == WHOLE


@pytest.mark.parametrize("cut", [0, 5, HEAD, HEAD + 10, -1])
def test_a_blob_that_was_cut_off_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged):
        Bundle.unpack(WHOLE.pack(OF)[:cut], OF)


FIRST, LAST = 4, 5


@pytest.mark.parametrize(
    ("form", "coding", "field", "text"),
    [
        ("html", "br", FIRST, "1"),
        ("html", "br", FIRST, "-1"),
        ("html", "br", LAST, "41"),
        ("html", "br", LAST, "400"),
        ("html", "br", LAST, ""),
        ("html", "br", LAST, "4\t0"),
        ("md", "identity", FIRST, "100"),
        ("md", "identity", FIRST, "141"),
        ("md", "identity", LAST, "189"),
        ("md", "identity", LAST, "191"),
        ("md", "identity", LAST, "x"),
    ],
)
def test_a_place_that_is_wrong_is_damage(form: str, coding: str, field: int, text: str) -> None:
    with pytest.raises(Damaged):
        Bundle.unpack(rewritten(form, coding, field, text), OF)


@pytest.mark.parametrize(("end", "size"), [(0, 0), (END, -1), (END, 1), (1 << 60, 0), (HEAD, 0)])
def test_lengths_that_are_wrong_are_damage(end: int, size: int) -> None:
    blob = WHOLE.pack(OF)
    with pytest.raises(Damaged):
        Bundle.unpack(with_lengths(blob, end, len(blob) + size), OF)


def test_one_form_is_found_within_its_blob_or_not_at_all() -> None:
    blob = WHOLE.pack(OF)
    size = len(blob)
    found = found_in(blob[:END], END, size, "md", "identity")
    assert found[:4] == ("text/markdown", b'"b"', "identity", slice(size - 50, size))
    assert found_in(blob[:END], END, size, "md", "br") == found
    with pytest.raises(KeyError):
        found_in(blob, END, size, "txt", "identity")
    for text in ("191", "-1"):
        wrong = rewritten("md", "identity", LAST, text)
        with pytest.raises((Damaged, KeyError)):
            found_in(wrong, head_end(wrong, len(wrong)), len(wrong), "md", "identity")


def test_what_is_listed_of_a_document_is_not_taken_for_a_form() -> None:
    listed = replace(entry(), title="\nhtml\tzstd\ttext/html\t\t0\t1\n", summary="\n\n")
    blob = replace(WHOLE, entry=listed).pack(OF)
    assert Bundle.unpack(blob, OF).entry == listed
    end = head_end(blob, len(blob))
    assert found_in(blob, end, len(blob), "html", "zstd")[2] == "identity"


def test_a_variant_has_the_bytes_and_the_etag_of_its_coding() -> None:
    html, md = WHOLE.forms["html"], WHOLE.forms["md"]
    told = [(v.etag, v.coding, v.body) for v in (html.variant("br"), html.variant("gzip"))]
    assert told == [(b'"a-br"', "br", b"b" * 40), (b'"a"', "identity", b"h" * 100)]
    assert md.variant("br").etag == b'"b"'
    assert html.variant("br") is html.variant("br")


def test_a_form_shows_no_text_of_its_bodies() -> None:
    assert "hhh" not in repr(WHOLE)
    assert "hhh" not in repr(WHOLE.forms["html"].variant("identity"))
