"""What can be declared about a document."""

from __future__ import annotations

import pytest

from gateway.core.documents import is_language


@pytest.mark.parametrize(
    "tag",
    [
        *("en", "yue", "zh-CN", "pt-BR", "es-419", "zh-Hant-TW", "sr-Latn", "de-CH-1996"),
        *("sl-rozaj-biske-1994", "zh-Hans-CN-u-nu-hanidec-x-a", "en-x-pirate", "EN-gb"),
    ],
)
def test_a_language_tag_as_people_write_it_is_one(tag: str) -> None:
    assert is_language(tag)


@pytest.mark.parametrize(
    "text",
    [
        *("", "e", "123", "---", "en-", "-en", "en--GB", "en_US", "en GB", "en\n", "中文", "ｅｎ"),
        *("english", "en-a23456789", "*", "en,de", "en" + "-abcdefg" * 5),
    ],
)
def test_anything_else_is_no_language_tag(text: str) -> None:
    assert not is_language(text)
