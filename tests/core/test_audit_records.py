"""Records hold ids and addresses: whatever else is put into one is withheld."""

from __future__ import annotations

import msgspec
import pytest

from gateway.core.audit_chains import Head, link
from gateway.core.audit_records import REQUEST, WITHHELD, Act, Record, is_plain, plain
from gateway.core.tokens import Claims, KeyRing, KeyState, Purpose

RECORD = Record(1_800_000_000, Act.READ, "reader:r1", "g1", "demo/one", "e1", "q1")
RING = KeyRing(b"a root secret for tests, 32 bytes", {"k1": KeyState.ACTIVE})


def secrets() -> list[str]:
    """Return what must never be in the audit."""
    tokens = [RING.sign(Claims(purpose, "g1", 0, 1, 2)) for purpose in Purpose]
    key = "pgk-" + "0123456789abcdef" * 4
    return [*tokens, key, f"publisher:{key}", "付费内容", "A paid sentence.", "two words", "É"]


@pytest.mark.parametrize("secret", secrets())
def test_what_is_no_id_is_withheld_wherever_it_stands(secret: str) -> None:
    for place in ("what", "by", "on", "document", "edition", "request"):
        leaky = msgspec.structs.replace(RECORD, **{place: secret})
        line, _ = link(Head("chain"), 1, [RECORD, leaky])
        assert not is_plain(msgspec.json.encode([leaky]))
        assert secret not in line.decode()
        written = msgspec.json.decode(line)["records"]
        assert msgspec.convert(written, list[Record]) == [
            RECORD,
            msgspec.structs.replace(RECORD, **{place: WITHHELD}),
        ]


def test_what_looks_like_a_key_and_is_none_is_written() -> None:
    record = msgspec.structs.replace(RECORD, document="pgk-demo/pgk-story")
    assert plain(record) == record


def test_every_act_can_be_written() -> None:
    for act in Act:
        assert plain(msgspec.structs.replace(RECORD, what=act)).what == act


def test_a_record_takes_up_the_request_in_which_it_is_made() -> None:
    before = REQUEST.set("q7")
    assert Record(1, Act.READ, "reader:r1").request == "q7"
    REQUEST.reset(before)
    assert Record(1, Act.READ, "reader:r1").request == ""


def test_a_record_reads_as_one_line() -> None:
    assert str(RECORD) == "read by reader:r1 on g1 demo/one edition e1 request q1"
    assert str(Record(1, Act.SIGN_OUT, "reader:r1", "r1")) == "sign-out by reader:r1 on r1"
