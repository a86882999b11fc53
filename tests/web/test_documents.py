"""Documents over HTTP: what a publisher may say beside the source."""

from __future__ import annotations

import pytest

from tests.web.caller import open_api

pytestmark = pytest.mark.anyio

CHECK = "/api/documents/d/check?free=true"
SOURCE = {"content_type": "text/plain"}


@pytest.mark.parametrize("tag", ["zh-CN", "zh-Hant-TW", "en", "pt-BR", "sr-Latn"])
async def test_a_source_has_the_language_that_it_is_sent_with(tag: str) -> None:
    _, api = await open_api()
    answer = await api.send("POST", CHECK, b"Title", content_language=tag, **SOURCE)
    assert answer.status == 200
    assert answer.json["language"] == tag


@pytest.mark.parametrize("tag", ["123", "---", "en_US", "en, de", "x" * 36])
async def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    _, api = await open_api()
    answer = await api.send("POST", CHECK, b"Title", content_language=tag, **SOURCE)
    assert answer.status == 400
