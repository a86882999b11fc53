"""Pages: templates with the words of one language.

Text of a document or of a request is data: it is never a template, a message or a format.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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
_MOST_PREFERENCES = 20


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


def negotiate(accept_language: str | None) -> Language:
    """Return the language that an Accept-Language header likes best, English for none."""
    best: tuple[float, Language] = (0.0, "en")
    for preference in (accept_language or "").split(",")[:_MOST_PREFERENCES]:
        name, _, weight = preference.partition(";")
        liking = _weight(weight)
        if liking > best[0] and (language := _spoken(name.strip().lower())):
            best = (liking, language)
    return best[1]


def _spoken(name: str) -> Language | None:
    primary = name.split("-")[0]
    if primary == "zh":
        return "zh-CN"
    return "en" if primary in ("en", "*") else None


def _weight(parameter: str) -> float:
    """Return a q-value; 1 where there is none, 0 where it is not one."""
    if not parameter.strip():
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0


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


def day_in_words(moment: str | date, language: Language) -> str:
    """Return the day of a date or of an RFC 3339 time, in UTC, in words."""
    day = datetime.fromisoformat(moment).date() if isinstance(moment, str) else moment
    return _DAYS[language](day)
