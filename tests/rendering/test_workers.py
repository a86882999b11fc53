"""A source that harms its process is refused, and stops nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from anyio import create_task_group, wait_all_tasks_blocked

from gateway.core.companions import PICTURES
from gateway.core.documents import Address
from gateway.core.errors import Refused, Unsupported
from gateway.core.findings import FindingCode
from gateway.rendering.workers import Elsewhere, Here, cores, stamp
from gateway.usecases.composing import Task
from gateway.usecases.submissions import Submission
from tests.faults import poisons
from tests.faults.poisons import DIE, GREED, HANG
from tests.support import pictures
from tests.support.servers import comes_true

pytestmark = pytest.mark.anyio

TIMEOUT = 1.0  # seconds of a processor: a sound document takes a tenth

WORDS = b"Title\n\nFree.##paidbegin##Paid.##paidend##"


def task(body: bytes, publisher: str = "demo") -> Task:
    """Return what has to be composed."""
    return Task(Submission(Address(publisher, "a"), body, "plain"), "e1", 1_800_000_000, None)


async def test_a_process_makes_the_same_bytes() -> None:
    assert await Elsewhere("").compose(task(WORDS)) == await Here("").compose(task(WORDS))


async def test_an_error_comes_back_whole() -> None:
    body = b"Title\n\n##paidbegin##"
    with pytest.raises(Refused) as here:
        await Here("").compose(task(body))
    with pytest.raises(Refused) as elsewhere:
        await Elsewhere("").compose(task(body))
    assert elsewhere.value.findings == here.value.findings


@pytest.mark.parametrize("harm", [HANG, DIE, GREED])
async def test_a_document_that_harms_its_process_is_refused_and_the_next_is_not(
    harm: bytes,
) -> None:
    elsewhere = Elsewhere("", timeout=TIMEOUT, composer=poisons.compose)
    with pytest.raises(Refused) as caught:
        await elsewhere.compose(task(WORDS + harm))
    (finding,) = caught.value.findings
    assert finding.code is FindingCode.TOO_LARGE
    assert harm.decode() not in f"{finding.message} {finding.hint}"
    assert (await elsewhere.compose(task(WORDS))).edition.title == "Title"


async def test_to_wait_for_a_process_takes_none_of_the_time_of_a_document() -> None:
    elsewhere = Elsewhere("", timeout=TIMEOUT, composer=poisons.compose)
    refused: list[bytes] = []

    async def compose(body: bytes) -> None:
        try:
            await elsewhere.compose(task(body))
        except Refused:
            refused.append(body)

    async with create_task_group() as tasks:
        for _ in range(cores()):
            tasks.start_soon(compose, WORDS + HANG)
        tasks.start_soon(compose, WORDS)
    assert refused == cores() * [WORDS + HANG]


async def test_no_publisher_keeps_all_processes_from_the_others() -> None:
    elsewhere = Elsewhere("", timeout=20 * TIMEOUT, composer=poisons.compose)
    refused: list[Refused] = []

    async def hang() -> None:
        try:
            await elsewhere.compose(task(WORDS + HANG))
        except Refused as error:
            refused.append(error)

    async with create_task_group() as tasks:
        for _ in range(2 * cores()):
            tasks.start_soon(hang)
        await wait_all_tasks_blocked()
        assert (await elsewhere.compose(task(WORDS, "other"))).edition.title == "Title"
        assert not refused
        tasks.cancel_scope.cancel()


async def test_a_hanging_process_is_gone_when_its_document_is_refused() -> None:
    before = children()
    with pytest.raises(Refused):
        await Elsewhere("", timeout=TIMEOUT, composer=poisons.compose).compose(task(WORDS + HANG))
    assert comes_true(lambda: children() <= before)


def children() -> set[str]:
    """Return the processes that this one has started."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_the_stamp_tells_one_origin_from_another() -> None:
    assert stamp("") == stamp("")
    assert stamp("") != stamp("https://read.example.org")


# --- pictures ----------------------------------------------------------------------------------


async def test_a_picture_is_made_elsewhere_as_it_is_here() -> None:
    body = pictures.jpeg("word", 1_000, 500)
    made = await Elsewhere("").make("demo", "a.jpg", body, PICTURES)
    assert made == await Here("").make("demo", "a.jpg", body, PICTURES)


async def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_is_made() -> None:
    slow = pictures.png("", 7_000, 7_000)  # within the bound of pixels
    elsewhere = Elsewhere("", timeout=0.05)
    with pytest.raises(Refused) as refused:
        await elsewhere.make("demo", "a.png", slow, PICTURES)
    (found,) = refused.value.findings
    assert found.code is FindingCode.TOO_LARGE
    assert "The file takes longer" in found.message
    with pytest.raises(Unsupported):
        await elsewhere.make("demo", "a.svg", b"<svg/>", PICTURES)
