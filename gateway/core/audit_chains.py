"""Chains: batches of records, each line bound to the one before it by its hash.

A line is a batch in JSON and, as its last member, the SHA-256 of the line without that member; so
every byte counts, and no two spellings of one batch are the same line. Whoever can write the file
can compute all hashes anew, but not those that are anchored elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from gateway.core.audit_records import Record, is_plain, plain

_END = re.compile(rb',"hash":"([0-9a-f]{64})"\}\n')
_END_SIZE = len(b',"hash":""}\n') + 64


class Batch(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The content of one line. Lines of a chain are numbered from 1."""

    chain: str
    number: int
    at: int
    prev: str  # the hash of the line before; of the first, that of the last line of `after`
    records: Sequence[Record]
    after: str = ""  # in the first line, the chain that this one goes on from


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: its last line. Number 0 is a chain without lines."""

    chain: str
    number: int = 0
    hash: str = ""
    after: str = ""

    def follow(self, chain: str) -> Head:
        """Return the head of a new chain that goes on from this one."""
        return Head(chain, 0, self.hash, self.chain if self.number else self.after)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head on record elsewhere."""

    chain: str
    number: int
    hash: str
    at: int


def link(head: Head, at: int, records: Sequence[Record]) -> tuple[bytes, Head]:
    """Return the next line of a chain, and its new head.

    What can be no id and no address is withheld.
    """
    after = "" if head.number else head.after
    batch = Batch(head.chain, head.number + 1, at, head.hash, records, after)
    body = _encode(batch)
    if not is_plain(body):
        body = _encode(msgspec.structs.replace(batch, records=list(map(plain, records))))
    digest = hashlib.sha256(body).hexdigest()
    line = b'%b,"hash":"%b"}\n' % (body[:-1], digest.encode())
    return line, Head(head.chain, batch.number, digest)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Batch).decode


# --- checking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChainFault:
    """What is wrong, at which line of the file, counted from 1."""

    line: int
    what: str


@dataclass
class ChainReport:
    """What a check has seen of one chain."""

    chain: str
    head: Head = field(init=False)
    batches: int = 0
    records: int = 0
    since: int = 0
    until: int = 0
    after: tuple[str, str] = ("", "")  # the chain that this one goes on from, and its last hash
    is_anchored: bool = False  # somebody else knows of this chain
    is_torn: bool = False  # the last line was being written
    faults: list[ChainFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.head = Head(self.chain)


def check(chain: str, lines: Iterable[bytes], anchor: Anchor | None) -> ChainReport:
    """Hold the lines of a chain against each other and against its anchor.

    A last line without its end is one that was being written: it is no fault and does not count.
    """
    report = ChainReport(chain, is_anchored=anchor is not None)
    line = 0
    for line, text in enumerate(lines, 1):
        if not text.endswith(b"\n"):
            report.is_torn = True
            break
        report.faults += (ChainFault(line, what) for what in _faults(report, text, anchor))
    if anchor and report.head.number < anchor.number:
        what = f"cut short: {anchor.number} batches were anchored, {report.head.number} are here"
        report.faults.append(ChainFault(max(line, 1), what))
    return report


def _faults(report: ChainReport, text: bytes, anchor: Anchor | None) -> Iterator[str]:
    """Take up one line, and tell what is wrong with it."""
    batch, digest, is_true = _read(text)
    if batch is None:
        yield "unreadable: this is not a batch"
        return
    if not is_true:
        yield "altered: the hash is not that of the line"
    if batch.chain != report.chain:
        yield "of another chain"
        return
    yield from _misplaced(report.head, batch)
    if anchor and batch.number == anchor.number and digest != anchor.hash:
        yield "not the line that was anchored"
    _take_up(report, batch, digest)


def _read(text: bytes) -> tuple[Batch | None, str, bool]:
    end = _END.fullmatch(text, max(0, len(text) - _END_SIZE))
    if end is None:
        return None, "", False
    body = text[: end.start()] + b"}"
    digest = end[1].decode()
    try:
        return _decode(body), digest, hashlib.sha256(body).hexdigest() == digest
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, "", False


def _misplaced(head: Head, batch: Batch) -> Iterator[str]:
    expected = head.number + 1
    if batch.number < expected:
        yield f"out of order: batch {batch.number} after batch {head.number}"
    elif batch.number > expected:
        yield f"missing: {_range(expected, batch.number - 1)} before this line"
    elif batch.number > 1 and batch.prev != head.hash:
        yield "not linked to the line before"
    if bool(batch.after) != (batch.number == 1 and bool(batch.prev)):
        yield "not linked to the chain before"


def _range(first: int, last: int) -> str:
    return f"batch {first}" if first == last else f"batches {first} to {last}"


def _take_up(report: ChainReport, batch: Batch, digest: str) -> None:
    if not report.batches:
        report.since = batch.at
        report.after = (batch.after, batch.prev)
    report.until = batch.at
    report.batches += 1
    report.records += len(batch.records)
    if batch.number > report.head.number:
        report.head = Head(report.chain, batch.number, digest)


def check_succession(reports: Mapping[str, ChainReport]) -> None:
    """Add a fault where a chain does not go on from the end of the chain that it names."""
    for report in reports.values():
        name, digest = report.after
        before = reports.get(name)
        if name and before is None:
            report.faults.append(ChainFault(1, f"missing: the chain before, {name}"))
        elif before and before.head.hash != digest:
            what = f"cut short: {report.chain} goes on from another line"
            before.faults.append(ChainFault(max(before.batches, 1), what))


def records(lines: Iterable[bytes]) -> Iterator[Record]:
    """Return the records of a chain in order; lines that cannot be read are passed over."""
    for text in lines:
        batch, _, _ = _read(text)
        if batch:
            yield from batch.records
