"""The audit as an operator looks at it: is it whole, and what does it say?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time

from gateway.core.audit_chains import (
    Anchor,
    ChainFault,
    ChainReport,
    check,
    check_succession,
    records,
)
from gateway.core.audit_records import Record
from gateway.core.errors import Malformed
from gateway.core.terms import term_seconds
from gateway.core.timestamps import timestamp
from gateway.stores.files.audit import FLUSH_INTERVAL, TURNS
from gateway.stores.files.chains import chains_in, host_of, lines_of, path_of
from gateway.stores.files.durable import answering

MOST = 20  # faults of one chain that are told
# Seconds from the first line of a chain until the ledger knows it.
YOUNG = 2 * FLUSH_INTERVAL * TURNS

_TERM = re.compile(r"[0-9]+[a-z]", re.ASCII)


@dataclass(frozen=True, slots=True)
class VerifiedAudit:
    """What was found: a report of each chain here, and the anchors of chains that are not."""

    folder: Path
    reports: Sequence[ChainReport]
    missing: Sequence[Anchor]
    elsewhere: Sequence[Anchor]

    @property
    def is_whole(self) -> bool:
        return not self.missing and not any(report.faults for report in self.reports)

    def lines(self) -> Iterator[str]:
        """Yield what to print."""
        for report in self.reports:
            yield from self._told(report)
        for anchor in self.missing:
            what = f"missing: {anchor.number} batches were anchored, and there is no such file"
            yield self._at(anchor.chain, ChainFault(1, what))
        for anchor in self.elsewhere:
            yield f"{anchor.chain}  {anchor.number} batches  not here: of another host"

    def _told(self, report: ChainReport) -> Iterator[str]:
        parts = [report.chain, f"{report.batches} batches", f"{report.records} records"]
        if report.batches:
            parts.append(f"{timestamp(report.since)} to {timestamp(report.until)}")
        parts.append(_state(report))
        if report.is_torn:
            parts.append("the last line is half-written")
        yield "  ".join(parts)
        for fault in report.faults[:MOST]:
            yield self._at(report.chain, fault)

    def _at(self, chain: str, fault: ChainFault) -> str:
        return f"{path_of(self.folder, chain)}:{fault.line}: {fault.what}"


def _state(report: ChainReport) -> str:
    if report.faults:
        return f"{len(report.faults)} faults"
    return "ok" if report.is_anchored or not report.batches else "not anchored"


def verify(folder: Path, anchors: Iterable[Anchor], host: str) -> VerifiedAudit:
    """Hold every chain in a folder against itself, its neighbours and its anchor.

    The anchors must have been read before: a gateway that is writing is ahead of them, never
    behind.
    """
    asked = time()
    anchored = {anchor.chain: anchor for anchor in anchors}
    reports = {chain: _checked(folder, chain, anchored.get(chain)) for chain in chains_in(folder)}
    check_succession(reports)
    for report in reports.values():
        # One that has begun just before the ledger was asked, or since, cannot be known to it.
        is_young = asked - YOUNG <= report.since <= time()
        if report.batches and not report.is_anchored and not is_young:
            report.faults.append(ChainFault(1, "not anchored: the ledger does not know this chain"))
    absent = [anchor for chain, anchor in sorted(anchored.items()) if chain not in reports]
    return VerifiedAudit(
        folder,
        list(reports.values()),
        [anchor for anchor in absent if host_of(anchor.chain) == host],
        [anchor for anchor in absent if host_of(anchor.chain) != host],
    )


def _checked(folder: Path, chain: str, anchor: Anchor | None) -> ChainReport:
    try:
        return check(chain, lines_of(folder, chain), anchor)
    except OSError as error:
        report = ChainReport(chain)
        report.faults.append(ChainFault(1, f"unreadable: {error.strerror}"))
        return report


def recorded(folder: Path, document: str = "", grant: str = "", since: int = 0) -> Iterator[Record]:
    """Return what the audit says of a document and of a grant (or code) since a time, by chains.

    Raises Unavailable.
    """
    with answering("audit"):
        for chain in chains_in(folder):
            for record in records(lines_of(folder, chain)):
                by = record.by.removeprefix("grant:").removeprefix("code:")
                if (
                    record.at >= since
                    and document in ("", record.document)
                    and grant in ("", record.on, by)
                ):
                    yield record


def shown(record: Record) -> str:
    """Return a record as one line."""
    return f"{timestamp(record.at)} {record}"


def since(text: str, now: int) -> int:
    """Return the time that a term (30d, 12h) back from now, or a date, names. Raises Malformed."""
    if not text:
        return 0
    if _TERM.fullmatch(text):
        return now - term_seconds(text)
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(
            "This is not a time.",
            where="since",
            hint="Use a term such as 30d, or a date such as 2026-01-31 or 2026-01-31T12:00.",
        ) from None
    return int((named if named.tzinfo else named.replace(tzinfo=UTC)).timestamp())
