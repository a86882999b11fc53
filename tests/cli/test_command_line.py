"""What the command line prints, and how it exits."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import click
import pytest
from click.testing import CliRunner, Result

from gateway.__main__ import cli
from gateway.app import Services, open_services
from gateway.core.errors import BadKey, Revoked
from gateway.core.rights import Grant
from gateway.settings import load

SOUND = "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"
UNCLOSED = "Story\n\nIt begins, ##paidbegin##and never ends.\n"
NOWHERE = "redis://127.0.0.1:1/"  # nobody listens there

T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make an empty folder of a publisher."""
    made = tmp_path / "sources" / "demo"
    made.mkdir(parents=True)
    return made


def run(data: Path, *arguments: str | Path, **more: str) -> Result:
    """Run a command on the gateway in a folder, by default one without Redis."""
    return CliRunner().invoke(cli, [*map(str, arguments)], env=environment(data) | more)


def environment(data: Path) -> dict[str, str]:
    return {"PAIDGATE_DATA": str(data / "var"), "PAIDGATE_REDIS": "none", "PAIDGATE_LEASE": "0.2"}


def write_mixed(folder: Path) -> None:
    """Write files of which one is sound, two are not, and two cannot be documents."""
    (folder / "a.txt").write_text(UNCLOSED)
    (folder / "b.odt").write_bytes(b"%PDF-1.7")
    (folder / "c.txt").symlink_to("/proc/self/mem")  # root too fails to read it
    (folder / "d.txt").write_text(UNCLOSED)
    (folder / "e.txt").write_text(SOUND)


# --- check -------------------------------------------------------------------------------------


def test_a_sound_file_is_checked_in_silence(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(SOUND)
    told = run(tmp_path, "check", folder)
    assert (told.exit_code, told.output) == (0, "")
    told = run(tmp_path, "check", "--json", folder)
    (report,) = json.loads(told.stdout)
    assert told.exit_code == 0
    assert (report["file"], report["findings"], report["warnings"]) == (
        str(folder / "a.txt"),
        [],
        [],
    )
    assert [section["kind"] for section in report["sections"]] == ["free", "paid", "free"]
    assert not (tmp_path / "var").exists()


def test_a_check_tells_what_is_no_document_and_goes_on(folder: Path, tmp_path: Path) -> None:
    write_mixed(folder)
    told = run(tmp_path, "check", folder)
    assert told.exit_code == 1
    starts = ["a.txt:3:12: unclosed: ", "b.odt:1:1: error: ", "c.txt:1:1: error: "]
    starts += ["d.txt:3:12: unclosed: "]
    for line, start in zip(told.stdout.splitlines(), starts, strict=True):
        assert line.startswith(f"{folder / start}")
    assert "Write ##paidend## where the paid section ends" in told.stdout


def test_a_check_for_machines_reports_every_file(folder: Path, tmp_path: Path) -> None:
    write_mixed(folder)
    told = run(tmp_path, "check", "--json", folder)
    assert told.exit_code == 1
    reports = json.loads(told.stdout)
    assert [Path(report["file"]).name[0] for report in reports] == list("abcde")
    codes = [[finding["code"] for finding in report["findings"]] for report in reports]
    assert codes == [["unclosed"], [], [], ["unclosed"], []]
    assert ["error" in report for report in reports] == [False, True, True, False, False]


def test_a_finding_for_machines_has_its_place_and_a_hint(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(UNCLOSED)
    told = run(tmp_path, "check", "--json", folder / "a.txt")
    (finding,) = json.loads(told.stdout)[0]["findings"]
    assert (finding["line"], finding["column"]) == (3, 12)
    assert finding["message"]
    assert finding["hint"]


# --- free, and drafts --------------------------------------------------------------------------

FREE = "Story\n\nAll of it is free.\n"


def test_a_file_in_which_nothing_is_paid_needs_to_be_declared_free(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "a.txt").write_text(FREE)
    for command in ("check", "publish"):
        told = run(tmp_path, command, folder)
        assert told.exit_code == 1
        assert told.stdout.startswith(f"{folder / 'a.txt'}:1:1: nothing-paid: ")
        assert run(tmp_path, command, folder, "--free").exit_code == 0


def test_a_folder_that_makes_paid_text_public_says_so(folder: Path, tmp_path: Path) -> None:
    file = folder / "a.txt"
    file.write_text(SOUND)
    assert run(tmp_path, "publish", folder).exit_code == 0
    file.write_text(SOUND.replace("##paidbegin##", "").replace("##paidend##", ""))
    told = run(tmp_path, "publish", folder, "--free")
    assert told.exit_code == 0
    assert told.stdout.startswith(f"{file}:3:1: warning: newly-public: ")


def test_a_draft_in_a_folder_is_skipped_and_named(folder: Path, tmp_path: Path) -> None:
    draft = folder / "_drafts" / "b.txt"
    draft.parent.mkdir()
    draft.write_text(SOUND)
    (folder / "a.txt").write_text(SOUND)
    for command in ("check", "publish"):
        told = run(tmp_path, command, folder)
        assert (told.exit_code, told.stdout) == (0, "")
        assert f"{draft}: skipped: a draft" in told.stderr
        told = run(tmp_path, command, draft)
        assert told.exit_code == 1
        assert told.stdout.startswith(f"{draft}:1:1: draft: ")
    assert (
        "1 published, 0 unchanged, 0 refused, 1 skipped"
        in run(tmp_path / "anew", "publish", folder).stderr
    )


# --- split -------------------------------------------------------------------------------------


def test_a_split_tells_each_section_with_its_lines_and_size(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("Title\n\nFree ##paidbegin##paid\n文##paidend##\nend")
    told = run(tmp_path, "split", folder / "a.txt")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "free  lines 1-3  12 characters  12 bytes",
        "paid  lines 3-4  6 characters  8 bytes",
        "free  lines 4-5  4 characters  4 bytes",
    ]


def test_a_file_that_cannot_be_divided_is_told_with_its_place(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(UNCLOSED)
    told = run(tmp_path, "split", folder / "a.txt")
    assert told.exit_code == 1
    assert told.stdout.startswith(f"{folder / 'a.txt'}:3:12: unclosed: ")


# --- errors ------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    told = run(tmp_path, "keys", "list")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"paidgate: {tmp_path / 'var'}: File exists.\n"


def test_a_file_that_cannot_be_read_is_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").symlink_to("/proc/self/mem")
    told = run(tmp_path, "split", folder / "a.txt")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("paidgate: ")
    assert len(told.stderr.splitlines()) == 1


def test_a_wrong_setting_is_told_with_its_name(tmp_path: Path) -> None:
    told = run(tmp_path, "keys", "list", PAIDGATE_LEASE="long", PAIDGATE_SECRET="short")
    assert told.exit_code == 2
    lines = sorted(told.stderr.splitlines())
    assert [line.split(":")[1] for line in lines] == [" PAIDGATE_LEASE", " PAIDGATE_SECRET"]


# --- what is only on record --------------------------------------------------------------------

CHANGES: Mapping[str, Callable[[Path, Path], list[str]]] = {
    "publish": lambda folder, _: ["publish", str(folder / "a.txt")],
    "publisher add": lambda *_: ["publisher", "add", "other"],
    "publisher keys": lambda _, data: ["publisher", "keys", "demo", "--end", first_key(data)],
    "grant": lambda *_: ["grant", "demo", "all"],
    "revoke": lambda _, data: ["revoke", granted(data, "all")["grant"]],
    "reader forget": lambda _, data: ["reader", "forget", "--grant", redeemed(data)],
    "keys rotate": lambda *_: ["keys", "rotate"],
    "keys retire": lambda _, data: [*(rotated(data)), "keys", "retire", "k1"],
}
QUIET = {
    *("serve", "check", "split", "bench", "keys list", "keys accept-secret"),
    *("verify", "upgrade", "audit-log verify", "audit-log show", "reader show", "publisher show"),
    "publisher set",  # it never says more than that it is on record
}


def redeemed(data: Path) -> str:
    """Grant a right and redeem it in two browsers; return the grant."""
    printed = granted(data, "document:story", "--subject", "reader-7")

    async def work(services: Services) -> None:
        for _ in range(2):
            await services.redeeming.redeem(printed["token"], None)

    asyncio.run(with_services(data, work))
    return printed["grant"]


def first_key(data: Path) -> str:
    """Return the id of the key that the publisher has."""
    return run(data, "publisher", "keys", "demo").stdout.split()[0]


def rotated(data: Path) -> list[str]:
    assert run(data, "keys", "rotate").exit_code == 0
    return []


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Yield every command that there is."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_is_known_to_change_something_or_not() -> None:
    assert sorted(commands(cli)) == sorted({*CHANGES, *QUIET})


@pytest.mark.parametrize("name", CHANGES)
def test_a_command_says_what_is_only_on_record(name: str, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(SOUND)
    assert run(tmp_path, "publisher", "add", "demo").exit_code == 0
    arguments = CHANGES[name](folder, tmp_path)
    # Something is outgoing, whatever the command itself leaves.
    assert run(tmp_path, "grant", "demo", "all", PAIDGATE_REDIS=NOWHERE).exit_code == 2
    told = run(tmp_path, *arguments, PAIDGATE_REDIS=NOWHERE)
    assert told.exit_code == 2
    assert "this is on record, and not confirmed by every worker yet" in told.stderr
    assert "no worker will" not in told.stdout


@pytest.mark.parametrize("name", CHANGES)
def test_a_command_exits_well_where_all_is_confirmed(
    name: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.txt").write_text(SOUND)
    assert run(tmp_path, "publisher", "add", "demo").exit_code == 0
    told = run(tmp_path, *CHANGES[name](folder, tmp_path))
    assert (told.exit_code, "on record" in told.stderr) == (0, False)


# --- serve -------------------------------------------------------------------------------------


def test_a_misspelt_setting_and_a_port_in_use_are_told(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        told = run(tmp_path, "serve", "--port", port, PAIDGATE_BASEURL="https://read.example.org")
    misspelt, in_use = told.stderr.splitlines()
    assert told.exit_code == 1
    assert misspelt.startswith("paidgate: PAIDGATE_BASEURL: ")
    assert in_use.startswith(f"paidgate: cannot listen on 127.0.0.1:{port}: ")


def test_a_secret_that_others_can_read_is_told_at_the_start(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "list").exit_code == 0
    (tmp_path / "var" / "secret").chmod(0o644)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        told = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert "others can read the root secret" in told.stderr


# --- what is stored ----------------------------------------------------------------------------


def test_what_is_damaged_is_named_and_mended(tmp_path: Path) -> None:
    publish_story(tmp_path)
    assert run(tmp_path, "verify").exit_code == 0
    preview = tmp_path / "var" / "public" / "demo" / "story.bundle"
    preview.write_bytes(preview.read_bytes()[:-1])
    told = run(tmp_path, "verify")
    assert told.exit_code == 1
    assert told.stdout.splitlines()[0] == "preview demo/story: damaged"
    told = run(tmp_path, "verify", "--repair")
    assert told.exit_code == 0
    assert told.stdout.splitlines()[0] == "preview demo/story: damaged (mended)"
    assert run(tmp_path, "verify").stdout == "1 editions, whole\n"


def test_what_is_of_this_version_is_not_brought_up(tmp_path: Path) -> None:
    publish_story(tmp_path)
    told = run(tmp_path, "upgrade")
    assert (told.exit_code, told.stdout) == (0, "0 editions and 0 previews brought up\n")


@pytest.mark.parametrize("command", [["verify"], ["upgrade"], ["keys", "list"]])
def test_a_ledger_that_is_gone_beside_documents_is_told_and_not_begun_anew(
    command: list[str], tmp_path: Path
) -> None:
    publish_story(tmp_path)
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (tmp_path / "var" / name).unlink(missing_ok=True)
    for _ in range(2):
        told = run(tmp_path, *command)
        assert told.exit_code == 1
        assert told.stderr.startswith("paidgate: The ledger is empty, and beside it there ")


def test_a_secret_that_is_gone_is_not_made_anew_and_another_one_is_accepted_on_purpose(
    tmp_path: Path,
) -> None:
    publish_story(tmp_path)
    secret = tmp_path / "var" / "secret"
    secret.unlink()
    told = run(tmp_path, "keys", "list")
    assert told.exit_code == 1
    assert f"The root secret, {secret}, is gone" in told.stderr
    assert not secret.exists()
    other = {"PAIDGATE_SECRET": "another secret, which is long enough"}
    told = run(tmp_path, "keys", "list", **other)
    assert told.exit_code == 1
    assert "is not the one that this ledger was used with" in told.stderr
    assert run(tmp_path, "keys", "accept-secret", **other).exit_code == 0
    assert run(tmp_path, "keys", "list", **other).exit_code == 0


# --- publishers and grants ---------------------------------------------------------------------


async def with_services(data: Path, work: Callable[[Services], Awaitable[T]]) -> T:
    """Work in the house that commands have left."""
    services = await open_services(load(environment(data)))
    try:
        return await work(services)
    finally:
        await services.close()


def granted(data: Path, *arguments: str) -> dict[str, str]:
    """Grant a right of a publisher with a story; return what was printed, by its first word."""
    publish_story(data)
    told = run(data, "grant", "demo", *arguments)
    assert told.exit_code == 0, told.stderr
    return dict(line.split() for line in told.stdout.splitlines())


def publish_story(data: Path) -> None:
    folder = data / "sources" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "story.txt").write_text(SOUND)
    assert run(data, "publish", folder).exit_code == 0


def test_a_key_that_is_printed_is_a_key_of_its_publisher(tmp_path: Path) -> None:
    told = run(tmp_path, "publisher", "add", "demo")
    again = run(tmp_path, "publisher", "add", "demo")
    assert (told.exit_code, again.exit_code) == (0, 0)
    (key,), (other,) = told.stdout.splitlines(), again.stdout.splitlines()
    assert key != other

    async def work(services: Services) -> list[str]:
        return [(await services.api_keys.known(each)).publisher for each in (key, other)]

    assert asyncio.run(with_services(tmp_path, work)) == ["demo", "demo"]


def test_the_keys_of_a_publisher_are_listed_and_ended(tmp_path: Path) -> None:
    key = run(tmp_path, "publisher", "add", "demo").stdout.strip()
    listed = run(tmp_path, "publisher", "keys", "demo")
    (line,) = listed.stdout.splitlines()
    assert key not in listed.stdout
    name, may, *_ = line.split()
    assert may == "publish,grant,read"
    ended = run(tmp_path, "publisher", "keys", "demo", "--end", name)
    assert (ended.exit_code, ended.stdout) == (0, f"ended {name}: it opens nothing any more.\n")
    assert " ended " in run(tmp_path, "publisher", "keys", "demo").stdout

    async def work(services: Services) -> None:
        with pytest.raises(BadKey):
            await services.api_keys.known(key)

    asyncio.run(with_services(tmp_path, work))
    for command in (["demo", "--end", "none"], ["nobody"]):
        told = run(tmp_path, "publisher", "keys", *command)
        assert told.exit_code == 1
        assert "There is no such" in told.stderr


def test_what_cannot_be_a_publisher_is_refused(tmp_path: Path) -> None:
    told = run(tmp_path, "publisher", "add", "De Mo")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("paidgate: This is not a valid publisher. ")


def test_a_grant_prints_its_id_a_token_that_redeems_and_the_link(tmp_path: Path) -> None:
    printed = granted(tmp_path, "document:story", "--subject", "reader-7", "--term", "30d")
    assert [*printed] == ["grant", "token", "unlock"]
    assert printed["unlock"].endswith(f"/unlock?token={printed['token']}")

    async def work(services: Services) -> Grant:
        await services.redeeming.redeem(printed["token"], None)
        return await services.granting.own("demo", printed["grant"])

    grant = asyncio.run(with_services(tmp_path, work))
    assert (str(grant.scope), grant.subject) == ("document:story", "reader-7")
    assert grant.ends == grant.starts + 30 * 86_400


def test_a_grant_to_what_is_not_there_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    publish_story(tmp_path)
    for publisher, scope, what in (
        ("dmeo", "all", "publisher"),
        ("dmeo", "document:story", "publisher"),
        ("demo", "document:stroy", "document"),
    ):
        told = run(tmp_path, "grant", publisher, scope)
        assert (told.exit_code, told.stdout) == (1, "")
        assert told.stderr == f"paidgate: There is no such {what} here.\n"

    async def work(services: Services) -> list[str]:
        grants = await services.ledger.grants("demo", subject="", scope="", after="", limit=9)
        assert not grants
        return list(await services.ledger.publishers("", 9))

    assert asyncio.run(with_services(tmp_path, work)) == ["demo"]


def test_an_unlock_link_names_the_public_origin(tmp_path: Path) -> None:
    publish_story(tmp_path)
    told = run(tmp_path, "grant", "demo", "all", PAIDGATE_BASE_URL="https://read.example.org")
    assert "unlock  https://read.example.org/unlock?token=pg1." in told.stdout


@pytest.mark.parametrize("wrong", [["everything"], ["all", "--term", "soon"]])
def test_a_wrong_wish_is_refused(wrong: list[str], tmp_path: Path) -> None:
    publish_story(tmp_path)
    told = run(tmp_path, "grant", "demo", *wrong)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("paidgate: This is not a ")


def test_a_grant_that_is_revoked_redeems_no_more(tmp_path: Path) -> None:
    printed = granted(tmp_path, "all")
    told = run(tmp_path, "revoke", printed["grant"])
    assert told.exit_code == 0
    assert told.stdout == f"revoked {printed['grant']}: no worker will serve it.\n"
    with pytest.raises(Revoked):
        asyncio.run(with_services(tmp_path, lambda h: h.redeeming.redeem(printed["token"], None)))


def test_a_revocation_that_is_not_confirmed_says_so(tmp_path: Path) -> None:
    printed = granted(tmp_path, "all")
    told = run(tmp_path, "revoke", printed["grant"], PAIDGATE_REDIS=NOWHERE)
    assert told.exit_code == 2
    assert told.stdout == f"revoked {printed['grant']}: recorded.\n"
    assert "not confirmed by every worker yet" in told.stderr
    assert run(tmp_path, "revoke", printed["grant"]).exit_code == 0


def test_a_grant_that_is_not_there_cannot_be_revoked(tmp_path: Path) -> None:
    told = run(tmp_path, "revoke", "nothing")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "paidgate: There is no such grant here.\n"


def test_what_is_kept_of_a_reader_is_shown_and_forgotten(tmp_path: Path) -> None:
    grant = redeemed(tmp_path)
    shown = run(tmp_path, "reader", "show", "--grant", grant)
    lines = shown.stdout.splitlines()
    readers = [line.split()[1].rstrip(":") for line in lines if line.startswith("reader ")]
    assert (shown.exit_code, len(readers), len(lines)) == (0, 2, 4)
    assert f"grant {grant} of demo for document:story" in lines[1]
    assert "subject 'reader-7'" in lines[1]
    told = run(tmp_path, "reader", "forget", readers[0])
    assert told.exit_code == 0
    assert told.stdout == f"forgotten {readers[0]}: no worker knows it.\n"
    assert run(tmp_path, "reader", "show", readers[0]).exit_code == 1
    assert len(run(tmp_path, "reader", "show", "--grant", grant).stdout.splitlines()) == 2
    for wrong in ([], [readers[1], "--grant", grant], ["--grant", "none"], ["none"]):
        told = run(tmp_path, "reader", "forget", *wrong)
        assert (told.exit_code, told.stdout) == (1, "")
    assert run(tmp_path, "reader", "show", readers[1]).exit_code == 0


# --- signing keys ------------------------------------------------------------------------------


def test_keys_are_rotated_listed_and_retired(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "list").stdout == "k1  active\n"
    rotated = run(tmp_path, "keys", "rotate")
    assert (rotated.exit_code, rotated.stdout) == (0, "k2  active\n")
    assert run(tmp_path, "keys", "list").stdout == "k1  verify-only\nk2  active\n"
    retired = run(tmp_path, "keys", "retire", "k1")
    assert (retired.exit_code, retired.stdout) == (0, "k1  retired\n")


def test_a_rotation_that_is_not_confirmed_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "list").exit_code == 0
    told = run(tmp_path, "keys", "rotate", PAIDGATE_REDIS=NOWHERE)
    assert (told.exit_code, told.stdout) == (2, "k2  pending\n")
    assert "the same command again goes on" in told.stderr
    assert "not confirmed by every worker yet" in told.stderr


@pytest.mark.parametrize("kid", ["k1", "k9"])
def test_a_key_that_signs_or_is_not_there_cannot_be_retired(kid: str, tmp_path: Path) -> None:
    told = run(tmp_path, "keys", "retire", kid)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("paidgate: ")
    assert run(tmp_path, "keys", "list").stdout == "k1  active\n"


INTERRUPTED = """
import os, runpy, signal, sys
class Struck:
    def find_spec(self, name, *_):
        if name == "gateway.cli.grants":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Struck())
runpy.run_module("gateway", run_name="__main__")
"""


def test_a_program_that_is_interrupted_as_it_starts_says_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
