"""Pictures inside Word documents: shown where they stand, each as public as the text around it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest
from docx.shared import Cm

from gateway.core.bundles import IDENTITY, Bundle
from gateway.core.companions import MAX_COMPANIONS
from gateway.core.documents import Address
from gateway.core.errors import Refused
from gateway.core.findings import FindingCode
from gateway.formats.fragments import attribute, pieces
from gateway.rendering.workers import compose_edition
from gateway.usecases.composing import Composed, Task
from gateway.usecases.submissions import Submission
from tests.properties.canaries import canaries, found_in, needles
from tests.support import pictures
from tests.support.services import NOW

WORD = canaries(9)[0]
CORPUS = Path("tests/corpus/docx")


def written(*parts: str | bytes, title: str = "Stones") -> bytes:
    """Return what python-docx writes of paragraphs of words and pictures."""
    made = docx.Document()
    made.add_heading(title)
    for part in parts:
        if isinstance(part, str):
            made.add_paragraph(part)
        else:
            made.add_picture(BytesIO(part), Cm(4))
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def composed(body: bytes, *, free: bool = False) -> Composed:
    submission = Submission(Address("demo", "w"), body, "docx", free=free)
    return compose_edition(Task(submission, "e1", NOW, None), "")


def shown(bundle: Bundle) -> list[str]:
    """Return the addresses of the pictures on a page."""
    page = (bundle.forms.get("html") or bundle.forms["html.en"]).bodies[IDENTITY].decode()
    return [attribute(piece, "src") for piece in pieces(page) if piece.name == "img"]


def forms(bundle: Bundle) -> list[str]:
    return [name for name in bundle.forms if name.startswith("pictures/")]


def test_each_picture_is_as_public_as_the_text_around_it() -> None:
    body = written(
        "Free.",
        pictures.png("1"),
        "##paidbegin##",
        pictures.jpeg("another picture"),
        "Paid.##paidend##",
        "End.",
    )
    made = composed(body)
    assert made.warnings == ()
    (public,), (same, private) = shown(made.sealed.public), shown(made.sealed.full)
    assert public == same
    assert public.startswith("/documents/demo/w/pictures/")
    assert private.startswith("/read/demo/w/pictures/")
    assert [f"/documents/demo/w/{name}" for name in forms(made.sealed.public)] == [public]
    assert [f"/read/demo/w/{name}" for name in forms(made.sealed.full)] == [private]
    assert made.fittings == ((), ())


def test_the_same_picture_in_free_and_in_paid_text_is_one_that_is_public() -> None:
    picture = pictures.png("1")
    made = composed(written(picture, "##paidbegin##Paid.", picture, "##paidend##"))
    assert len({*shown(made.sealed.full)}) == 1
    assert forms(made.sealed.full) == []


def test_a_paragraph_of_a_picture_alone_is_shown_and_is_no_title() -> None:
    made = composed(written("Words.", pictures.png(), title=""), free=True)
    assert made.edition.title == "Words."
    assert len(shown(made.sealed.public)) == 1


def test_what_is_shown_in_free_text_does_not_tell_how_many_pictures_are_paid_for() -> None:
    one = pictures.png("1")

    def made(paid: int) -> Composed:
        others = [pictures.png(str(number + 2)) for number in range(paid)]
        return composed(written("Free.", "##paidbegin##", *others, "Paid.##paidend##", one))

    assert len(shown(made(1).sealed.public)) == len(shown(made(MAX_COMPANIONS - 1).sealed.public))
    with pytest.raises(Refused, match="1 finding"):
        made(MAX_COMPANIONS)


def test_nothing_beside_the_pixels_of_a_picture_is_in_any_form() -> None:
    body = written(
        "Free.", pictures.jpeg(WORD), "##paidbegin##Paid.", pictures.png(WORD), "##paidend##"
    )
    with ZipFile(BytesIO(body)) as archive:
        assert found_in(b"".join(map(archive.read, archive.namelist())), needles([WORD]))
    sealed = composed(body).sealed
    assert len(forms(sealed.public)) == len(forms(sealed.full)) == 1
    for bundle in (sealed.public, sealed.full):
        for form in bundle.forms.values():
            assert found_in(form.bodies[IDENTITY], needles([WORD])) == []


def test_a_picture_that_cannot_be_made_is_left_out_and_told_at_its_paragraph() -> None:
    damaged = pictures.png()
    body = written("Free.", damaged, "##paidbegin##Paid.##paidend##")
    made = composed(_with_member(body, "word/media/image1.png", damaged[:60] + bytes(40)))
    assert [(each.code, "1 picture" in each.message) for each in made.warnings] == [
        (FindingCode.LEFT_OUT, True)
    ]
    assert shown(made.sealed.public) == []
    vector = _with_member(body, "word/media/image1.png", b"\xd7\xcd\xc6\x9a" + bytes(60))
    assert [each.code for each in composed(vector).warnings] == [FindingCode.LEFT_OUT]


def _with_member(body: bytes, name: str, content: bytes) -> bytes:
    out = BytesIO()
    with ZipFile(BytesIO(body)) as old, ZipFile(out, "w") as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return out.getvalue()


@pytest.mark.parametrize("file", ["24-pictures.docx"])
def test_the_words_of_a_paid_picture_are_paid(file: str) -> None:
    sealed = composed((CORPUS / file).read_bytes()).sealed
    assert (len(shown(sealed.public)), len(shown(sealed.full))) == (1, 2)
    for form in sealed.public.forms.values():
        assert "库房内景".encode() not in form.bodies[IDENTITY]
    assert "库房内景".encode() in sealed.full.forms["html.en"].bodies[IDENTITY]
