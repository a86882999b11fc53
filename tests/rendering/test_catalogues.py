"""Catalogues are compiled as Babel compiles them, and days are told as CLDR tells them."""

from __future__ import annotations

from datetime import date, timedelta
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.dates import format_date
from babel.messages import mofile, pofile

from gateway.rendering.catalogues import catalogue, compiled
from gateway.rendering.pages import LOCALE, Language, day_in_words

SOURCES = sorted(LOCALE.rglob("*.po"))
ODD = r"""# A comment; no message:
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

#, python-format
msgid "a \"word\" \\ and\t"
"the rest"
msgstr "ein „Wort“\n"

msgid "%(num)s page"
msgid_plural "%(num)s pages"
msgstr[0] "%(num)s Seite"
msgstr[1] "%(num)s Seiten"

msgid "not translated yet"
msgstr ""
"""


def by_babel(source: str) -> bytes:
    """Return what Babel makes of a catalogue."""
    made = BytesIO()
    mofile.write_mo(made, pofile.read_po(BytesIO(source.encode())))
    return made.getvalue()


def words(made: bytes) -> dict[object, str]:
    """Return what gettext finds in a compiled catalogue."""
    found: dict[object, str] = vars(GNUTranslations(BytesIO(made)))["_catalog"]
    found.pop("")  # facts of the catalogue, to which Babel adds some
    return found


@pytest.mark.parametrize("source", [ODD, *(path.read_text("utf-8") for path in SOURCES)])
def test_a_catalogue_says_what_babel_makes_of_it(source: str) -> None:
    assert words(compiled(source)) == words(by_babel(source))
    assert len(words(compiled(source))) > 2


def test_a_message_without_words_stays_as_it_is() -> None:
    made = GNUTranslations(BytesIO(compiled(ODD)))
    assert made.gettext("not translated yet") == "not translated yet"
    assert made.ngettext("%(num)s page", "%(num)s pages", 2) == "%(num)s Seiten"


@pytest.mark.parametrize(
    "line",
    [
        "msgctxt x",
        "msgid without quotes",
        '"of no field"',
        "#, fuzzy",
        'msgid "cut',
        'msgid "a" b"',
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        compiled(f"\n{line}\n")


def test_an_edited_catalogue_counts_before_one_that_was_compiled(tmp_path: Path) -> None:
    (tmp_path / "gateway.mo").write_bytes(b"compiled")
    assert catalogue(tmp_path) == b"compiled"
    (tmp_path / "gateway.po").write_text(ODD)
    assert catalogue(tmp_path) == compiled(ODD)


@pytest.mark.parametrize(("language", "locale"), [("zh-CN", "zh_CN"), ("en", "en_GB")])
def test_a_day_is_told_as_its_language_tells_it(language: Language, locale: str) -> None:
    year = [date(2024, 1, 1) + timedelta(days) for days in range(366)]
    for day in (date.min, *year, date.max):
        assert day_in_words(day, language) == format_date(day, "long", locale=locale)
