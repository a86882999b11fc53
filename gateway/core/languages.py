"""Languages: what a declared one is called, and in which one a text is written.

A text is told by its script, and then by letters or small words that others of that script do
not have. What cannot be told is English, or Chinese as the mainland writes it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter

LOOKED_AT = 20_000  # characters from the start of a text
_IDEOGRAPH = 4  # Latin letters that say as much
_LEAST = 3  # different small words that tell a language

_NAMES = {
    "zh-CN": "cn zh-cn 中文 汉语 简体 简体中文 chinese simplified-chinese",
    "zh-Hant": "繁体 繁體 繁体中文 繁體中文 正體中文 traditional-chinese",
    "zh-TW": "tw",
    "en": "english 英文 英语 英語",
    "ja": "jp japanese 日文 日语 日語 日本語",
    "ko": "kr korean 韩文 韩语 韓語 한국어",
    "fr": "french français francais 法文 法语 法語",
    "de": "german deutsch 德文 德语 德語",
    "es": "spanish español espanol 西班牙文 西班牙语",
    "it": "italian italiano",
    "pt": "portuguese português",
    "ru": "russian русский 俄文 俄语 俄語",
}
_TAGS = {name: each for each, names in _NAMES.items() for name in names.split()}


def tag(declared: str) -> str:
    """Return the language tag (BCP 47) that a declaration means: zh_cn, 中文 and cn are zh-CN."""
    parts = declared.strip().partition(".")[0].replace("_", "-").replace(" ", "-").split("-")
    plain = "-".join(parts).lower()
    if plain in _TAGS:
        return _TAGS[plain]
    return "-".join([parts[0].lower(), *map(_cased, parts[1:])])


def _cased(part: str) -> str:
    """Return a part of a tag as it is written: a script Titled, a region in capitals."""
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 and part.isalpha() else part.lower()


# --- telling -----------------------------------------------------------------------------------

_SCRIPTS = (  # first and last character, in their order
    ("A", "Z", "latin"),
    ("a", "z", "latin"),
    ("\u00c0", "\u024f", "latin"),
    ("\u0370", "\u03ff", "el"),
    ("\u0400", "\u04ff", "cyrillic"),
    ("\u0531", "\u0587", "hy"),
    ("\u05d0", "\u05ea", "he"),
    ("\u0620", "\u06ff", "arabic"),
    ("\u0900", "\u097f", "hi"),
    ("\u0980", "\u09ff", "bn"),
    ("\u0b80", "\u0bff", "ta"),
    ("\u0e01", "\u0e5b", "th"),
    ("\u10a0", "\u10ff", "ka"),
    ("\u1e00", "\u1eff", "latin"),
    ("\u1f00", "\u1fff", "el"),
    ("\u3041", "\u30ff", "kana"),
    ("\u3400", "\u9fff", "han"),
    ("\uac00", "\ud7a3", "ko"),
    ("\uf900", "\ufaff", "han"),
    ("\uff66", "\uff9d", "kana"),
    ("\U00020000", "\U0003ffff", "han"),
)
_FIRST = [first for first, _, _ in _SCRIPTS]
_WEIGHTED = {script: 1 for _, _, script in _SCRIPTS}
_WEIGHTED |= {"han": _IDEOGRAPH, "kana": _IDEOGRAPH, "ko": _IDEOGRAPH, "th": 2}

# Characters that only one of the two ways of writing Chinese has, among the most frequent ones.
_HANT = frozenset(
    "這個們來時說國對為會後過學與開發經現沒動問樣見長進還實當業機員電體關點書話頭門氣間東車馬"
    "讓師報應張傳記議論認識讀語該請調談許設訪證評詞譯響題類顯條樓標樹歷滿漢濟無愛狀獨產畫異"
    "盡確種稱穩積競紅約級紀純紙細終組結給統絕繼續維網緊線練總績編緣縣織義習聯聽職舊華萬葉號"
    "術衛製複規視覺觀計訊訓託訴診試詩"
)
_HANS = frozenset(
    "这个们来时说国对为会后过学与开发经现没动问样见长进还实当业机员电体关点书话头门气间东车马"
    "让师报应张传记议论认识读语该请调谈许设访证评词译响题类显条楼标树历满汉济无爱状独产画异"
    "尽确种称稳积竞红约级纪纯纸细终组结给统绝继续维网紧线练总绩编缘县织义习联听职旧华万叶号"
    "术卫制复规视觉观计讯训托诉诊试诗"
)

_CYRILLIC = (("uk", "іїєґ"), ("be", "ў"), ("sr", "јљњћђџ"), ("ru", "ыэё"), ("bg", "ъ"))
_ARABIC = (("ur", "ٹڈڑےں"), ("fa", "پچژگ"))
_WORDS = {
    "en": "the of and to in is that it for was with as on be at by this are from not you",
    "fr": "le la les des et est une dans que qui pour pas sur au avec ce il nous vous du",
    "de": "der die das und ist nicht ein eine zu den mit von für auf dem im sich auch wir",
    "es": "el la los las de que y en un una es por con para no del se lo como más su al",
    "it": "il di che e la per un una non è sono con del della gli le si da anche nel come",
    "pt": "o os de que e do da em um uma para com não por mais dos as como mas ao se na no",
    "nl": "de het een en van is dat op te in voor niet met zijn er aan ook als wij je",
    "pl": "i w na nie z się jest do to że jak o co po ale od za czy dla są przez",
    "sv": "och att det som en är på för av med den till inte ett jag har vi om kan",
    "da": "og at det som en er på for af med den til ikke et jeg har vi om kan der",
    "no": "og at det som en er på for av med den til ikke et jeg har vi om kan ikkje",
    "fi": "ja on ei se että hän oli ovat mutta kun niin kuin myös ole joka sen tai",
    "tr": "ve bir bu da de için ile çok ne o var daha gibi olan ama değil kadar en mi",
    "vi": "là và của có không các được cho một trong những với người để này đã khi tôi",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada ke adalah kita ada",
    "cs": "a je v na se to že jak není s z do o ale jako jsem si by pro jsou tak které",
    "hu": "a az és hogy nem is egy van meg ez de csak ha már mint volt még el",
    "ro": "și în de la nu este un o cu că pe pentru din sunt mai care au se",
}  # fmt: skip
_OF_WORD: dict[str, list[str]] = {}
for _language, _listed in _WORDS.items():
    for _each in set(_listed.split()):
        _OF_WORD.setdefault(_each, []).append(_language)
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str:
    """Return the language that a text is written in, as its tag."""
    head = text[:LOOKED_AT]
    counted = Counter(head)
    count = Counter[str]()
    for character, number in counted.items():
        count[_script(character)] += number
    most = max(_WEIGHTED, key=lambda script: count[script] * _WEIGHTED[script])
    if most in ("han", "kana"):
        # Japanese is told by its kana; a の on a Chinese signboard makes none.
        return "ja" if count["kana"] * 6 > count["han"] else _chinese(counted)
    if most == "latin":
        return _by_words(head)
    if most == "cyrillic":
        return _by_letters(Counter(head.lower()), _CYRILLIC, "ru")
    return _by_letters(counted, _ARABIC, "ar") if most == "arabic" else most


def _script(character: str) -> str:
    """Return the script of a letter, "" for what is none."""
    place = bisect_right(_FIRST, character) - 1
    return _SCRIPTS[place][2] if place >= 0 and character <= _SCRIPTS[place][1] else ""


def _chinese(counted: Counter[str]) -> str:
    traditional = sum(counted[character] for character in _HANT)
    simplified = sum(counted[character] for character in _HANS)
    return "zh-Hant" if traditional > simplified else "zh-CN"


def _by_letters(counted: Counter[str], languages: tuple[tuple[str, str], ...], default: str) -> str:
    """Return the first language that has letters which those after it do not have."""
    for language, letters in languages:
        if sum(counted[letter] for letter in letters) * 200 > counted.total():
            return language
    return default


def _by_words(text: str) -> str:
    """Return the language whose small words are most of a text, English where they are few."""
    counted = Counter(_WORD.findall(text.lower()))
    votes, different = Counter[str](), Counter[str]()
    for word in counted.keys() & _OF_WORD.keys():
        for language in _OF_WORD[word]:
            # A word that several languages have counts, but less.
            votes[language] += counted[word] * (100 + 100 // len(_OF_WORD[word]))
            different[language] += 1
    best = max(votes, key=lambda language: (votes[language], language), default="en")
    return best if different[best] >= _LEAST and votes[best] > votes["en"] else "en"
