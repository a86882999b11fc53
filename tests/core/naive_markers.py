"""A second parser, written from the rules alone: slow, plain, and no kin of the first.

It walks over code points, matches the literal markers, keeps one open marker, and looks for
suspects by trying every place. It is quadratic and worse; give it short sources.
"""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass, field

PAIRS = (("##paidbegin##", "##paidend##"), ("$$paidbegin$$", "$$paidend$$"), ("<paid>", "</paid>"))
WORDS = ("paidbegin", "paidend")
PAY = ("paid", "pay", "vip", "hide", "付费", "收费", "付費", "收費")
EDGES = ("begin", "start", "open", "end", "stop", "close", "break", "开始", "结束", "開始", "結束")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARK = "\x1a"
OTHER = "\x7f"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

LOOKS = {
    "CYRILLIC SMALL LETTER ER": "p",
    "GREEK SMALL LETTER RHO": "p",
    "CYRILLIC SMALL LETTER A": "a",
    "GREEK SMALL LETTER ALPHA": "a",
    "LATIN SMALL LETTER ALPHA": "a",
    "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I": "i",
    "LATIN SMALL LETTER DOTLESS I": "i",
    "GREEK SMALL LETTER IOTA": "i",
    "CYRILLIC SMALL LETTER KOMI DE": "d",
    "CHEROKEE LETTER A": "d",
    "CYRILLIC SMALL LETTER VE": "b",
    "GREEK SMALL LETTER BETA": "b",
    "CYRILLIC SMALL LETTER IE": "e",
    "GREEK SMALL LETTER EPSILON": "e",
    "LATIN SMALL LETTER SCRIPT G": "g",
    "ARMENIAN SMALL LETTER CO": "g",
    "GREEK SMALL LETTER NU": "n",
    "ARMENIAN SMALL LETTER VO": "n",
    "LISU LETTER NA": "n",
    "MUSIC SHARP SIGN": "#",
    "VIEWDATA SQUARE": "#",
    "YEN SIGN": "$",
    "SINGLE LEFT-POINTING ANGLE QUOTATION MARK": "<",
    "SINGLE RIGHT-POINTING ANGLE QUOTATION MARK": "~",
    "LEFT ANGLE BRACKET": "<",
    "RIGHT ANGLE BRACKET": "~",
}
"""Look-alikes that the tests use, by name. The skeleton knows more."""


@dataclass
class Token:
    start: int
    text: str
    pair: int
    opens: bool
    literal: bool
    escaped: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text) + self.literal

    @property
    def marks(self) -> bool:
        return not self.literal and not self.escaped


@dataclass
class Reading:
    """What the naive parser makes of a source."""

    sections: list[tuple[bool, str, int, int]] = field(default_factory=list)
    faults: list[tuple[int, int, str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


def read(source: str) -> Reading:
    tokens = find_tokens(source)
    markers = [token for token in tokens if token.marks]
    faults, lone = find_faults(markers)
    faults += [(token, "escaped") for token in tokens if token.escaped]
    found = [(*place(source, token.start), code) for token, code in faults]
    found += [(line, 0, "suspect") for line in find_suspects(source, tokens, lone)]
    spans = [(token.start, token.end) for token in markers]
    if found:
        return Reading(faults=sorted(found), spans=spans)
    return Reading(sections=find_sections(source, markers, tokens), spans=spans)


def find_tokens(source: str) -> list[Token]:
    tokens = []
    i = 0
    while i < len(source):
        for number, pair in enumerate(PAIRS):
            for text in pair:
                literal = text.replace("paid", "\\paid")
                if source[i : i + len(text)] == text:
                    escaped = i > 0 and source[i - 1] == "\\"
                    tokens.append(Token(i, text, number, text == pair[0], False, escaped))
                if source[i : i + len(literal)] == literal:
                    tokens.append(Token(i, text, number, text == pair[0], True, False))
        if tokens and tokens[-1].start == i:
            i = tokens[-1].end
        else:
            i += 1
    return tokens


def find_faults(markers: list[Token]) -> tuple[list[tuple[Token, str]], list[Token]]:
    faults: list[tuple[Token, str]] = []
    lone = []
    opened = None
    for token in markers:
        if token.opens and opened is not None:
            faults.append((token, "nested"))
        elif token.opens:
            opened = token
        elif opened is None:
            faults.append((token, "unopened"))
            lone.append(token)
        else:
            if opened.pair != token.pair:
                faults.append((token, "mismatched"))
            opened = None
    if opened is not None:
        faults.append((opened, "unclosed"))
    return faults, lone


def find_sections(
    source: str, markers: list[Token], tokens: list[Token]
) -> list[tuple[bool, str, int, int]]:
    escapes = {token.start + token.text.index("paid") for token in tokens if token.literal}
    covered = {i for token in markers for i in range(token.start, token.end)}
    sections = []
    paid = False
    indices: list[int] = []
    for i in range(len(source) + 1):
        if i == len(source) or i in covered:
            if indices:
                text = "".join(source[k] for k in indices if k not in escapes)
                lines = place(source, indices[0])[0], place(source, indices[-1])[0]
                sections.append((paid, text, *lines))
            indices = []
            if any(token.start == i for token in markers):
                paid = not paid
        else:
            indices.append(i)
    return sections


def place(source: str, index: int) -> tuple[int, int]:
    line = column = 1
    for i in range(index):
        char = source[i]
        if char == "\n" or (char == "\r" and source[i + 1 : i + 2] != "\n"):
            line, column = line + 1, 1
        else:
            column += 1
    return line, column


# Suspects


def find_suspects(source: str, tokens: list[Token], lone: list[Token]) -> list[int]:
    cells = blanked(source, tokens)
    raw_lines = "".join(cells).split("\n")
    told = skeleton(cells)
    bones = "".join("#" if char == "$" else telling(char) for char in told)
    found = {n for n, line in enumerate(bones.split("\n"), 1) if is_suspect(line)}
    found |= {n for n, line in enumerate(told.split("\n"), 1) if is_worded(line)}
    found |= {
        n
        for n, line in enumerate(raw_lines, 1)
        if MARK in line and any(char in BIDI for char in line)
    }
    return sorted(found | broken_words(bones) | angles(bones, tokens, lone))


def blanked(source: str, tokens: list[Token]) -> list[str]:
    """Return the characters, one MARK for each token, one newline for each line end."""
    starts = {token.start: token.end for token in tokens}
    cells = []
    i = 0
    while i < len(source):
        if i in starts:
            cells.append(MARK)
            i = starts[i]
        elif source[i : i + 2] == "\r\n":
            i += 1
        else:
            cells.append("\n" if source[i] == "\r" else source[i].replace(MARK, "\0"))
            i += 1
    return cells


def skeleton(cells: list[str]) -> str:
    """Return what the cells look like, letters of all scripts and both sigils kept."""
    text = "".join(cells)
    bones = ""
    i = 0
    while i < len(text):
        entity = entity_at(text, i)
        if entity:
            decoded = html.unescape(entity)
            bones += "".join(" " if char in "\r\n" else look(char) for char in decoded)
            i += len(entity)
        else:
            bones += text[i] if text[i] in "\n" + MARK else look(text[i])
            i += 1
    for sigil in "#$<>":
        bones = bones.replace("\\" + sigil, sigil)
    return bones


def entity_at(text: str, i: int) -> str:
    if text[i] != "&":
        return ""
    if text[i + 1 : i + 2] == "#":
        start, digits, most = i + 2, "0123456789", 7
        if text[start : start + 1] in ("x", "X"):
            start, digits, most = i + 3, digits + "abcdefABCDEF", 6
        while text[start : start + 1] == "0":
            start += 1
    else:
        start, digits, most = i + 1, "0123456789" + LETTERS + LETTERS.upper(), 32
        if text[start : start + 1] in tuple("0123456789"):
            return ""
    end = start
    while end < len(text) and end - start < most and text[end] in digits:
        end += 1
    if end == start or (most == 32 and end - start < 2):
        return ""
    return text[i : end + 1] if text[end : end + 1] == ";" else text[i:end]


def look(char: str) -> str:
    if char == "№":
        return "#"
    looks = ""
    for part in unicodedata.normalize("NFKD", char).casefold():
        if part in "\t\v\f\x85" or unicodedata.category(part) in ("Zs", "Zl", "Zp"):
            looks += " "
        elif unicodedata.category(part) not in ("Cf", "Mn", "Me", "Cc"):
            looks += LOOKS.get(unicodedata.name(part, ""), part)
    if len(looks) > 1 and unicodedata.category(char)[0] == "S" and not all(map(is_telling, looks)):
        return char
    return looks if looks == "" or char.isascii() or any(map(is_telling, looks)) else char


def is_telling(char: str) -> bool:
    return char in "paidbegn#$<>~/ "


def telling(char: str) -> str:
    """Return what can be part of a marker, ASCII, or a sign for anything else."""
    return char if char.isascii() else OTHER


def is_suspect(line: str) -> bool:
    return (
        has_bare_word(line)
        or has_word_between_sigils(line)
        or has_word_in_anchor(line)
        or has_word_beside_two_sigils(line)
        or is_word_alone(line)
    )


def has_bare_word(line: str) -> bool:
    for word in WORDS:
        for i in range(len(line)):
            if line[i : i + len(word)] == word:
                left, right = line[max(0, i - 3) : i], line[i + len(word) :][:3]
                touched = left.endswith("##") or right.startswith("##")
                letters = left[-1:] in tuple(LETTERS) or right[:1] in tuple(LETTERS)
                percent = left in ("%23", "%24") and right in ("%23", "%24")
                if touched or (not letters and not percent):
                    return True
    return False


def has_word_between_sigils(line: str) -> bool:
    sigils = [i for i, char in enumerate(line) if char == "#"]
    for i in sigils:
        for j in sigils:
            inside = line[i + 1 : j]
            if i < j and "#" not in inside and len(inside) <= 40:
                lost = (line[i - 1 : i] != "#") + (line[j + 1 : j + 2] != "#")
                for slips in range(min(2, 3 - lost) + 1):
                    letters = inside.replace(" ", "")
                    allowed = slips - (" " in inside.strip(" ")) - (inside != inside.strip(" "))
                    if any(within(letters, word, allowed) for word in WORDS):
                        return True
            if i < j and inside[:1] == "p" and has_strays(inside):
                return True
    return False


def has_strays(inside: str) -> bool:
    replaced = [inside.replace("#", letter) for letter in "paidbegn" if inside.count("#") == 1]
    return inside.replace("#", "") in WORDS or any(text in WORDS for text in replaced)


def has_word_in_anchor(line: str) -> bool:
    for i in range(len(line)):
        starts = [i + 2] if line[i : i + 2] in ("{#", "(#") else []
        for name in ("id=", "name="):
            if line.startswith(name, i):
                at = i + len(name)
                at += line[at : at + 1] in ("'", '"')
                starts.append(at + line.startswith("paidend", at))
        after = line[i + 1 :].split("]")
        if line[i] == "[" and len(after) == 2 and after[1].strip(" ") == "":
            starts.append(i + 1)
        for at in starts:
            run = run_without(" #{}()<>\"'=[]", line, at)
            if "paidbegin" in run or "paidend" in run:
                return True
    return False


def has_word_beside_two_sigils(line: str) -> bool:
    for i in range(len(line) - 1):
        if line[i : i + 2] == "##":
            after = i + 2
            while after < len(line) and line[after] in LETTERS:
                after += 1
            before = i
            while before > 0 and line[before - 1] in LETTERS:
                before -= 1
            for run in (line[i + 2 : after], line[before:i]):
                if any(within(run, word, 1) for word in WORDS):
                    return True
    return False


def is_word_alone(line: str) -> bool:
    if line.strip("# ").replace(" ", "") in WORDS:
        return True
    run = line.strip(" ")
    return all(char in LETTERS for char in run) and any(within(run, word, 1) for word in WORDS)


def is_worded(line: str) -> bool:
    """Return whether a word for pay and one for begin or end stand between sigils, or `paid`."""
    for i in range(len(line)):
        for j in range(i + 4, len(line)):
            sigils, inside = line[i : i + 2], line[i + 2 : j]
            if sigils in ("##", "$$") and line[j : j + 2] == sigils and is_words(inside):
                pay = any(pays_before_or_after(inside, word) for word in PAY)
                alone = inside.removeprefix("/") in ("paid", "付费", "付費") and sigils == "##"
                if pay or alone:
                    return True
    return False


def is_words(inside: str) -> bool:
    if any(char in "#$\n{}\\=^<>" for char in inside):
        return False
    return 2 <= len(inside) <= 24 and not inside[0].isspace() and not inside[-1].isspace()


def pays_before_or_after(inside: str, word: str) -> bool:
    for i in range(len(inside)):
        if inside[i : i + len(word)] == word:
            before, after = inside[:i], inside[i + len(word) :]
            if any(edge in before or edge in after for edge in EDGES):
                return True
    return False


def within(letters: str, word: str, slips: int) -> bool:
    """Return whether at most so many slips, of two at most, make the word into the letters."""
    if slips < 0 or abs(len(letters) - len(word)) > slips:
        return False
    if slips < 2:
        return letters == word or (slips == 1 and one_slip_apart(letters, word))
    return within(letters, word, 1) or any(
        one_slip_apart(near, word) for near in one_slip_from(letters)
    )


def one_slip_apart(one: str, two: str) -> bool:
    while one and two and one[0] == two[0]:
        one, two = one[1:], two[1:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    swapped = len(one) == 2 and one == two[::-1]
    return swapped or (len(one) <= 1 and len(two) <= 1 and one + two != "")


def one_slip_from(letters: str) -> list[str]:
    slipped = []
    for i in range(len(letters) + 1):
        head, tail = letters[:i], letters[i:]
        slipped.append(head + tail[1:])
        slipped.append(head + tail[1:2] + tail[:1] + tail[2:])
        for letter in "paidbegn<>/":
            slipped.append(head + letter + tail)
            slipped.append(head + letter + tail[1:])
    return slipped


def broken_words(bones: str) -> set[int]:
    """Return the line of each word between two sigils that goes on after a line end."""
    lines = set()
    for i in range(len(bones)):
        for word in WORDS:
            if bones.startswith("##", i) and bones[i + 2 : i + 3] == "p":
                at = i + 2
                for letter in word:
                    at = at if letter == "p" else after_breaks(bones, at)
                    at = at + 1 if bones[at : at + 1] == letter else len(bones)
                if bones.startswith("##", at):
                    lines.add(bones[:i].count("\n") + 1)
    return lines


def after_breaks(bones: str, at: int) -> int:
    while True:
        tag = run_of(" /", bones, at + 3) if bones.startswith("<br", at) else ""
        if bones[at : at + 1] in (" ", "\n"):
            at += 1
        elif bones.startswith("<br" + tag + ">", at):
            at += 4 + len(tag)
        else:
            return at


def angles(bones: str, tokens: list[Token], lone: list[Token]) -> set[int]:
    lines = set()
    for i, char in enumerate(bones):
        if char == "<":
            closing, is_tag = tag_at(bones, i)
            answered = not closing and end_tag_after(bones[:i].count(MARK), tokens) in lone
            if (is_tag and not answered) or is_other_tag(bones, i) or is_torn_tag(bones, i):
                lines.add(bones[:i].count("\n") + 1)
        beginless = bones[i : i + 6] == "/paid>" and not bones[:i].endswith(("<", "</"))
        if beginless and not in_address(bones, i):
            lines.add(bones[:i].count("\n") + 1)
    return lines


def is_other_tag(bones: str, i: int) -> bool:
    """Return whether at i begins a tag of nearly that name, or of one that begins like it."""
    i += 2 if bones[i + 1 : i + 2] == "/" else 1
    name = run_without(" \n/<>", bones, i)
    begin = run_without(" \n/<>~", bones, i)
    is_near = one_slip_apart(name, "paid") and closes(bones, i + len(name))
    return is_near or (
        begin != "paid" and begin.startswith(("paid", "pay")) and closes(bones, i + len(begin))
    )


def run_without(chars: str, text: str, i: int) -> str:
    run = ""
    while i < len(text) and text[i] not in chars:
        run += text[i]
        i += 1
    return run


def closes(bones: str, i: int) -> bool:
    """Return whether a tag ends after its name, or after what may be attributes."""
    blanks = run_of(" \n/", bones, i)
    i += len(blanks)
    if bones[i : i + 1] == ">":
        return True
    if blanks == "" or bones[i : i + 1] in tuple("&|=?+*%)-"):
        return False
    for char in bones[i : i + 201]:
        if char in "<>~":
            return char == ">"
    return False


def is_torn_tag(bones: str, i: int) -> bool:
    """Return whether at i begins a tag of which a bracket is lost or a sign is wrong."""
    torn = ["<paid<", "</paid", "<p/aid>", "</<aid>"]
    for sign in ">~":
        torn += [f"<{sign}paid>", f"<{sign}/paid>", f"</{sign}paid>"]
    for sign in "/<>~ \n":
        torn += [f"</{sign}aid>", f"</p{sign}aid>", f"</p{sign}id>"]
        torn += [f"</pa{sign}id>", f"</pa{sign}d>", f"</pai{sign}>", f"</pai{sign}d>"]
    return any(bones.startswith(text, i) for text in torn)


def in_address(bones: str, i: int) -> bool:
    """Return whether a tag begins shortly before i, which is in an address or an unquoted value."""
    for k in range(max(0, i - 200), i):
        inside = bones[k + 1 : i]
        if bones[k] == "<" and inside[:1] in tuple(LETTERS) and not set("<>~") & set(inside):
            scheme = inside.split(":")[0]
            if (
                ":" in inside
                and set(scheme) <= set(LETTERS)
                and not set(" \n") & set(inside[len(scheme) :])
            ):
                return True
            for at in [at for at, char in enumerate(inside) if char == "="]:
                name, value = inside[:at], inside[at + 1 :]
                word = name[len(name.rstrip(LETTERS + ":@.-")) :]
                blank_before = name[: len(name) - len(word)][-1:] in (" ", "\n")
                if word and blank_before and not set(" \n") & set(value):
                    return True
    return False


def tag_at(bones: str, i: int) -> tuple[bool, bool]:
    """Tell of the `<` at i if a slash follows, and if all in all it looks like the tag."""
    i += 1
    is_comment = bones.startswith("!--", i)
    if is_comment:
        i += 1 + len(run_of("-", bones, i + 1))
    head = run_of(" \n/\\", bones, i)
    i += len(head)
    for n, letter in enumerate("paid"):
        i += len(run_of(" ", bones, i)) if n else 0
        if bones[i : i + 1] != letter:
            return "/" in head, False
        i += 1
    tail = run_of(" \n/\\", bones, i)
    dashes = run_of("-", bones, i + len(tail)) if is_comment else ""
    after = i + len(tail) + len(dashes)
    if bones[after : after + 1] in (">", "~") and (len(dashes) > 1 or not is_comment):
        return "/" in head, True
    blanks = run_of(" \n/", bones, i)
    i += len(blanks)
    if (
        is_comment
        or head not in ("", "/")
        or blanks == ""
        or bones[i : i + 1] in tuple("&|=?+*%)-")
    ):
        return "/" in head, False
    for char in bones[i : i + 201]:
        if char in "<>~":
            return "/" in head, char == ">"
    return "/" in head, False


def run_of(chars: str, text: str, i: int) -> str:
    run = ""
    while i < len(text) and text[i] in chars:
        run += text[i]
        i += 1
    return run


def end_tag_after(count: int, tokens: list[Token]) -> Token | None:
    """Return the next tag after so many tokens."""
    for token in tokens[count:]:
        if token.pair == 2 and token.marks:
            return token
    return None
