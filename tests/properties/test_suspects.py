"""P-SUSPECT: what looks like a marker is one, or refuses the document; ordinary prose does not.

Each checker takes the divider as a parameter, and must catch dividers that leak.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from random import Random
from string import ascii_lowercase, punctuation

import pytest

from gateway.core.documents import Address
from gateway.core.findings import FindingCode
from gateway.core.grammar import Spelling
from gateway.core.markers import Division, Section, divide
from gateway.core.suspects import everywhere
from gateway.core.texts import FreeText
from gateway.formats import markdown
from gateway.rendering.workers import prepare_submission
from gateway.usecases.submissions import Submission
from tests.properties.articles import articles
from tests.properties.listings import listings

NOW = 1_700_000_000

Divide = Callable[[str], Division]

MARKERS = [text for pair in Spelling for text in pair.value]
LONG, TAGS = MARKERS[:4], MARKERS[4:]
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u202e\ufe0f\u0301\u180e"
LOOKS = {
    "p": "рρᴘⲣᏢꓑ𝐩ⓟᵖ", "a": "аαɑᴀᎪàå𝒶ⓐª", "i": "іıιɪӏℹíⓘⅰ", "d": "ԁɗđᎠꓓ𝖽ⓓⅾ",
    "b": "вЬβʙᏴ𝚋ⓑ", "e": "еεҽᎬéê𝓮ⓔ℮", "g": "ɡցԍᏀĝⓖ𝔤", "n": "пηոɴꓠñⓝⁿ",
    "#": "＃♯⌗﹟", "$": "＄￥﹩💲", "<": "＜‹〈﹤⟨", ">": "＞›〉﹥⟩", "/": "／∕⁄",
}  # fmt: skip
ENTITIES = {
    "#": ("&num;", "&#35;", "&#x23;", "&#035"),
    "$": ("&dollar;", "&#36;", "&#x24;"),
    "<": ("&lt;", "&LT;", "&#60;", "&#x3c;"),
    ">": ("&gt;", "&#62;", "&#x3E;"),
    "/": ("&sol;", "&#47;"),
}
BLANKS = (" ", "  ", "\t", "\u00a0", "\u3000", "\u2009", "&nbsp;")
SETTINGS = ("{}", "free {} paid", "第一段\n{}\n付费", "党建{}党建", "“{}”", "> **{}**")


def check_seen(divider: Divide, marker: str, settings: tuple[str, ...] = SETTINGS) -> None:
    """A marker that stands alone is refused, whether it is perturbed or only misses its pair."""
    for setting in settings:
        source = setting.format(marker)
        division = divider(source)
        assert division.findings or division.escapes, ascii(source)


def check_quiet(divider: Divide, seed: int, count: int) -> None:
    for article in articles(seed, count):
        division = divider(article)
        assert division.findings == (), article
        assert FindingCode.FOREIGN_WALL not in {warning.code for warning in division.warnings}, (
            article
        )


def divide_markdown(source: str) -> Division:
    return divide(source, partial(markdown.in_code, source))


# Exhaustive perturbations


def one_slip_off(marker: str) -> Iterator[str]:
    alphabet = ascii_lowercase + punctuation + "A文5 "
    for i in range(len(marker) + 1):
        head, tail = marker[:i], marker[i:]
        yield from (head + char + tail for char in alphabet)
        if tail:
            yield head + tail[1:]
            yield from (head + char + tail[1:] for char in alphabet)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


@pytest.mark.parametrize("marker", LONG)
def test_every_slip_in_a_long_marker_is_seen(marker: str) -> None:
    slipped = set(one_slip_off(marker))
    assert len(slipped) > 700
    for near in slipped:
        check_seen(divide, near)


def test_every_slip_in_an_end_tag_is_seen_whatever_becomes_of_its_begin() -> None:
    slipped = set(one_slip_off("</paid>"))
    assert len(slipped) > 700
    for near in slipped:
        check_seen(divide, near)


def test_every_slip_in_the_name_of_a_begin_tag_is_seen() -> None:
    names = {
        near for near in one_slip_off("paid") if near[:1].isalpha() and not set("<>/ ") & set(near)
    }
    for name in names - {"paid"}:
        check_seen(divide, f"<{name}>")
        check_seen(divide, f'<{name} class="x">')


@pytest.mark.parametrize("marker", MARKERS)
def test_an_invisible_character_at_any_place_is_seen(marker: str) -> None:
    for char, at in product(INVISIBLE, range(len(marker) + 1)):
        check_seen(divide, marker[:at] + char + marker[at:])


@pytest.mark.parametrize("marker", MARKERS)
def test_a_blank_at_any_place_is_seen(marker: str) -> None:
    for blank, at in product(BLANKS, range(len(marker) + 1)):
        check_seen(divide, marker[:at] + blank + marker[at:])


@pytest.mark.parametrize("marker", MARKERS)
def test_a_disguised_character_at_any_place_is_seen(marker: str) -> None:
    for at, char in enumerate(marker):
        for disguise in disguises(char):
            check_seen(divide, marker[:at] + disguise + marker[at + 1 :])


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_in_one_disguise_throughout_is_seen(marker: str) -> None:
    check_seen(divide, marker.upper())
    check_seen(divide, marker.title())
    check_seen(divide, "".join(wide(char) for char in marker))
    check_seen(divide, "".join(f"&#{ord(char)};" for char in marker))
    check_seen(divide, "".join(f"&#X{ord(char):06X}" for char in marker[:-1]) + marker[-1])
    check_seen(divide, "\u200b".join(marker))
    for choice in range(3):
        check_seen(divide, "".join(LOOKS.get(char, char)[choice] for char in marker))


@pytest.mark.parametrize(
    "tag",
    [
        "<PAID>", "<Paid >", "< paid>", "<paid >", "<paid/>", "<paid />", "<paid\n>", "<paid\t>",
        "</ paid>", "< / paid >", "</paid >", "</paid junk>", '<paid class="x">', "<paid id=1>",
        "<paid hidden\n  data-x='1'>", "<PAID\r\nid=1>", "&lt;paid&gt;", "&ltpaid&gt", "＜paid＞",
        "‹paid›", "〈paid〉", "<ｐａｉｄ>", "<pa\u00adid>", "<p aid>", "<p a i d>", "<<PAID>>",
        "<!-- paid -->", "<!--/PAID-->", "<!--\npaid\n-->", "<!--- / p a i d --->", "\\<paid\\>",
        "\\</paid\\>", "&lt;!-- paid --&gt;",
    ],
)  # fmt: skip
def test_a_tag_that_is_not_exact_is_seen(tag: str) -> None:
    check_seen(divide, tag)


@pytest.mark.parametrize(
    "tag",
    [
        "<piad>", "</piad>", "<paied>", "<pa1d>", "<paid->", "<paid:>", "<paid.>", "<pa-id>",
        "<paid=1>", "<pad>", "<pair>", "</aid>", "&lt;piad&gt;", "<PIAD>", "<paiid>", "<pay>",
        "</pay>",
        "<paid-content>", "<paidContent x='1'>", "<PayWall/>", "<payment />", "</paid", "/paid>",
        "\\<piad\\>", "＜piad＞", "<pаir>", "</paid-note", "<p/aid>", "</p>aid>",
        "<paid\n\nid=1>",
    ],
)  # fmt: skip
def test_a_tag_of_nearly_that_name_is_seen_anywhere(tag: str) -> None:
    for source in (tag, f"free\n{tag}\npaid", f"free{tag}paid", f"字 {tag} 字\r\n\r\nx"):
        assert [one.code for one in divide(source).findings] == [FindingCode.SUSPECT]


@pytest.mark.parametrize(
    "text",
    [
        "<prepaid>", "<unpaid>", "<id>", "<guid>", "<api>", "<page>", "<part>", "<Grid>",
        "<Card>",
        "<Card />", "<path />", "</page>", "<p>aid</p>", "<p><a id='x'>", "<pre>",
        "<param name=paid>",
        "《paid》", "《paidの》", "a < paid and b > c", "if (due<paid && x>0)",
        "if (due<pay && x>0)",
        "paid>0", "1<paid", "〈Paid in Full〉", "< paid in full >", "<main>", "</main>", "<path>",
        "</path>", "<span>", "<p>", "<br/>", "< paid", "> Paid", "< pay >", "‹said›",
        "〈Payback〉",
        "<!-- paid in full -->", "<!-- /main -->", "<!-- ad -->", "<!-- page -->", "<!--more-->",
        "<a href=/paid>", "<a href=/plans/paid>", "<https://example.org/paid>", "/paid",
        "cat /paid",
        "<said2>", "<rapid>", "<avoid>", "<data>", "<solid>", "<padding>", "<paragraph>",
        "<panel>",
    ],
)  # fmt: skip
def test_a_tag_of_another_name_is_text(text: str) -> None:
    assert divide(text).findings == ()


@pytest.mark.parametrize(
    "tag", ["<piad>", "</PAID>", "<paid x>", "&lt;pay&gt;", "＜Paid＞", "a/paid>"]
)
def test_a_tag_in_code_is_text_and_the_same_tag_beside_it_is_not(tag: str) -> None:
    source = f"\r\n##paidbegin##&amp;<b>{tag}##paidend## {tag}"
    bracket = max(tag.find(sign) for sign in ("<", "＜", "&lt;"))
    first, last = source.index(tag), source.rindex(tag)
    at = [place + (bracket if bracket >= 0 else tag.index(">")) for place in (first, last)]
    asked: list[list[int]] = []

    def in_code(places: Sequence[int], coded: Sequence[int]) -> Sequence[int]:
        asked.append(list(places))
        return coded

    assert divide(source, partial(in_code, coded=at)).findings == ()
    assert [one.line for one in divide(source, partial(in_code, coded=at[:1])).findings] == [2]
    assert all(places == at for places in asked)


def test_too_many_tags_in_code_are_suspect() -> None:
    assert divide("`<pad>`" * 10_000, everywhere).findings == ()
    assert divide("`<pad>`" * 10_001, everywhere).findings


# Words for pay, begin and end


PAY = ("paid", "pay", "payed", "付费", "收费", "vip", "hide", "PAID", "Ｐay", "收費")
EDGES = ("begin", "start", "open", "end", "stop", "close", "break", "开始", "结束", "結束")


@pytest.mark.parametrize("sigils", ["##", "$$", "＃＃", "№№", "￥￥", "&#35;&#35;", "\\#\\#"])
def test_a_word_for_pay_with_one_for_begin_or_end_between_sigils_is_seen(sigils: str) -> None:
    for pay, edge in product(PAY, EDGES):
        for inside in (
            pay + edge,
            edge + pay,
            f"{pay}-{edge}",
            f"{edge}_{pay}",
            f"{pay} 内容 {edge}",
        ):
            check_seen(divide, sigils + inside + sigils, SETTINGS[1:4])


@pytest.mark.parametrize(
    "marker",
    ["##paid##", "##/paid##", "##付费##", "##/付费##", "＃＃Paid＃＃", "№№付費№№", "###paid###"],
)
def test_nothing_but_paid_between_hashes_is_seen(marker: str) -> None:
    check_seen(divide, marker)


# One to three perturbations together


@dataclass
class Perturbed:
    """A marker in the course of being perturbed, and what that has cost it."""

    left: list[str]
    word: list[str]
    right: list[str]
    slips: int = 0
    spaced: bool = False
    lost: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def text(self) -> str:
        return "".join(self.left + self.word + self.right)

    @property
    def is_declared(self) -> bool:
        """Return whether the rules promise to see it.

        They promise at most two slips, blanks in the word counted as one, and at most three
        with the lost sigils. A word as it is needs no sigils.
        """
        slips = self.slips + self.spaced
        return slips == 0 or (slips <= 2 and slips + sum(self.lost) <= 3 and self.is_between())

    def is_between(self) -> bool:
        one_side = max(self.lost) >= 2
        return not one_side or (self.slips <= 1 and not self.spaced)


Perturbation = Callable[[Random, Perturbed], None]


def disguise(rng: Random, one: Perturbed) -> None:
    part = rng.choice([part for part in (one.left, one.word, one.right) if part])
    at = rng.randrange(len(part))
    if len(part[at]) == 1:
        part[at] = rng.choice(disguises(part[at]))


def hide(rng: Random, one: Perturbed) -> None:
    part = rng.choice((one.left, one.word, one.right))
    part.insert(rng.randrange(len(part) + 1), rng.choice(INVISIBLE))


def slip(rng: Random, one: Perturbed) -> None:
    at = rng.randrange(len(one.word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        one.word.insert(at, one.word[at])
    elif kind == 1:
        del one.word[at]
    elif kind == 2:
        one.word[at : at + 2] = one.word[at + 1], one.word[at]
    else:
        one.word[at] = rng.choice("qxz")
    one.slips += 1


def space(rng: Random, one: Perturbed) -> None:
    one.word.insert(rng.randrange(1, len(one.word)), rng.choice(BLANKS))
    one.spaced = True


def lose(rng: Random, one: Perturbed) -> None:
    side = rng.randrange(2)
    sigils = (one.left, one.right)[side]
    del sigils[:1]
    one.lost[side] = min(2, one.lost[side] + 1)


def exchange(rng: Random, one: Perturbed) -> None:
    """Replace an outer sigil by the key beside it."""
    side = rng.randrange(2)
    sigils = (one.left, one.right)[side]
    if sigils:
        sigils[0 if side == 0 else -1] = rng.choice("@%^&*")
        one.lost[side] = min(2, one.lost[side] + 1)


def double(rng: Random, one: Perturbed) -> None:
    sigils = rng.choice([part for part in (one.left, one.right) if part] or [[""]])
    sigils.insert(0, sigils[0])


PERTURBATIONS: tuple[Perturbation, ...] = (disguise, hide, slip, space, lose, exchange, double)


def perturbed(seed: int, count: int) -> Iterator[Perturbed]:
    rng = Random(seed)
    for _ in range(count):
        marker = rng.choice(LONG)
        one = Perturbed(list(marker[:2]), list(marker[2:-2]), list(marker[-2:]))
        for _ in range(rng.randint(1, 3)):
            rng.choice(PERTURBATIONS)(rng, one)
        yield one


def disguises(char: str) -> list[str]:
    found = [wide(char), *LOOKS.get(char, ""), *ENTITIES.get(char, ())]
    if char.isalpha():
        found += [char.upper(), f"&#{ord(char)};", f"&#x{ord(char):x};"]
    return found


def wide(char: str) -> str:
    return chr(ord(char) + 0xFEE0)


def test_up_to_three_perturbations_are_seen_where_the_rules_say_so() -> None:
    declared = 0
    cases = list(perturbed(seed=1, count=10_000))
    for one in cases:
        if one.is_declared:
            declared += 1
            check_seen(divide, one.text, SETTINGS[1:4])
    assert declared > 0.9 * len(cases)


@pytest.mark.parametrize(
    "text",
    [
        "##pxqdbxgin##",  # three slips
        "##pad bgin##",  # two slips and a blank
        "#padbgin#",  # two slips and two lost sigils
        "##padbgin and more",  # two slips, and both sigils of a side lost
        "paidbegn",  # a slip and no sigils, amid a line
        "##padi\nbegin##",  # a slip, and more than one line
        "#paid\nbegin#",  # lost sigils, and more than one line
        "## Paid\n\nEnd ##",  # blanks at the sigils, and more than one line
    ],
)
def test_what_the_rules_do_not_promise_is_text(text: str) -> None:
    assert divide(f"free {text} paid").findings == ()


# Pairs


PAIRS = (
    "前文 {0}gold{1} 后文", "free {0}gold{1} more", "a\n{0}\ngold\n{1}\nb",
    "<p>{0}</p><p>gold</p><p>{1}</p>",
    "字{0}gold{1}字\n\n##paidbegin##ok##paidend##\n", "- {0} gold x {1} y", "“{0}gold”{1}。",
    "x{0}gold text{1}y", "{0}\n\ngold\n\n{1}",
)  # fmt: skip
ALPHABET = ascii_lowercase + punctuation + "ABDEGINP0159 文付\t\u200b＃＜＞￥éа"


def slipped(rng: Random, marker: str) -> str:
    """Return a marker with one character too many, missing, wrong, or changed with the next."""
    at = rng.randrange(len(marker))
    head, tail = marker[:at], marker[at:]
    return rng.choice(
        (
            head + rng.choice(ALPHABET) + tail,
            head + tail[1:],
            head + rng.choice(ALPHABET) + tail[1:],
            head + tail[1:2] + tail[:1] + tail[2:],
        )
    )


def check_pairs(divider: Divide, spelling: Spelling, seed: int, count: int) -> None:
    """No pair of slipped markers leaves what stands between them public, but for literal ones."""
    rng = Random(seed)
    begin, end = spelling.value
    for _ in range(count):
        source = rng.choice(PAIRS).format(slipped(rng, begin), slipped(rng, end))
        division = divider(source)
        free = "".join(str(one.text) for one in division.sections if not one.paid)
        assert division.findings or division.escapes or "gold" not in free, ascii(source)


@pytest.mark.parametrize("spelling", Spelling)
def test_a_slip_in_each_marker_of_a_pair_makes_nothing_public(spelling: Spelling) -> None:
    check_pairs(divide, spelling, seed=1, count=3_000)


def test_a_slip_in_both_brackets_of_tags_does_not_read_as_an_address() -> None:
    for source in ("x <paid<gold:/paid> y", "x <paid<gold</paid> y", "<paid<gold:/paid>"):
        assert divide(f"{source}\n\n##paidbegin##ok##paidend##\n").findings, source


# Ordinary text


def test_ten_thousand_ordinary_articles_have_no_finding() -> None:
    check_quiet(divide_markdown, seed=20_240, count=10_000)


def test_five_hundred_listings_are_published_without_a_word() -> None:
    for form, source in listings(seed=1, count=500):
        prepared = prepare_submission(Submission(Address("demo", "a"), source.encode(), form), NOW)
        assert FindingCode.FOREIGN_WALL not in {one.code for one in prepared.warnings}, source


@pytest.mark.parametrize(
    "text",
    [
        "We paid beginners and paid endless fees.", "paidEndDate", "prepaidending", "unpaidend",
        "#paid and #unpaid", "$paid and $free", "## Paid Endorsements", "## Paid and unpaid work",
        "#PaidAd", "## Paid Vegan", "#painted#", "##tag##", "$$5$$", "# Paid #", "## Paid ##",
        "Paid\nbegin", "paid and", "Paid ends", "{paidEndDate}", "x[paidEndIndex] = 1",
        '<input id="paidEndDate">', "f(paidEndDate)", "{#prepaid-endings}", "paid_begin",
        "paid-end", "#paid-end",
        "$paid_end",
        "https://example.org/?q=%23%23paidbegin%23%23", "##pagebreak##", "#话题# 正文 #付费#",
        "#maiden #voyage", "#paired# #raided#", "##Maiden", "raided##", "## Paid ends ##",
        "## paid##",
        "## 付费内容 ##", "## 付费开始 ##", "#付费开始#", "##付费内容##", "$$付费$$", "$$paid$$",
        "##begin##",
        "$$P_{paid} = end$$", "##开始##",
        "##付费 及其后 二十四个字以上的一段话 直到 结束 才 完##", "№ 5 paid № 6",
        "℡paidbeginner", "##\npaid\n##", "#paid #begin", "$$5 paid$$ 6 end$$",
        "## Paired ##", "$x$ paid $y$", "##nigebdiap##", "##🇩🇪 🇵🇦##", "a ##paid-\nup## b",
    ],
)  # fmt: skip
def test_ordinary_text_is_text(text: str) -> None:
    assert divide(text).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "a bare paidbegin amid a line", "paid begin", "  P A I D E N D  ", "## paid begin",
        "$paidEnd", "# paid end #", "paidbegi", "paidedn", "##paidbeginx", "xpaidend##",
        "#paidbegin", "##pa##idbe#gin##", "##paid$nd##x", "##paid_begin##",
        "## a {#paidbegingold}", "## a {#goldpaidend-b}", "[b](#a-paidbegingold)",
        '<h2 id="goldpaidend">', "<a name=paidbegingoldpaidend>", "## a [goldpaidend-b]",
        "##paidbegn 正文", "正文paidbgin##", "##paid\nbegin##", "$$paid\r\n  end$$",
        "##p<br>aidend##", "##paid<br />\nbegin##", "##pa\n\nid&lt;BR&gt;end##",
        "##paid-\nbegin##", "##paid=\r\nend##", "> ##paid\n> begin##", ">> ##pai-\n>> dend##",
        "##paid\n- begin##", "##paid<wbr>begin##", "##<b>paid</b>end##", "##paid<!-- -->begin##",
        "##🇵🇦🇮🇩🇧🇪🇬🇮🇳##", "\u202e##nigebdiap##\u202c", "a \u2067$$dneDiap$$\u2069",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_marker_is_seen(text: str) -> None:
    assert [one.code for one in divide(text).findings] == [FindingCode.SUSPECT]


# The checkers catch dividers that leak


def blind_to(is_hidden: Callable[[str], bool]) -> Divide:
    """Make a divider that takes some characters for others."""

    def divider(source: str) -> Division:
        return divide("".join("文" if is_hidden(char) else char for char in source))

    return divider


def only_exact(source: str) -> Division:
    division = divide(source)
    exact = any(text in source for text in MARKERS)
    return division if exact else Division((Section(False, FreeText(source), 1, 1),), (), (), 0)


LEAKS: dict[str, tuple[Divide, str]] = {
    "no normalisation": (
        blind_to(lambda char: unicodedata.normalize("NFKD", char) != char),
        "".join(map(wide, "##paidbegin##")),
    ),
    "no removal of format characters": (
        blind_to(lambda char: unicodedata.category(char) == "Cf"),
        "\u200b".join("##paidbegin##"),
    ),
    "no removal of marks": (
        blind_to(lambda char: unicodedata.category(char) == "Mn"),
        "\u0301".join("##paidbegin##"),
    ),
    "no entities": (blind_to(lambda char: char == "&"), "&#35;&#35;&#112;&#97;idbegn&#35;&#35;"),
    "no look-alikes": (blind_to(lambda char: "\u0400" <= char < "\u0530"), "##раіԁbegin##"),
    "no case folding": (blind_to(str.isupper), "##PAIDBEGIN##"),
    "no near misses": (only_exact, "##paidbegn##"),
    "no words for pay": (blind_to(lambda char: char in "vip"), "##vipstart##"),
    "no tags of other names": (blind_to(lambda char: char == "<"), "<piad>"),
    "no Chinese words": (blind_to(lambda char: char in "付费"), "##付费开始##"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_checker_catches_a_leak(leak: str) -> None:
    divider, marker = LEAKS[leak]
    check_seen(divide, marker)
    with pytest.raises(AssertionError):
        check_seen(divider, marker)


@pytest.mark.parametrize(
    "harsh",
    [
        divide,  # without knowing what is code
        lambda source: divide_markdown(source.replace("Paid", "paidend")),
        lambda source: divide_markdown(source.replace("《", "<").replace("》", ">")),
        lambda source: divide_markdown(source.replace(" and ", "").replace("#unpaid", "begin#")),
        lambda source: divide_markdown(source.replace("<page>", "[paid]")),
    ],
)
def test_the_checker_of_articles_catches_a_harsh_divider(harsh: Divide) -> None:
    with pytest.raises(AssertionError):
        check_quiet(harsh, seed=1, count=500)


@pytest.mark.parametrize("spelling", Spelling)
def test_the_checker_of_pairs_catches_a_divider_without_near_misses(spelling: Spelling) -> None:
    with pytest.raises(AssertionError):
        check_pairs(only_exact, spelling, seed=1, count=300)
