"""What a case may say must have come of it: one check for each fact, as its README tells them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.corpus.answers import Answers, squeezed


def warnings(answers: Answers, codes: Sequence[str]) -> None:
    """Hold that codes are among the warnings."""
    assert set(codes) <= _warned(answers)


def not_warned(answers: Answers, codes: Sequence[str]) -> None:
    """Hold that codes are not among the warnings."""
    assert not set(codes) & _warned(answers)


def _warned(answers: Answers) -> set[str]:
    return {code for code, _ in answers.found("warnings")}


def shown(answers: Answers, words: Sequence[str]) -> None:
    """Hold that every public form shows words."""
    for form, text in answers.shown():
        for each in words:
            assert squeezed(each) in text, f"{form} does not show {each}"


def page(answers: Answers, words: Sequence[str]) -> None:
    """Hold that the page shows words."""
    text = squeezed(answers.article.text())
    for each in words:
        assert squeezed(each) in text, f"the page does not show {each}"


def not_page(answers: Answers, words: Sequence[str]) -> None:
    """Hold that neither page nor plain text shows words."""
    for form, text in answers.shown():
        if form in ("page", ".txt"):
            for each in words:
                assert squeezed(each) not in text, f"{form} shows {each}"


def hidden(answers: Answers, strings: Sequence[str]) -> None:
    """Hold that strings stand nowhere in anything public."""
    for address, answer in answers.public.items():
        for each in strings:
            assert each.encode() not in answer.body, f"{address} holds {each}"


def full(answers: Answers, words: Sequence[str]) -> None:
    """Hold that page and plain text of the full text show words."""
    for form, text in answers.read_in():
        for each in words:
            assert squeezed(each) in text, f"{form} does not show {each}"


def not_full(answers: Answers, words: Sequence[str]) -> None:
    """Hold that neither page nor plain text of the full text shows words."""
    for form, text in answers.read_in():
        for each in words:
            assert squeezed(each) not in text, f"{form} shows {each}"


def count(answers: Answers, numbers: Mapping[str, int]) -> None:
    """Hold how many elements of each name the full text has."""
    assert {name: len(answers.read.css(name)) for name in numbers} == numbers


def together(answers: Answers, rows: Sequence[Sequence[str]]) -> None:
    """Hold that one element holds all the words; a row or several."""
    for name, *words in _rows(rows):
        assert _holds(answers, name, words), f"no <{name}> holds {words}"


def apart(answers: Answers, rows: Sequence[Sequence[str]]) -> None:
    """Hold that no element holds all the words."""
    for name, *words in _rows(rows):
        assert not _holds(answers, name, words), f"a <{name}> holds {words}"


def _rows(rows: Sequence[Any]) -> Sequence[Sequence[str]]:
    return [rows] if isinstance(rows[0], str) else rows


def _holds(answers: Answers, name: str, words: Sequence[str]) -> bool:
    texts = [squeezed(node.text()) for node in answers.read.css(name)]
    return any(all(squeezed(word) in text for word in words) for text in texts)


def never(answers: Answers, rows: Sequence[Sequence[str]]) -> None:
    """Hold that no such element has such a child."""
    for outer, inner in _rows(rows):
        assert not answers.read.css(f"{outer} > {inner}"), f"<{inner}> stands in <{outer}>"


def pre(answers: Answers, text: str) -> None:
    """Hold what the only listing of the full text holds."""
    (node,) = answers.read.css("pre")
    assert node.text().rstrip("\n") == text


def headings(answers: Answers, texts: Sequence[str]) -> None:
    """Hold that texts are headings of the full text."""
    found = {squeezed(node.text()) for node in answers.read.css("h1, h2, h3, h4, h5, h6")}
    assert {squeezed(text) for text in texts} <= found


def links(answers: Answers, parts: Sequence[str]) -> None:
    """Hold that some address of the full text contains each part."""
    nodes = answers.read.css("[href], [src]")
    found = [node.attributes.get(name) or "" for node in nodes for name in ("href", "src")]
    for part in parts:
        assert any(part in address for address in found), f"nothing leads to {part}"


def anchors(answers: Answers, wanted: bool) -> None:
    """Hold that links within the document lead somewhere, and headings have the same ids."""
    assert wanted
    for side in (answers.article, answers.read):
        ids = {node.attributes["id"] for node in side.css("[id]")}
        leading = [node.attributes["href"] or "" for node in side.css('a[href^="#"]')]
        assert {link[1:] for link in leading} <= ids
    public, whole = _ids(answers.article), _ids(answers.read)
    assert public
    assert public.items() <= whole.items()


def _ids(side: Any) -> dict[str, str | None]:
    nodes = side.css(".text h2, .text h3, .text h4, .text h5, .text h6")
    ours = [node for node in nodes if not node.attributes.get("id", "").startswith("paywall")]
    return {squeezed(node.text()): node.attributes.get("id") for node in ours}


def meta(answers: Answers, facts: Mapping[str, Any]) -> None:
    """Hold what the public page declares."""
    for name, fact in facts.items():
        _META[name](answers, fact)


def _title(answers: Answers, title: str) -> None:
    assert title in [node.text().strip() for node in answers.page.css("h1")]


def _language(answers: Answers, starts: Sequence[str]) -> None:
    assert _declared_language(answers).startswith(tuple(starts))


def _not_language(answers: Answers, starts: Sequence[str]) -> None:
    assert not _declared_language(answers).startswith(tuple(starts))


def _declared_language(answers: Answers) -> str:
    (html,) = answers.page.css("html")
    return html.attributes["lang"] or ""


def _date(answers: Answers, start: str) -> None:
    (script,) = answers.page.css('script[type="application/ld+json"]')
    assert json.loads(script.text())["datePublished"].startswith(start)
    assert _content(answers, 'meta[property="article:published_time"]').startswith(start)


def _description(answers: Answers, words: str) -> None:
    assert squeezed(words) in squeezed(_content(answers, 'meta[name="description"]'))


def _content(answers: Answers, selector: str) -> str:
    (node,) = answers.page.css(selector)
    return node.attributes["content"] or ""


_META: Mapping[str, Callable[[Answers, Any], None]] = {
    "title": _title,
    "language": _language,
    "not_language": _not_language,
    "date": _date,
    "description": _description,
}

FACTS: Mapping[str, Callable[[Answers, Any], None]] = {
    check.__name__: check
    for check in (
        *(warnings, not_warned, shown, page, not_page, hidden, full, not_full, count),
        *(together, apart, never, pre, headings, links, anchors, meta),
    )
}
"""Each fact by its name in the table."""
