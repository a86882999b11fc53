"""Make a small data folder with the code that is checked out: `python -m tests.upgrades.make PATH`.

One for each format that was ever released lies beside this file, and today's code opens it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio

from gateway.app import Services, build_services, open_search_index
from gateway.core.documents import Address
from gateway.settings import load
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.sql.ledger import open_ledger
from gateway.usecases.codes import CodeRequest
from gateway.usecases.granting import GrantRequest
from gateway.usecases.submissions import Submission
from tests.support.services import SECRET, FrozenClock

TOLD = "told.json"  # what the test has to know, and a gateway passes over
DOCUMENTS = {
    "story": ("plain", "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"),
    "report": ("markdown", "# 报告\n\n第一节。\n\n##paidbegin##\n收费的第二节。\n##paidend##\n"),
}


async def open_old(data: Path, clock: FrozenClock) -> Services:
    """Open the gateway of a data folder, with a clock of the tests."""
    settings = load({"PAIDGATE_DATA": str(data), "PAIDGATE_REDIS": "none"})
    ledger = await open_ledger(settings.ledger)
    return build_services(
        settings,
        ledger,
        FilePublicStore(data / "public"),
        FileVault(data / "vault"),
        SECRET,
        clock,
        audit=FileAudit(settings.audit, clock, ledger, host="sample"),
        index=open_search_index(settings.ledger),
    )


async def make(data: Path) -> dict[str, str]:
    """Fill a data folder with documents, rights, codes, keys and an audit; return what to try."""
    services = await open_old(data, FrozenClock())
    key = await services.publishers.add("demo")
    for slug, (form, text) in DOCUMENTS.items():
        for body in (f"{text}\nFirst.\n", text):
            address = Address("demo", slug)
            await services.publishing.publish(Submission(address, body.encode(), form))
    stands = await services.granting.grant("demo", GrantRequest("all", subject="anna"))
    gone = await services.granting.grant("demo", GrantRequest("document:story", subject="bert"))
    await services.granting.revoke("demo", gone.id)
    (code,) = await services.codes.make("demo", CodeRequest("document:report"))
    told = {
        "key": key,
        "stands": await services.granting.token(stands),
        "revoked": await services.granting.token(gone),
        "code": code.word,
    }
    await services.close()
    return told


def main(path: str) -> None:
    """Make the folder at a path."""
    data = Path(path)
    data.mkdir(parents=True)
    (data / "secret").write_bytes(SECRET)
    told = anyio.run(make, data)
    (data / TOLD).write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
