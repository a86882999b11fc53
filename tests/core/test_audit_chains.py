"""Chains of batches: whatever is done to one afterwards is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import combinations

import pytest

from gateway.core.audit_chains import (
    Anchor,
    ChainFault,
    ChainReport,
    Head,
    check,
    check_succession,
    link,
    records,
)
from gateway.core.audit_records import Record

CHAIN = "20270115t080000-host-00000000"
NEXT = "20270116t000000-host-00000001"


def record(number: int) -> Record:
    return Record(1_800_000_000 + number, "read", f"reader:r{number}", "g1", "demo/one", "e1", "q1")


def chain(
    batches: Sequence[Sequence[Record]], start: Head | None = None
) -> tuple[list[bytes], Head]:
    """Return the lines of a chain, and its head."""
    head, lines = start or Head(CHAIN), []
    for at, batch in enumerate(batches, 1_800_000_000):
        line, head = link(head, at, batch)
        lines.append(line)
    return lines, head


def anchor(head: Head) -> Anchor:
    return Anchor(head.chain, head.number, head.hash, 1_800_000_009)


BATCHES = [[record(1)], [record(2), record(3)], [record(4)], [record(5)]]
LINES, HEAD = chain(BATCHES)
TEXT = b"".join(LINES)


def faults(lines: Sequence[bytes], known: Anchor | None = None) -> list[ChainFault]:
    return check(CHAIN, lines, known).faults


# --- a chain that nobody has touched -----------------------------------------------------------


def test_a_whole_chain_is_whole_and_says_what_it_holds() -> None:
    report = check(CHAIN, LINES, anchor(HEAD))
    assert report.faults == []
    assert (report.batches, report.records) == (4, 5)
    assert (report.since, report.until) == (1_800_000_000, 1_800_000_003)
    assert report.head == HEAD
    assert list(records(LINES)) == [record for batch in BATCHES for record in batch]


def test_a_chain_that_has_gone_on_since_it_was_anchored_is_whole() -> None:
    for number in range(1, 5):
        assert faults(LINES, anchor(chain(BATCHES[:number])[1])) == []


def test_a_line_can_be_checked_without_this_program() -> None:
    line = json.loads(LINES[1])
    body = LINES[1].replace(f',"hash":"{line["hash"]}"'.encode(), b"").strip()
    assert sha256(body).hexdigest() == line["hash"]
    assert line["prev"] == json.loads(LINES[0])["hash"]


def test_a_last_line_that_is_being_written_is_told_and_is_no_fault() -> None:
    *_, last = LINES
    for size in range(1, len(last)):
        report = check(CHAIN, [*LINES[:3], last[:size]], anchor(chain(BATCHES[:3])[1]))
        assert report.is_torn
        assert report.faults == []
        assert report.batches == 3


# --- what is done to a chain -------------------------------------------------------------------


def test_every_bit_that_is_flipped_is_noticed() -> None:
    for at in range(len(TEXT)):
        for bit in range(8):
            text = bytearray(TEXT)
            text[at] ^= 1 << bit
            assert faults(split(bytes(text)), anchor(HEAD)), (at, bit)


def test_every_bit_but_those_of_the_last_end_is_noticed_without_an_anchor() -> None:
    for at in range(len(TEXT) - 1):
        text = bytearray(TEXT)
        text[at] ^= 1
        assert faults(split(bytes(text))), at


def split(text: bytes) -> list[bytes]:
    """Return lines as a file gives them: only a line feed ends one."""
    return [line for line in text.replace(b"\n", b"\n\0").split(b"\0") if line]


def test_every_line_that_is_taken_away_is_noticed() -> None:
    for at in range(len(LINES)):
        assert faults([*LINES[:at], *LINES[at + 1 :]], anchor(HEAD)), at


def test_every_line_that_stands_twice_is_noticed() -> None:
    for at in range(len(LINES)):
        for to in range(len(LINES) + 1):
            assert faults([*LINES[:to], LINES[at], *LINES[to:]]), (at, to)


def test_every_two_lines_that_change_places_are_noticed() -> None:
    for one, other in combinations(range(len(LINES)), 2):
        lines = list(LINES)
        lines[one], lines[other] = lines[other], lines[one]
        assert faults(lines), (one, other)


def test_every_tail_that_is_cut_is_noticed_by_the_anchor() -> None:
    for size in range(len(TEXT)):
        found = faults(split(TEXT[:size]), anchor(HEAD))
        assert any(fault.what.startswith("cut short") for fault in found), size


def test_a_record_put_in_or_changed_under_new_hashes_is_noticed_by_the_anchor() -> None:
    for at, batch in enumerate(BATCHES):
        for forged in ([*batch, record(9)], batch[1:], [record(9), *batch[1:]]):
            lines, _ = chain([*BATCHES[:at], forged, *BATCHES[at + 1 :]])
            assert faults(lines) == []  # nothing in the file itself can tell
            assert faults(lines, anchor(HEAD)) == [ChainFault(4, "not the line that was anchored")]


def test_a_batch_put_in_under_new_hashes_is_noticed_by_the_anchor() -> None:
    for at in range(len(BATCHES)):
        lines, _ = chain([*BATCHES[:at], [record(9)], *BATCHES[at:]])
        assert faults(lines, anchor(HEAD)), at


def test_a_chain_under_the_name_of_another_is_noticed() -> None:
    report = check(NEXT, LINES, None)
    assert {fault.what for fault in report.faults} == {"of another chain"}


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda lines: [lines[0], lines[2], lines[3]], [(2, "missing: batch 2 before this line")]),
        (lambda lines: [lines[3]], [(1, "missing: batches 1 to 3 before this line")]),
        (
            lambda lines: [lines[0], lines[0], *lines[1:]],
            [(2, "out of order: batch 1 after batch 1")],
        ),
        (
            lambda lines: [lines[0], lines[1].replace(b"r3", b"r7"), *lines[2:]],
            [(2, "altered: the hash is not that of the line")],
        ),
        (
            lambda lines: [lines[0], b"{}\n", *lines[1:]],
            [(2, "unreadable: this is not a batch")],
        ),
        (lambda lines: lines[:2], [(2, "cut short: 4 batches were anchored, 2 are here")]),
        (lambda lines: [], [(1, "cut short: 4 batches were anchored, 0 are here")]),
    ],
)
def test_a_fault_is_told_at_its_line(
    harm: Callable[[list[bytes]], list[bytes]], told: list[tuple[int, str]]
) -> None:
    assert [(f.line, f.what) for f in faults(harm(list(LINES)), anchor(HEAD))] == told


# --- from one chain to the next ----------------------------------------------------------------


def succession(first: Sequence[bytes] | None) -> dict[str, ChainReport]:
    """Check two chains, of which the second goes on from HEAD."""
    lines, _ = chain(BATCHES, HEAD.follow(NEXT))
    reports = {NEXT: check(NEXT, lines, None)}
    if first is not None:
        reports[CHAIN] = check(CHAIN, first, None)
    check_succession(reports)
    return reports


def test_a_chain_goes_on_from_the_end_of_the_one_before() -> None:
    assert [report.faults for report in succession(LINES).values()] == [[], []]


def test_a_chain_that_is_gone_is_missed_by_the_next() -> None:
    told = succession(None)[NEXT].faults
    assert told == [ChainFault(1, f"missing: the chain before, {CHAIN}")]


def test_a_tail_that_is_cut_is_missed_by_the_next_chain() -> None:
    told = succession(LINES[:3])[CHAIN].faults
    assert told == [ChainFault(3, f"cut short: {NEXT} goes on from another line")]


def test_a_chain_that_denies_the_one_before_is_noticed() -> None:
    (line, *_), _ = chain(BATCHES, HEAD.follow(NEXT))
    body = line[: line.rindex(b',"hash"')].replace(b',"after":"' + CHAIN.encode() + b'"', b"")
    forged = b'%b,"hash":"%b"}\n' % (body, sha256(body + b"}").hexdigest().encode())
    told = check(NEXT, [forged], None).faults
    assert told == [ChainFault(1, "not linked to the chain before")]


def test_a_chain_without_lines_hands_on_what_it_would_have_named() -> None:
    assert HEAD.follow(NEXT).follow("third") == Head("third", 0, HEAD.hash, CHAIN)
    assert Head(CHAIN).follow(NEXT) == Head(NEXT)
