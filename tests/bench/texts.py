"""Documents of realistic sizes: Chinese and English, log-normal lengths, a few paid sections.

Seeded by the number of a document: the same number gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from gateway.core.documents import Address
from tests.properties.articles import CHINESE, ENGLISH

MEDIAN = 2_400  # characters of a source; half of all documents are longer
SPREAD = 0.8  # of the logarithm: one in a hundred has 15,000 characters
LONGEST = 200_000
PUBLISHERS = 20
COLLECTIONS = ("economy", "culture", "science")


def address_of(number: int) -> Address:
    """Return where the document of a number lives: the first publishers have the most."""
    publisher = int(PUBLISHERS * Random(f"publisher {number}").random() ** 2)
    return Address(f"publisher-{publisher}", f"d{number:07}")


def text_of(number: int) -> str:
    """Return the Markdown source of the document of a number."""
    rng = Random(f"text {number}")
    length = min(LONGEST, int(rng.lognormvariate(0, SPREAD) * MEDIAN))
    is_chinese = number % 2 == 0
    blocks = list(_blocks(rng, length // 3 if is_chinese else length, is_chinese))
    for place in sorted(rng.sample(range(len(blocks)), min(len(blocks), rng.randint(1, 3)))):
        blocks[place] = f"##paidbegin##{blocks[place]}##paidend##"
    title = _sentence(rng, is_chinese, 3)
    head = f"---\ntitle: {title} {number}\ncollection: {rng.choice(COLLECTIONS)}\n---\n"
    return head + _sentence(rng, is_chinese, 12) + "\n\n" + "\n\n".join(blocks) + "\n"


def _blocks(rng: Random, length: int, is_chinese: bool) -> Iterator[str]:
    while length > 0:
        if rng.random() < 0.12:
            block = "## " + _sentence(rng, is_chinese, 3)
        else:
            block = _paragraph(rng, is_chinese)
        length -= len(block)
        yield block


def _paragraph(rng: Random, is_chinese: bool) -> str:
    stop = "。" if is_chinese else ". "
    sentences = [_sentence(rng, is_chinese, rng.randint(6, 16)) for _ in range(rng.randint(2, 6))]
    sentences[0] = f"**{sentences[0]}**" if rng.random() < 0.1 else sentences[0]
    return stop.join(sentences) + stop.strip()


def _sentence(rng: Random, is_chinese: bool, words: int) -> str:
    if is_chinese:
        return "".join(rng.choices(CHINESE, k=words))
    return " ".join(rng.choices(ENGLISH, k=words)).capitalize()
