"""What a client likes best: one parser, whichever header says it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from gateway.core.bundles import IDENTITY
from gateway.web.http.accept import liked_coding, negotiate, prefers


def would_rather(accept: str) -> bool:
    """Return whether a client that sends this would rather have CSV than JSON."""
    headers = [(b"accept", accept.encode())]
    return prefers(Request({"type": "http", "headers": headers}), "text/csv", "application/json")


@pytest.mark.parametrize("weight", ["nan", "-nan", "inf", "2", "-1", "", "x", "0", "0.000"])
def test_a_weight_that_is_none_is_a_refusal_in_every_header(weight: str) -> None:
    assert liked_coding(f"br;q={weight}".encode()) == IDENTITY
    assert negotiate(f"zh;q={weight}") == "en"
    assert not would_rather(f"text/csv;q={weight}")


@pytest.mark.parametrize("weight", ["", ";q=1", ";q=0.001", " ; q=.5", ";Q=1"])
def test_a_weight_above_nothing_is_a_liking_in_every_header(weight: str) -> None:
    assert liked_coding(f"br{weight}".encode()) == "br"
    assert negotiate(f"zh{weight}") == "zh-CN"
    assert would_rather(f"text/csv{weight}")


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (b"", IDENTITY),
        (b"*", "br"),
        (b"*;q=0.5, br;q=0", "zstd"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"gzip;q=0.9, br;q=0.1", "gzip"),
        (b"identity", IDENTITY),
        (b"x" * 300 + b", br", "br"),
    ],
)
def test_the_smallest_coding_of_those_that_are_liked_best_is_chosen(
    header: bytes, coding: str
) -> None:
    assert liked_coding(header) == coding


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("ZH-Hans-CN", "zh-CN"),
        ("en", "en"),
        ("de", "en"),
        ("de, zh;q=0.5, en;q=0.4", "zh-CN"),
        ("de, zh;q=0.4, en;q=0.5", "en"),
        ("zh;q=0.8,en;q=0.9", "en"),
        ("en;q=0.8,zh;q=0.9", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh;q=0, *", "en"),
        ("zh;q=0", "en"),
        ("*", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=2", "en"),
        ("zh;level=1", "en"),
        ("zh ; q=0.7 , en ; q=0.1", "zh-CN"),
        (",,;q=,", "en"),
        ("a," * 10_000 + "zh", "en"),
    ],
)
def test_the_language_that_is_liked_best_is_chosen(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_a_table_with_parameters_is_a_table() -> None:
    assert would_rather("text/csv;charset=utf-8, application/json;q=0.9")
