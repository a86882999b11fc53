"""Every message of the interface has its Chinese words, and no words are left over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from gateway.rendering.pages import LOCALE
from tests.web.sheets import ROOT

METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("gateway/**.py", "python")]


def messages() -> Iterator[str]:
    """Return every message that templates and code ask for."""
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT, METHODS, directory_filter=lambda path: not path.endswith((".venv", ".git"))
    ):
        yield first_of(message)


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    """Read the Chinese catalogue."""
    with (LOCALE / "zh_CN" / "LC_MESSAGES" / "gateway.po").open("rb") as file:
        return pofile.read_po(file, abort_invalid=True)


def test_every_message_has_chinese_words_and_none_is_left_over(chinese: Catalog) -> None:
    asked = set(messages())
    known = {first_of(message.id) for message in chinese if message.id and message.string}
    assert sorted(asked - known) == []
    assert sorted(known - asked) == []


def test_no_translation_is_a_guess(chinese: Catalog) -> None:
    assert [message.id for message in chinese if message.id and message.fuzzy] == []


def test_translations_keep_the_places_of_their_values(chinese: Catalog) -> None:
    for message in chinese:
        if message.id:
            assert values(last_of(message.id)) == values(last_of(message.string))


def test_chinese_words_use_chinese_punctuation(chinese: Catalog) -> None:
    for message in chinese:
        words = re.sub(r"%\(\w+\)s", "", last_of(message.string)) if message.id else ""
        assert not re.search("[\u4e00-\u9fff][,;:?!.]", words), message.string


def test_what_stands_between_two_sentences_is_as_the_language_has_it() -> None:
    ends = re.compile(r'[.?]"[^}]*\}\}(</strong>)? \{\{ _\(')
    for file in sorted((ROOT / "templates").rglob("*.html")):
        assert not ends.search(file.read_text("utf-8")), file.name


def values(text: str) -> set[str]:
    """Return the names of the values in a message."""
    return set(re.findall(r"%\((\w+)\)[sd]", text))


def first_of(text: str | Sequence[str]) -> str:
    """Return a message, or the singular of one that has a plural."""
    return text if isinstance(text, str) else text[0]


def last_of(text: str | Sequence[str] | None) -> str:
    """Return a message, or the plural of one that has one."""
    return text if isinstance(text, str) else text[-1] if text else ""
