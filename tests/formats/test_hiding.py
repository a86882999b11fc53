"""What a browser would not show is in no form, and its publisher is told."""

from __future__ import annotations

import pytest

from gateway.core.findings import FindingCode
from gateway.formats import html
from gateway.formats.sanitising import sanitise

HIDDEN = (
    "<p hidden>DARK</p>",
    "<p HIDDEN='until-found'>DARK</p>",
    "<p style='display:none'>DARK</p>",
    '<p style="color:red; DISPLAY : None !important">DARK</p>',
    "<p style='display:none!important; display:block'>DARK</p>",
    "<p style='display&colon;none'>DARK</p>",
    "<p style='display:/* x */none'>DARK</p>",
    "<p style='visibility: hidden'>DARK</p>",
    "<p style='opacity:0'>DARK</p>",
    "<p style='font-size:0px'>DARK</p>",
    "<p title='>' hidden>DARK</p>",
    "<div hidden>DARK<p>DARK</div>",
    "<p hidden>DARK<p>y",
    "<form hidden>DARK<input>DARK</form>",
    "<custom-note hidden>DARK</custom-note>",
    "<dialog>DARK</dialog>",
    "<div popover>DARK</div>",
    "<style>.x { color: red; display: none }</style><b class='y x'>DARK</b>",
    "<style>p.x, #z{display:none}</style><p class=x>DARK</p><b id=z>DARK</b>",
    "<b class=x>DARK</b><style>.x{display:none}</style>",
    "<table><tr hidden><td>DARK</td></tr><tr><td>y</td></tr></table>",
)
SHOWN = (
    "<p style='display:block'>LIGHT</p>",
    "<p style='display:none; display:block'>LIGHT</p>",
    "<p style='opacity:0.5; font-size:10px'>LIGHT</p>",
    "<p class=hidden data-hidden aria-hidden=true>LIGHT</p>",
    "<dialog open>LIGHT</dialog>",
    "<details>LIGHT</details>",
    "<style>.x{display:none}</style><p class=y>LIGHT</p>",
    "<style>@media print{.x{display:none}}</style><p class=x>LIGHT</p>",
    "<style>.x{display:none} .x{display:block}</style><p class=x>LIGHT</p>",
    "<style>.a .x{display:none}</style><p class=x>LIGHT</p>",
    "<body style='visibility:hidden'><p>LIGHT</p></body>",
    "<p hidden>x</p>LIGHT",
    "<br hidden>LIGHT",
)


@pytest.mark.parametrize("source", HIDDEN)
@pytest.mark.parametrize("around", ["{}", "<p>a</p>{}<p>b</p>", "<div>a {} b</div>"])
def test_a_hidden_element_is_in_no_form_and_is_told_of(source: str, around: str) -> None:
    made = html.render(around.format(source), "T")
    assert "DARK" not in f"{made}"
    assert FindingCode.HIDDEN in {each.code for each in made.warnings}


@pytest.mark.parametrize("source", SHOWN)
def test_what_a_browser_shows_stays(source: str) -> None:
    assert "LIGHT" in html.render(source, "T").text


def test_a_warning_stands_at_the_line_of_what_was_left_out() -> None:
    made = html.render("<p>a</p>\n<p>\nb <i\nhidden>c</i></p>\n<p hidden>d</p>", "T")
    assert [each.line for each in made.warnings] == [3, 5]


def test_what_hides_leaves_no_trace_of_itself() -> None:
    clean = sanitise("<p style='color:red' hidden>x</p><p style='color:red' popover>y</p><p>z</p>")
    assert clean == "<p>z</p>"


def test_players_and_frames_leave_a_link() -> None:
    made = html.render(
        "<iframe src='//player.example/1&amp;2'><p>DARK</p></iframe>\n"
        "<video poster=x><source src=https://e.example/2>DARK</video>\n"
        "<object data='javascript:x'>DARK</object><embed src=https://e.example/3>",
        "T",
    )
    assert "DARK" not in f"{made}"
    assert made.text.split() == [
        "//player.example/1&2",
        "https://e.example/2",
        "https://e.example/3",
    ]
    assert [(each.line, each.code) for each in made.warnings] == [
        (1, FindingCode.LEFT_OUT),
        (2, FindingCode.LEFT_OUT),
        (3, FindingCode.LEFT_OUT),
        (3, FindingCode.LEFT_OUT),
    ]


def test_what_wordpress_kept_in_its_classic_editor_is_read_as_it_showed_it() -> None:
    made = html.render(
        "one\nline <b>x\n\ny</b>\n\n[gallery ids='1']\n\ntwo<br>\nthree\n"
        "[caption id='a']<img src='https://e.example/i.png' alt=i> words[/caption]\n"
        "<pre>[gallery]\n\nx</pre>",
        "T",
    )
    assert made.html.replace(' loading="eager"', "") == (
        "<p>one<br>line <b>x<br>y</b></p><p>two<br>three<br>"
        '<img src="https://e.example/i.png" alt="i"> words</p><pre>[gallery]\n\nx</pre>'
    )
    assert [(each.line, each.code) for each in made.warnings] == [
        (6, FindingCode.LEFT_OUT), (10, FindingCode.LEFT_OUT)
    ]  # fmt: skip


def test_an_html_document_says_its_language() -> None:
    assert html.render("<!doctype html><html lang=de_AT><p>x").language == "de-AT"
    assert html.render("<html lang='not a language'><p>x").language == ""
    assert html.render("<p>x<html lang=de>").language == ""
