"""Whole inputs, and what must come of each: the cases that their README explains."""

from __future__ import annotations

import pytest

from tests.corpus.answers import FOLDER, Answers, Case, answers_to, read_cases
from tests.corpus.facts import FACTS, hidden
from tests.support.samples import SUFFIXES

pytestmark = pytest.mark.anyio

CASES = read_cases()
SENT = {"file", "type", "charset", "free", "about"}  # how a case is sent
REFUSED = {"become", "findings"}


def test_every_file_has_its_row_and_every_word_of_a_row_its_meaning() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"README.md", "cases.json"}
    assert {case["file"] for case in CASES} == files
    assert {name for case in CASES for name in case} <= {*SENT, *REFUSED, *FACTS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
async def test_a_case_becomes_what_its_row_says(case: Case) -> None:
    answers = await answers_to(case)
    become = case["become"]
    if become == "either":
        become = "published" if answers.is_published else "refused"
    WAYS[become](answers, case)


def is_refused(answers: Answers, case: Case) -> None:
    """Hold that a case was refused with its findings, and nothing of it is public."""
    assert not answers.is_published
    assert answers.upload.status == 422
    found = answers.found("findings")
    found += [(code, None) for code, _ in found]
    assert {(code, line) for code, line in case.get("findings", ())} <= set(found)
    is_nowhere(answers, case)


def is_published(answers: Answers, case: Case) -> None:
    """Hold that a case was published, and every fact of its row."""
    assert answers.is_published, answers.found("findings")
    for name in case.keys() & FACTS.keys():
        FACTS[name](answers, case[name])


def is_nowhere(answers: Answers, case: Case) -> None:
    """Hold that no form of a case is public."""
    assert {answers.form(form).status for form in SUFFIXES} == {404}
    hidden(answers, case.get("hidden", ()))


WAYS = {"refused": is_refused, "published": is_published, "waiting": is_nowhere}
