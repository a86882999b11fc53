"""What would take a parser more than linear time is refused before any parser sees it."""

from __future__ import annotations

import pytest

from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats import html, markdown
from gateway.formats.nesting import MAX_ATTRIBUTES, MAX_DEPTH, check
from gateway.ports import Format

MANY = " ".join(f"a{number}" for number in range(MAX_ATTRIBUTES + 1))
SOME = " ".join(f"a{number}" for number in range(MAX_ATTRIBUTES))


def finding(text: str) -> Finding:
    with pytest.raises(Refused) as refused:
        check(text)
    (found,) = refused.value.findings
    assert found.code is FindingCode.TOO_LARGE
    return found


@pytest.mark.parametrize(
    "tag",
    [
        f"<p {MANY}>",
        f"</p {MANY}>",
        "<p/" + MANY.replace(" ", "/") + ">",
        "<p " + MANY.replace(" ", "= x ") + ">",
        "<p " + MANY.replace(" ", '="x>"') + ">",
        "<p " + MANY.replace(" ", "\n") + ">",
        "<p " + "a " * (MAX_ATTRIBUTES + 1) + ">",
        f'<p=" {MANY}">',
        f'<p a=\u3000" {MANY}">',
        f'<p\u3000=" {MANY}">',
    ],
)
def test_a_tag_with_very_many_attributes_is_refused_where_it_stands(tag: str) -> None:
    found = finding(f"<h1>T</h1>\n\n<b>x</b>{tag}x</p>")
    assert (found.line, found.column) == (3, 9)
    assert "attributes" in found.message


@pytest.mark.parametrize(
    "text",
    [
        f"<p {SOME}>x</p>" * 3,
        f"<p title='{MANY}'>x</p>",
        f'<p class="{MANY}" id=a>x</p>',
        f"<!-- <p {MANY}> -->",
        f"<p>&lt;p {MANY}></p>",
        f"<title><p {MANY}></title>",
        "<html a b><body c>x" * 10,
    ],
)
def test_what_is_no_crowd_of_attributes_passes(text: str) -> None:
    check(text)


@pytest.mark.parametrize("tag", ["<html>", "<html lang=en>", f"<html {SOME}><p></p>"])
def test_attributes_cannot_gather_on_the_root(tag: str) -> None:
    assert "attributes" in finding(tag * (MAX_ATTRIBUTES + 1)).message


@pytest.mark.parametrize("form", [html, markdown])
def test_every_format_that_takes_html_has_the_limit(form: Format) -> None:
    with pytest.raises(Refused):
        form.render(f"<p {MANY}>x</p>\n")


def test_elements_that_nest_too_deep_are_refused_where_they_do() -> None:
    found = finding("<div>\n" * (MAX_DEPTH + 1))
    assert (found.line, found.column) == (MAX_DEPTH + 1, 1)
    check("<div>" * MAX_DEPTH)


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2028"])
def test_white_space_that_html_does_not_know_hides_no_element(space: str) -> None:
    finding(f'<p a={space}">' + "<div>" * (MAX_DEPTH + 1) + '">')
    finding(f'<p{space}=">' + "<div>" * (MAX_DEPTH + 1) + '">')
