"""Bundles: what is packed comes back, and what is damaged is never taken for whole."""

from __future__ import annotations

import json

import pytest

from gateway.core.bundles import HEAD, Bundle, Damaged, Form, found_in, head_size

WHOLE = Bundle(
    "e1",
    {
        "html": Form("text/html", '"a"', {"br": b"b" * 40, "identity": b"h" * 100}),
        "md": Form("text/markdown", '"b"', {"identity": b"m" * 50}),
    },
)


def rewritten(place: tuple[str | int, ...], number: int) -> bytes:
    """Return the blob with one number of its head changed."""
    blob = WHOLE.pack()
    head = told = json.loads(blob[HEAD : head_size(blob)])
    for step in place[:-1]:
        told = told[step]
    told[place[-1]] = number
    packed = json.dumps(head).encode()
    return blob[: HEAD - 8] + len(packed).to_bytes(8, "big") + packed + blob[head_size(blob) :]


def test_what_is_packed_comes_back() -> None:
    assert Bundle.unpack(WHOLE.pack()) == WHOLE


@pytest.mark.parametrize("cut", [0, 5, HEAD, HEAD + 10, -1])
def test_a_blob_that_was_cut_off_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged):
        Bundle.unpack(WHOLE.pack()[:cut])


@pytest.mark.parametrize(
    ("place", "number"),
    [
        (("size",), 189),
        (("forms", "html", 2), 1),
        (("forms", "html", 2), -1),
        (("forms", "md", 2), 100),
        (("forms", "md", 2), 141),
        (("forms", "html", 3, "br"), 41),
        (("forms", "html", 3, "br"), 400),
        (("forms", "md", 3, "identity"), -10),
        (("forms", "md", 3, "identity"), 51),
    ],
)
def test_a_number_that_is_wrong_is_damage(place: tuple[str | int, ...], number: int) -> None:
    with pytest.raises(Damaged):
        Bundle.unpack(rewritten(place, number))


def test_one_form_is_found_within_its_blob_or_not_at_all() -> None:
    blob = WHOLE.pack()
    media_type, etag, at, sizes = found_in(blob[: head_size(blob)], len(blob), "md")
    assert (media_type, etag, at + sizes["identity"]) == ("text/markdown", '"b"', len(blob))
    with pytest.raises(KeyError):
        found_in(blob, len(blob), "txt")
    wrong = rewritten(("forms", "md", 3, "identity"), 51)
    with pytest.raises(Damaged):
        found_in(wrong, len(wrong), "md")


def test_a_form_shows_no_text_of_its_bodies() -> None:
    assert "hhh" not in repr(WHOLE)
