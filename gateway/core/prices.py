"""Prices as programs read them, out of the words in which people declare them.

What can be read in two ways is read in none: a price that is not sure is only shown.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple


class Price(NamedTuple):
    """An amount in minor units of a currency (ISO 4217), for a term (ISO 8601, "" for none)."""

    amount: int
    currency: str
    term: str = ""


_WORDS = {
    "CNY": ("CNY", "RMB", "CN¥", "元", "块", "人民币"),
    "USD": ("USD", "US$", "$", "美元"),
    "EUR": ("EUR", "€", "欧元"),
    "GBP": ("GBP", "£", "英镑"),
    "JPY": ("JPY", "円", "日元"),
    "HKD": ("HKD", "HK$", "港元", "港币"),
    "TWD": ("TWD", "NT$", "新台币"),
    "KRW": ("KRW", "₩", "원"),
    "INR": ("INR", "₹"),
    "SGD": ("SGD", "S$"),
    "AUD": ("AUD", "A$"),
    "CAD": ("CAD", "C$"),
    "CHF": ("CHF",),
    "BRL": ("BRL", "R$"),
    "RUB": ("RUB", "₽"),
    "VND": ("VND", "₫"),
}
_CURRENCY = {word: code for code, words in _WORDS.items() for word in words}
_YEN = {"zh": "CNY", "ja": "JPY"}  # whose ¥ it is, by the language of the text
_WHOLE = frozenset(("JPY", "KRW", "VND"))  # without minor units
_UNITS = {
    **dict.fromkeys(("day", "days", "天", "日"), "D"),
    **dict.fromkeys(("week", "weeks", "周", "星期"), "W"),
    **dict.fromkeys(("month", "months", "mo", "monthly", "月", "个月"), "M"),
    **dict.fromkeys(("year", "years", "yr", "yearly", "年"), "Y"),
}


def _any_of(words: object) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))  # type: ignore[call-overload]


_SIGN = _any_of([*_CURRENCY, "¥", "￥"])
_PRICE = re.compile(
    rf"(?P<before>{_SIGN})?\s?(?P<amount>\d{{1,3}}(?:,\d{{3}}){{1,3}}(?:\.\d{{1,2}})?|"
    rf"\d{{1,9}}(?:\.\d{{1,2}})?)\s?(?P<after>{_SIGN})?"
    rf"(?:\s?(?:/|per\b|a\b|每|一)?\s?(?P<count>\d{{1,3}})?\s?(?P<unit>{_any_of(_UNITS)}))?",
    re.IGNORECASE | re.ASCII,
)


def price_of(words: str, language: str) -> Price | None:
    """Return the price that words say in a text in a language, None where it is not sure."""
    found = _PRICE.fullmatch(words.strip())
    if found is None:
        return None
    signs = {_currency(sign, language) for sign in (found["before"], found["after"]) if sign}
    currency = signs.pop() if len(signs) == 1 else ""
    if not currency:
        return None
    amount = Decimal(found["amount"].replace(",", "")) * (1 if currency in _WHOLE else 100)
    if amount != int(amount):
        return None
    unit = found["unit"]
    term = f"P{int(found['count'] or 1)}{_UNITS[unit.lower()]}" if unit else ""
    return Price(int(amount), currency, term)


def _currency(sign: str, language: str) -> str:
    if sign in "¥￥":
        return _YEN.get(language.lower().partition("-")[0], "")
    return _CURRENCY.get(sign.upper(), "")
