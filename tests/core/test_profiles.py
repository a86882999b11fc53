"""What a publisher may say of itself, and how it is stored."""

from __future__ import annotations

import re

import pytest

from gateway.core.bundles import Damaged
from gateway.core.colours import NEEDED, PAPERS, LowContrast, contrast, lightened
from gateway.core.errors import Malformed
from gateway.core.profiles import FIELDS, MOST, UNSAID, Mark, Profile, valid_profile
from gateway.rendering.static import ASSETS

MARK = Mark("image/png", 4, 2, "origin", "digest", b"\x89PNG bytes")
SAID = Profile("灯房", "我们写灯塔。", "help@lamp.example", "京ICP备1号", "#1a5fb4", "", MARK)


def test_what_is_stored_is_read_back_whole() -> None:
    assert Profile.unpack(SAID.pack("demo"), "demo") == SAID


@pytest.mark.parametrize("at", range(0, len(SAID.pack("demo")), 7))
def test_a_stored_profile_with_a_bit_changed_is_damaged(at: int) -> None:
    blob = bytearray(SAID.pack("demo"))
    blob[at] ^= 1
    with pytest.raises(Damaged):
        Profile.unpack(bytes(blob), "demo")


def test_the_stored_profile_of_one_publisher_is_that_of_no_other() -> None:
    with pytest.raises(Damaged):
        Profile.unpack(SAID.pack("demo"), "other")


def test_every_field_and_the_mark_are_in_the_stamp() -> None:
    others = [valid_profile({name: SAMPLES[name]}, None) for name in FIELDS]
    marked = [Profile(mark=MARK), Profile(mark=Mark("image/png", 4, 2, "origin", "another"))]
    stamps = {each.stamp for each in (UNSAID, *others, *marked)}
    assert len(stamps) == len(others) + 3
    assert UNSAID.stamp == ""


SAMPLES = {
    "name": "The Lamp Room",
    "about": "One.\n\nTwo.",
    "help": "https://lamp.example/help",
    "footer": "A line\nand another",
    "colour": "#1a5fb4",
    "colour_dark": "#8cb8f0",
}


@pytest.mark.parametrize("field", FIELDS)
def test_what_was_read_is_read_again_as_it_is(field: str) -> None:
    read = valid_profile({field: SAMPLES[field]}, None)
    assert getattr(read, field) == SAMPLES[field]
    assert valid_profile(read.words, None) == read


@pytest.mark.parametrize("field", MOST)
def test_words_are_bounded_and_can_all_be_seen(field: str) -> None:
    for wrong in ("a" * (MOST[field] + 1), "a\u202eb", "a\x00b", "a\x9bb"):
        with pytest.raises(Malformed) as caught:
            valid_profile({field: wrong}, None)
        assert caught.value.where == field


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Malformed) as caught:
        valid_profile({"name": "a" * 99, "help": "a@b", "colour": "red"}, None)
    assert [each.where for each in caught.value.problems] == ["name", "help", "colour"]


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("help@lamp.example", "mailto:help@lamp.example"),
        ("mailto:help@lamp.example", "mailto:help@lamp.example"),
        ("https://lamp.example/help", "https://lamp.example/help"),
        ("微信号 lamp-room", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_help_is_a_page_or_mail_or_words(typed: str, link: str) -> None:
    assert valid_profile({"help": typed}, None).help_link == link


@pytest.mark.parametrize(
    "typed",
    [
        "help@lamp",
        "a b@lamp.example",
        "htps://lamp.example",
        "https://",
        "a" * 101,
        "x@y.z?cc=a@b.c",
        "https://name:word@lamp.example",
        "https://lamp.example/a b",
    ],
)
def test_help_that_leads_nowhere_is_refused(typed: str) -> None:
    with pytest.raises(Malformed):
        valid_profile({"help": typed}, None)


# --- colours -----------------------------------------------------------------------------------


def test_the_papers_are_those_of_the_style_sheet() -> None:
    css = (ASSETS / "app.css").read_text("utf-8")
    told = dict(re.findall(r':root\[data-paper="(\w+)"\] \{\n(.*?)\n\}', css, re.DOTALL))
    assert {
        name: tuple(re.findall(rf"--{ground}: (#\w+)", block)[0] for ground in ("paper", "panel"))
        for name, block in told.items()
    } == PAPERS


@pytest.mark.parametrize(
    ("field", "colour", "paper", "has"),
    [
        ("colour", "#ee7f66", "sepia", "2.11"),
        ("colour", "#777777", "sepia", "3.54"),
        ("colour_dark", "#1a5fb4", "dark", "2.64"),
    ],
)
def test_a_colour_that_cannot_be_read_is_told_with_its_contrast(
    field: str, colour: str, paper: str, has: str
) -> None:
    with pytest.raises(Malformed) as caught:
        valid_profile({field: colour}, None)
    (fault,) = caught.value.problems
    assert isinstance(fault, LowContrast)
    assert (fault.where, fault.paper, fault.has) == (field, paper, has)
    assert has in fault.message
    assert str(NEEDED) in fault.hint


def test_what_is_told_of_a_contrast_never_looks_like_enough() -> None:
    assert LowContrast("dark", 4.4999, "colour").has == "4.49"


@pytest.mark.parametrize("colour", ["#000000", "#1a5fb4", "#b3341f", "#0000ff", "#123456"])
def test_a_colour_made_lighter_can_be_read_on_dark_paper(colour: str) -> None:
    lighter = lightened(colour)
    assert min(contrast(lighter, ground) for ground in PAPERS["dark"]) >= NEEDED
    assert lightened(lighter) == lighter
