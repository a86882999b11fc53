"""What the command line says of the audit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import time

import pytest
from click.testing import CliRunner, Result

from gateway.__main__ import cli
from gateway.core.audit_chains import Anchor
from gateway.core.audit_records import Act, Record
from gateway.core.errors import Malformed
from gateway.ops.audit_log import since, verify
from gateway.ports import Anchors
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.chains import chains_in, path_of
from gateway.stores.memory import MemoryAnchors
from gateway.stores.sql.ledger import open_ledger
from tests.support.services import NOW, FrozenClock

READ = Record(NOW, Act.READ, "reader:r1", "g1", "demo/one", "e1", "q1")
BEARER = Record(NOW + 60, Act.READ, "grant:g2", "g2", "demo/two", "e2", "q2")
BY_CODE = Record(NOW, Act.GRANT, "code:c1", "g3", request="q4")
REVOKE = Record(NOW + 120, Act.REVOKE, "publisher:demo", "g1", request="q3")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Leave an audit of two chains."""
    for records in ((READ, BEARER), (REVOKE, BY_CODE)):
        asyncio.run(leave(tmp_path, *records))
    return tmp_path


async def leave(data: Path, *records: Record) -> None:
    ledger = await open_ledger(f"sqlite:///{data}/ledger.db")
    await add(data, ledger, NOW, *records)
    await ledger.close()


async def add(data: Path, anchors: Anchors, at: int, *records: Record) -> None:
    audit = FileAudit(data / "audit", FrozenClock(at=at), anchors, host="here")
    await audit.keep(*records)
    await audit.close()


def run(data: Path, *arguments: str) -> Result:
    environment = {"PAIDGATE_DATA": str(data), "PAIDGATE_SECRET": "x" * 32}
    return CliRunner().invoke(cli, ["audit-log", *arguments], env=environment)


# --- verify ------------------------------------------------------------------------------------


def test_a_whole_audit_is_ok(data: Path) -> None:
    result = run(data, "verify")
    assert result.exit_code == 0, result.output
    lines = [line.partition("  ")[2] for line in result.output.splitlines()]
    assert lines == [
        "1 batches  2 records  2027-01-15T08:00:00Z to 2027-01-15T08:00:00Z  ok",
        "1 batches  2 records  2027-01-15T08:00:00Z to 2027-01-15T08:00:00Z  ok",
    ]


def test_an_audit_of_nothing_is_ok(tmp_path: Path) -> None:
    result = run(tmp_path, "verify")
    assert (result.exit_code, result.output) == (0, "")


def test_a_fault_is_told_at_its_line_and_fails(data: Path) -> None:
    path = path_of(data / "audit", chains_in(data / "audit")[0])
    path.write_bytes(path.read_bytes().replace(b'"g1"', b'"g9"'))
    result = run(data, "verify")
    assert result.exit_code == 1
    assert f"{path}:1: altered: the hash is not that of the line" in result.output.splitlines()


def test_a_chain_that_is_gone_is_a_fault_on_the_host_that_wrote_it(tmp_path: Path) -> None:
    anchor = Anchor("20270115t080000-there-00000000", 3, "0" * 64, NOW)
    here, elsewhere = (verify(tmp_path / "audit", [anchor], host) for host in ("there", "here"))
    path = path_of(tmp_path / "audit", anchor.chain)
    assert not here.is_whole
    assert list(here.lines()) == [
        f"{path}:1: missing: 3 batches were anchored, and there is no such file"
    ]
    assert elsewhere.is_whole
    assert list(elsewhere.lines()) == [f"{anchor.chain}  3 batches  not here: of another host"]


@pytest.mark.parametrize("at", [NOW, int(time()) - 60], ids=["of a time to come", "of a while ago"])
def test_a_chain_that_the_ledger_does_not_know_is_a_fault(data: Path, at: int) -> None:
    known = {*chains_in(data / "audit")}
    asyncio.run(add(data, MemoryAnchors(), at, READ))
    (strange,) = {*chains_in(data / "audit")} - known
    result = run(data, "verify")
    assert result.exit_code == 1
    path = path_of(data / "audit", strange)
    told = f"{path}:1: not anchored: the ledger does not know this chain"
    assert told in result.output.splitlines()


def test_a_chain_that_has_just_begun_need_not_be_known_and_is_not_called_ok(data: Path) -> None:
    asyncio.run(add(data, MemoryAnchors(), int(time()), READ))
    result = run(data, "verify")
    assert result.exit_code == 0
    states = sorted(line.split("  ")[-1] for line in result.output.splitlines())
    assert states == ["not anchored", "ok", "ok"]


def test_a_half_written_line_is_told_and_is_no_fault(data: Path) -> None:
    path = path_of(data / "audit", chains_in(data / "audit")[0])
    path.write_bytes(path.read_bytes() + b'{"chain":"')
    result = run(data, "verify")
    assert result.exit_code == 0
    assert "the last line is half-written" in result.output


def test_a_chain_that_cannot_be_read_is_a_fault(data: Path) -> None:
    path = path_of(data / "audit", "20270115t080000-here-00000000")
    path.mkdir()
    result = run(data, "verify")
    assert result.exit_code == 1
    assert f"{path}:1: unreadable: Is a directory" in result.output.splitlines()
    assert run(data, "show").exit_code == 1


# --- show --------------------------------------------------------------------------------------

LINES = {
    "by code": "2027-01-15T08:00:00Z grant by code:c1 on g3 request q4",
    "read": "2027-01-15T08:00:00Z read by reader:r1 on g1 demo/one edition e1 request q1",
    "bearer": "2027-01-15T08:01:00Z read by grant:g2 on g2 demo/two edition e2 request q2",
    "revoke": "2027-01-15T08:02:00Z revoke by publisher:demo on g1 request q3",
}


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ((), {"read", "bearer", "revoke", "by code"}),
        (("--document", "demo/two"), {"bearer"}),
        (("--grant", "g1"), {"read", "revoke"}),
        (("--grant", "g2"), {"bearer"}),
        (("--grant", "g3"), {"by code"}),
        (("--grant", "c1"), {"by code"}),
        (("--grant", "g1", "--document", "demo/one"), {"read"}),
        (("--since", "2027-01-15T08:01"), {"bearer", "revoke"}),
        (("--since", "2027-01-16"), set()),
    ],
)
def test_records_are_shown_one_a_line(data: Path, chosen: tuple[str, ...], told: set[str]) -> None:
    result = run(data, "show", *chosen)
    assert result.exit_code == 0, result.output
    assert set(result.output.splitlines()) == {LINES[name] for name in told}


def test_who_grants_and_revokes_on_the_command_line_is_the_operator(tmp_path: Path) -> None:
    environment = {"PAIDGATE_DATA": str(tmp_path), "PAIDGATE_REDIS": "none"}
    CliRunner().invoke(cli, ["publisher", "add", "demo"], env=environment)
    told = CliRunner().invoke(cli, ["grant", "demo", "all"], env=environment).stdout
    grant = told.split()[1]
    CliRunner().invoke(cli, ["revoke", grant], env=environment)
    shown = CliRunner().invoke(cli, ["audit-log", "show", "--grant", grant], env=environment).stdout
    lines = sorted(line.partition(" ")[2] for line in shown.splitlines())
    assert lines == [f"{act} by operator on {grant}" for act in ("grant", "revoke")]


def test_a_time_is_a_term_back_from_now_or_a_date() -> None:
    assert since("", NOW) == 0
    assert since("2d", NOW) == NOW - 2 * 86_400
    assert since("2027-01-15", NOW) == NOW - 8 * 3_600
    assert since("2027-01-15T08:00+08:00", NOW) == NOW - 8 * 3_600
    for text in ("yesterday", "2027-13-01", "0d"):
        with pytest.raises(Malformed):
            since(text, NOW)


def test_what_is_no_time_is_told_in_words(data: Path) -> None:
    result = run(data, "show", "--since", "yesterday")
    assert result.exit_code == 1
    assert "This is not a time." in result.output
