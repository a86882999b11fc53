"""A text is told by its script and its small words, and a declaration is called by its tag."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.documents import is_language
from gateway.core.languages import language_of, tag
from tests.properties.articles import articles

TEXTS = {
    "zh-CN": "我们今天来说说这个问题，读者可以免费阅读开头，付费之后才能看到后面的内容。",
    "zh-Hant": "我們今天來說說這個問題，讀者可以免費閱讀開頭，付費之後才能看到後面的內容。",
    "ja": "今日は新しい機能について説明します。続きは有料でお読みいただけます。カタカナも。",
    "ko": "오늘은 새로운 기능에 대해 설명합니다. 나머지는 유료로 읽을 수 있습니다.",
    "ru": "Сегодня мы поговорим о том, как это работает. Остальное доступно подписчикам, но вы.",
    "uk": "Сьогодні ми поговоримо про те, як це працює. Решта доступна підписникам її видання.",
    "bg": "Днес ще говорим за това как работи. Останалото е достъпно за абонати и също със съд.",
    "ar": "سنتحدث اليوم عن كيفية عمل ذلك، والباقي متاح للمشتركين فقط.",
    "fa": "امروز درباره چگونگی کار آن گفتگو می‌کنیم و بقیه پس از پرداخت است.",
    "el": "Σήμερα θα μιλήσουμε για το πώς λειτουργεί. Τα υπόλοιπα είναι για συνδρομητές.",
    "he": "היום נדבר על איך זה עובד. השאר זמין למנויים בלבד.",
    "th": "วันนี้เราจะพูดถึงวิธีการทำงาน ส่วนที่เหลือสำหรับสมาชิกเท่านั้น",
    "hi": "आज हम बात करेंगे कि यह कैसे काम करता है। बाकी ग्राहकों के लिए है।",
    "en": "Today we talk about how this works. The rest of it is for those who pay, and not free.",
    "fr": "Aujourd'hui nous parlons de la façon dont cela fonctionne. Le reste est pour vous.",
    "de": "Heute sprechen wir darüber, wie das funktioniert. Der Rest ist für die, die zahlen.",
    "es": "Hoy hablamos de cómo funciona esto. El resto es para los que pagan, y no es gratis.",
    "it": "Oggi parliamo di come funziona questa cosa. Il resto è per chi paga, non è gratis.",
    "pt": "Hoje falamos sobre como isso funciona. O resto é para quem paga, e não é grátis.",
    "nl": "Vandaag praten we over hoe dit werkt. De rest is voor wie betaalt, en het is niet zo.",
    "pl": "Dzisiaj mówimy o tym, jak to działa. Reszta jest dla tych, którzy płacą, a nie za to.",
    "sv": "I dag talar vi om hur det fungerar. Resten är för dem som betalar, och inte gratis.",
    "da": "I dag taler vi om, hvordan det fungerer. Resten er for dem, der betaler, og ikke mig.",
    "fi": "Tänään puhumme siitä, miten se toimii. Loput on niille, jotka maksavat, eikä se ole.",
    "tr": "Bugün bunun nasıl çalıştığını konuşuyoruz. Gerisi ödeyenler için ve bu bedava değil.",
    "vi": "Hôm nay chúng ta nói về cách nó hoạt động. Phần còn lại là của những người trả tiền.",
    "id": "Hari ini kita berbicara tentang cara kerja ini. Sisanya untuk yang membayar dan tidak.",
    "cs": "Dnes mluvíme o tom, jak to funguje. Zbytek je pro ty, kteří platí, a není to zdarma.",
    "hu": "Ma arról beszélünk, hogy ez hogyan működik. A többi azoké, akik fizetnek, és nem más.",
    "ro": "Astăzi vorbim despre cum funcționează. Restul este pentru cei care plătesc, și nu e.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_told_to_be_what_it_is(language: str) -> None:
    assert language_of(TEXTS[language]) == language
    assert language_of(f"12.30 #1\n\n{TEXTS[language] * 3}\n") == language


@pytest.mark.parametrize("text", ["", "12:30", "😀", "Grafana 9.1", "la la la", "café", "OK Kanal"])
def test_what_cannot_be_told_is_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今天 today we ship API v2 的 release，大家可以升级。", "zh-CN"),
        ("鲜の每日，和风料理の店，今天开业，欢迎大家光临品尝", "zh-CN"),
        ("東京都渋谷区", "zh-Hant"),
        ("简报", "zh-CN"),
        ("Hello 世界", "zh-CN"),
        ("Wir lesen “the book” und sprechen von dem, was in ihm nicht steht.", "de"),
        ("The word “und” is German for “and”, and “der” is one of its articles.", "en"),
    ],
)
def test_a_mixed_text_is_what_most_of_it_is(text: str, language: str) -> None:
    assert language_of(text) == language


def test_ordinary_articles_are_chinese_or_english() -> None:
    told = [language_of(article) for article in articles(3, 400)]
    assert set(told) == {"zh-CN", "en"}


def test_only_the_start_of_a_long_text_is_read() -> None:
    assert language_of(TEXTS["de"] * 400 + TEXTS["zh-CN"] * 100_000) == "de"


@pytest.mark.parametrize(
    ("declared", "language"),
    [
        ("en_US", "en-US"), ("zh_CN", "zh-CN"), ("zh_CN.UTF-8", "zh-CN"), ("ZH-cn", "zh-CN"),
        ("zh-hant-tw", "zh-Hant-TW"), ("zh_Hans", "zh-Hans"), ("cn", "zh-CN"), ("jp", "ja"),
        ("中文", "zh-CN"), ("繁體中文", "zh-Hant"), ("日本語", "ja"), ("English", "en"),
        ("Simplified Chinese", "zh-CN"), ("es-419", "es-419"), ("de", "de"), ("", ""),
    ],
)  # fmt: skip
def test_a_declared_language_is_called_by_its_tag(declared: str, language: str) -> None:
    assert tag(declared) == language


@settings(derandomize=True, deadline=None)
@given(st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_a_tag_stays_one(declared: str) -> None:
    assert is_language(tag(declared))
    assert tag(tag(declared)) == tag(declared)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_a_language(text: str) -> None:
    assert is_language(language_of(text))
