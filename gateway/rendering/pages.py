"""Pages: templates with the words of one language.

Text of a document or of a request is data: it is never a template, a message or a format.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.core.timestamps import timestamp
from gateway.formats import FORMATS
from gateway.rendering.catalogues import catalogue
from gateway.rendering.lengths import minutes
from gateway.rendering.representations import OTHERS
from gateway.rendering.static import Static

Language = Literal["zh-CN", "en"]

LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
LOCALE = Path(__file__).parents[1] / "locale"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS: dict[Language, Callable[[date], str]] = {
    "zh-CN": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "en": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
}


class Pages:
    """The templates of a folder, in every language of the interface."""

    def __init__(self, templates: Path, static: Static, locale: Path = LOCALE) -> None:
        loader = FileSystemLoader(templates)
        self._words = {language: _words(locale, language) for language in LANGUAGES}
        self._environments = {
            language: _environment(loader, language, words, static)
            for language, words in self._words.items()
        }

    def render(self, name: str, language: Language, **context: object) -> bytes:
        """Return a template set in a language. Raises UndefinedError where context has a hole."""
        return self._environments[language].get_template(name).render(context).encode()

    def gettext(self, language: Language) -> Callable[[str], str]:
        """Return what turns a message into a language."""
        return self._words[language].gettext


def interface(language: str) -> Language:
    """Return the language of the interface around a text in a language."""
    return "zh-CN" if language.lower().replace("_", "-").split("-")[0] == "zh" else "en"


def _words(locale: Path, language: Language) -> gettext.NullTranslations:
    """Return the messages of a language; the source itself is English."""
    if language == "en":
        return gettext.NullTranslations()
    folder = locale / language.replace("-", "_") / "LC_MESSAGES"
    return gettext.GNUTranslations(BytesIO(catalogue(folder)))


def _environment(
    loader: FileSystemLoader, language: Language, words: gettext.NullTranslations, static: Static
) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    environment.globals["language"] = language
    # What stands between two sentences: a full stop of Chinese has its blank within.
    environment.globals["gap"] = "" if language == "zh-CN" else " "
    environment.globals["static"] = static.url
    environment.globals["formats"] = FORMATS
    environment.globals["representations"] = OTHERS
    environment.filters["minutes"] = minutes
    environment.filters["day_at"] = lambda at: day_in_words(timestamp(at), language)
    environment.filters["day"] = lambda moment: day_in_words(moment, language)
    _install(environment, words)
    return environment


def _install(environment: Environment, words: gettext.NullTranslations) -> None:
    install: Callable[..., None] = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(words, newstyle=True)
    environment.globals["gettext"] = environment.globals["_"] = _message(words)


def _message(words: gettext.NullTranslations) -> Callable[..., Markup]:
    """Return what Jinja's own function returns; a page has a hundred messages without holes."""

    @cache
    def whole(message: str) -> Markup:
        return Markup(words.gettext(message)) % {}  # noqa: S704  # of our own templates

    def filled(message: str, **variables: object) -> Markup:
        if not variables:
            return whole(message)
        return Markup(words.gettext(message)) % variables  # noqa: S704

    return filled


def day_in_words(moment: str | date, language: Language) -> str:
    """Return the day of a date or of an RFC 3339 time, in UTC, in words."""
    day = datetime.fromisoformat(moment).date() if isinstance(moment, str) else moment
    return _DAYS[language](day)
