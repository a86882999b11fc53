"""Prices in words are read where there is one way to read them."""

from __future__ import annotations

import pytest

from gateway.core.prices import Price, price_of


@pytest.mark.parametrize(
    ("words", "language", "price"),
    [
        ("¥9.90", "zh-CN", Price(990, "CNY")),
        ("￥128", "zh", Price(12_800, "CNY")),
        ("¥500", "ja", Price(500, "JPY")),
        ("9.9元/月", "zh-CN", Price(990, "CNY", "P1M")),
        ("30 元 / 30天", "zh-CN", Price(3_000, "CNY", "P30D")),
        ("每月不是价格", "zh-CN", None),
        ("99元一年", "zh-CN", Price(9_900, "CNY", "P1Y")),
        ("$9 / month", "en", Price(900, "USD", "P1M")),
        ("$4 per month", "en", Price(400, "USD", "P1M")),
        ("1,200.50 EUR", "de", Price(120_050, "EUR")),
        ("€4 yearly", "en", Price(400, "EUR", "P1Y")),
        ("HK$38", "en", Price(3_800, "HKD")),
        ("USD 12 / 3 months", "en", Price(1_200, "USD", "P3M")),
        ("JPY 500.50", "ja", None),
        ("¥9", "en", None),
        ("9.90", "zh-CN", None),
        ("From $4 per month, billed yearly", "en", None),
        ("$4 €5", "en", None),
        ("$4 EUR", "en", None),
        ("free", "en", None),
        ("", "en", None),
        ("٣ USD", "ar", None),
    ],
)
def test_a_price_is_read_where_it_is_sure(words: str, language: str, price: Price | None) -> None:
    assert price_of(words, language) == price
