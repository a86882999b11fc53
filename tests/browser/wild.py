"""Documents that try the page: the widest, the longest, and what is written from right to left."""

from __future__ import annotations

import json

from gateway.core.bundles import IDENTITY
from gateway.core.documents import MAX_NAME, MAX_TITLE, Address
from gateway.formats.declarations import MAX_OFFERS, MAX_OUTLINE
from gateway.formats.sources import SourceFormats
from gateway.usecases.composing import Task, compose
from gateway.usecases.submissions import Submission
from tests.support.services import NOW
from tests.web.sheets import PRESS

COLUMNS = tuple(f"Column{number}" for number in range(14))
TABLE = f"|{'|'.join(COLUMNS)}|\n|{'---|' * 14}\n|{'|'.join(['123.456'] * 14)}|\n"
CODE = f"```\n{'word ' * 60}\n```\n"
PAID = "##paidbegin##{}##paidend##"


def _front(**fields: object) -> str:
    told = "".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items()
    )
    return f"---\n{told}---\n\n"


_OFFER = {
    "name": "Everything" * 10,
    "price": "From $4 per month, billed yearly, cancel anytime",
    "url": "https://shop.example/" + "a" * 200,
    "note": "A note that goes on and on " * 3,
}
_LONGEST = _front(
    title="Unbreakable" * 18 + "Ti",
    author="Author" * 33,
    summary="Summary " * 120,
    collection="c" * MAX_NAME,
    tags=["Tag" * 13] * 12 + [f"tag {n}" for n in range(20)],
    date="2019-01-31",
    updated="2024-01-31",
    licence="https://creativecommons.org/licenses/by-sa/4.0/",
    translation_of="t" * MAX_NAME,
    outline=["Outline" * 14] * MAX_OUTLINE,
    offer=[_OFFER] * MAX_OFFERS,
)
_CHINESE = _front(
    title="题" * MAX_TITLE, language="zh-CN", author="作者" * 50, summary="摘要" * 300
)
_ARABIC = _front(
    title="رسالة من المصب",
    language="ar",
    author="مريم حداد",
    tags=["بحر", "نهر"],
    summary="ملخص قصير.",
)

SOURCES = {
    "tables": f"# Wide tables\n\n{TABLE}\nText.\n\n{TABLE}\nIt ends {PAID.format(f'here.{TABLE}')}",
    "code": f"# Code\n\nSome `{'x' * 120}`.\n\n{CODE}\n<kbd>Ctrl</kbd>\n\n{CODE}\n"
    + PAID.format("More."),
    "sections": "# Twelve\n\n"
    + "".join(f"## Part {n}\n\nFree text{PAID.format(' and paid.' * 90)}\n\n" for n in range(12)),
    "footnotes": "# Notes\n\nA word[^1] and one more[^2], said twice[^1].\n\n"
    f"[^1]: The first.\n\n[^2]: The second, with a [link](https://a.example).\n\n{PAID.format('End.')}",
    "arabic": f"{_ARABIC}## مقدمة\n\nهذا نص حر يقرؤه الجميع، وفيه English words ورقم 42.\n\n"
    f"- واحد\n- اثنان\n\n> اقتباس\n\n{TABLE}\nوهنا ينتهي{PAID.format(' النص المدفوع.' * 50)}\n",
    "longest": f"{_LONGEST}Text {'w' * 300}.\n\n{PAID.format('Paid.' * 200)}\n",
    "chinese": f"{_CHINESE}正文。\n\n{PAID.format('付费' * 600)}\n",
    "free": "---\nfree: true\n---\n\n# Free\n\n"
    + "\n\n".join(f"## Chapter {n}\n\n### A part\n\nText." for n in range(4)),
}


FORMS = ("preview", "read")


def pages_of(slug: str) -> dict[str, bytes]:
    """Return the first page of the preview of a document, and of its full text."""
    submission = Submission(Address("demo", slug), SOURCES[slug].encode(), "markdown", free=True)
    sealed = compose(Task(submission, "e", NOW, None), SourceFormats(), PRESS).sealed
    forms = sealed.public.forms["html"], sealed.full.forms["html.en"]
    return {name: form.bodies[IDENTITY] for name, form in zip(FORMS, forms, strict=True)}
