"""What becomes of documents when their files are changed, renamed and deleted, look by look."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import Services, open_services
from gateway.cli.bulk import Run
from gateway.cli.targets import LocalTarget, Outcome
from gateway.cli.watching import Watch
from gateway.core.documents import Address
from gateway.core.errors import Missing, Moved, Unavailable
from gateway.usecases.submissions import Submission
from tests.faults import loops
from tests.support.pictures import png

pytestmark = pytest.mark.anyio

WORDS = "Story {0}\n\nIt begins, {0}, ##paidbegin##goes on,##paidend## and ends.\n"


class Answering(LocalTarget):
    """A gateway that can be out of reach."""

    is_away = False

    async def publish(self, submission: Submission) -> Outcome:
        if self.is_away:
            raise Unavailable("ledger")
        return await super().publish(submission)


class Scene:
    """A folder that is watched."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.root, self.folder = folder, folder / "demo"
        self.folder.mkdir(parents=True)
        self.target = Answering(services)

    def write(self, name: str, words: str = "", head: str = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + WORDS.format(words or path.stem))
        return path

    async def begin(self, *paths: Path) -> None:
        self.watch = Watch(self.target, paths or [self.root])
        files = self.watch.files()
        run = Run(self.target, "", len(files), free=False)
        await run.go(files)
        self.watch.know(run.known)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.watch.look()

    async def titles(self) -> dict[str, str]:
        found = await self.services.publishing.documents("demo", "", 99)
        return {edition.address.slug: edition.title for edition in found}

    async def current(self, slug: str) -> str:
        return (await self.services.publishing.current(Address("demo", slug))).id

    async def leads(self, slug: str) -> str:
        """Return where an address leads to, "" for nowhere."""
        try:
            await self.services.store.form(Address("demo", slug), "html", "identity")
        except Moved as moved:
            return moved.slug
        return ""


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    yield Scene(services, tmp_path / "sources")
    await services.close()


async def test_a_file_that_vanishes_for_a_moment_keeps_its_document(scene: Scene) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    path.unlink()
    await scene.look()
    scene.write("a.txt", "saved")
    await scene.look(2)
    assert await scene.titles() == {"a": "Story saved"}


async def test_a_deleted_file_takes_its_document_away_and_it_can_come_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = scene.write("a.txt"), scene.write("b.txt")
    await scene.begin()
    path.unlink()
    await scene.look(2)
    assert await scene.titles() == {"b": "Story b"}
    assert f"deleted demo/a: {path} is gone" in capsys.readouterr().err
    (edition,) = await scene.services.publishing.editions(Address("demo", "a"), "", 9)
    await scene.services.publishing.roll_back(Address("demo", "a"), edition.id)
    await scene.look(2)
    assert await scene.titles() == {"a": "Story a", "b": "Story b"}


async def test_a_picture_that_changes_alone_is_followed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scene.write("a.md", "a\n\n![one](one.png) ![two](two.png)\n\n")
    (scene.folder / "one.png").write_bytes(png(width=40))
    await scene.begin()
    first = await scene.current("a")
    await scene.look(2)
    assert await scene.current("a") == first
    for picture in ("one.png", "two.png"):  # which there was, and which there was not
        (scene.folder / picture).write_bytes(png(width=50))
        await scene.look()
        assert f"published {path}" in capsys.readouterr().err
    shelf = scene.services.vault.shelf
    assert [each.width for each in await shelf.all(Address("demo", "a"))] == [50, 50]


async def test_a_picture_that_vanishes_for_a_moment_is_looked_for_once_more(scene: Scene) -> None:
    scene.write("a.md", "a\n\n![one](one.png)\n\n")
    picture = scene.folder / "one.png"
    picture.write_bytes(png())
    await scene.begin()
    first = await scene.current("a")
    picture.rename(scene.folder / "away.png")
    await scene.look()
    assert await scene.current("a") == first
    (scene.folder / "away.png").rename(picture)
    await scene.look(2)
    assert await scene.current("a") == first
    picture.unlink()
    await scene.look(2)
    assert await scene.current("a") != first


async def test_a_renamed_file_moves_its_document(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    path.rename(scene.folder / "b.txt")
    await scene.look(3)
    assert await scene.titles() == {"b": "Story a"}
    assert await scene.leads("a") == "b"
    err = capsys.readouterr().err
    assert f"renamed demo/a to demo/b: {scene.folder / 'b.txt'}" in err
    assert "deleted" not in err


async def test_a_renamed_file_whose_address_stays_changes_nothing(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scene.write("a.txt", head="---\nslug: same\n---\n")
    await scene.begin()
    before = await scene.services.publishing.current(Address("demo", "same"))
    path.rename(scene.folder / "b.txt")
    await scene.look(3)
    assert await scene.services.publishing.current(Address("demo", "same")) == before
    err = capsys.readouterr().err
    assert not [word for word in ("renamed", "deleted", "published ") if f"{word} demo" in err]
    (scene.folder / "b.txt").unlink()
    await scene.look(2)
    assert await scene.titles() == {}


async def test_a_slug_that_is_changed_in_front_matter_moves_the_document(scene: Scene) -> None:
    scene.write("a.txt", head="---\nslug: first\n---\n")
    await scene.begin()
    scene.write("a.txt", "changed", head="---\nslug: second\n---\n")
    await scene.look()
    assert await scene.titles() == {"second": "Story changed"}
    assert await scene.leads("first") == "second"


async def test_a_new_file_with_other_words_is_another_document(scene: Scene) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    path.unlink()  # the file system may give its number to the next one
    scene.write("b.txt", "other")
    await scene.look(2)
    assert await scene.titles() == {"b": "Story other"}
    assert await scene.leads("a") == ""


async def test_what_this_folder_has_not_published_is_never_taken_away(scene: Scene) -> None:
    kept = Address("demo", "kept")
    scene.write("a.txt")
    broken = scene.folder / "kept.txt"
    broken.write_text("Kept\n\n##paidbegin##never ends.\n")
    await scene.services.publishing.publish(Submission(kept, WORDS.format(1).encode(), "plain"))
    await scene.begin()
    broken.unlink()
    await scene.look(3)
    assert sorted(await scene.titles()) == ["a", "kept"]


async def test_what_was_changed_elsewhere_since_is_left_and_told(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    newer = Submission(Address("demo", "a"), WORDS.format("newer").encode(), "plain")
    await scene.services.publishing.publish(newer)
    path.unlink()
    await scene.look(3)
    assert await scene.titles() == {"a": "Story newer"}
    assert f"{path}: demo/a is left as it is" in capsys.readouterr().err


async def test_a_file_that_comes_in_the_place_of_another_has_its_document(scene: Scene) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    path.unlink()
    (scene.folder / "a.md").write_text("# Other\n\nFree ##paidbegin##paid##paidend##.\n")
    await scene.look(3)
    assert await scene.titles() == {"a": "Other"}


async def test_a_document_never_moves_to_where_another_is(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.write("a.txt", head="---\nslug: first\n---\n")
    await scene.begin()
    other = Submission(Address("demo", "taken"), WORDS.format("other").encode(), "plain")
    await scene.services.publishing.publish(other)
    scene.write("a.txt", head="---\nslug: taken\n---\n")
    await scene.look(2)
    assert await scene.titles() == {"first": "Story a", "taken": "Story other"}
    assert "There is another document at demo/taken." in capsys.readouterr().out


async def test_a_file_that_moves_to_another_publisher_leaves_nothing(scene: Scene) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    (scene.root / "other").mkdir()
    path.rename(scene.root / "other" / "a.txt")
    await scene.look(3)
    assert await scene.titles() == {}
    assert await scene.leads("a") == ""
    assert [e.title for e in await scene.services.publishing.documents("other", "", 9)] == [
        "Story a"
    ]


async def test_a_file_that_becomes_a_draft_takes_its_document_away(scene: Scene) -> None:
    path = scene.write("a.txt")
    await scene.begin()
    (scene.folder / "_drafts").mkdir()
    path.rename(scene.folder / "_drafts" / "a.txt")
    await scene.look(3)
    assert await scene.titles() == {}


async def test_a_folder_that_is_away_takes_nothing_away(scene: Scene, tmp_path: Path) -> None:
    scene.write("a.txt")
    await scene.begin()
    away = scene.root.rename(tmp_path / "away")
    await scene.look(3)
    scene.root.mkdir()  # as where a disk was
    await scene.look(3)
    assert await scene.titles() == {"a": "Story a"}
    scene.root.rmdir()
    away.rename(scene.root)
    await scene.look(3)
    assert await scene.titles() == {"a": "Story a"}
    (scene.folder / "a.txt").unlink()
    await scene.look(2)
    assert await scene.titles() == {}


async def test_a_bundle_moves_with_its_folder(scene: Scene) -> None:
    scene.write("曙光/index.md")
    await scene.begin()
    (scene.folder / "曙光").rename(scene.folder / "季度报告")
    await scene.look(3)
    assert list(await scene.titles()) == ["ji-du-bao-gao"]
    assert await scene.leads("shu-guang") == "ji-du-bao-gao"


async def test_what_could_not_be_published_is_tried_until_it_is_and_told_once(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.write("a.txt")
    await scene.begin()
    scene.target.is_away = True
    scene.write("a.txt", "changed")
    await scene.look(3)
    assert capsys.readouterr().out.count("does not answer") == 1
    scene.target.is_away = False
    await scene.look()
    assert await scene.titles() == {"a": "Story changed"}


async def test_a_file_that_is_named_itself_is_watched_too(scene: Scene) -> None:
    path = scene.write("a.txt")
    scene.write("b.txt")
    await scene.begin(path)
    scene.write("a.txt", "changed")
    await scene.look()
    path.unlink()
    await scene.look(2)
    with pytest.raises(Missing):
        await scene.services.publishing.current(Address("demo", "a"))
    editions = await scene.services.publishing.editions(Address("demo", "a"), "", 9)
    assert [edition.title for edition in editions] == ["Story changed", "Story a"]


async def test_a_copy_that_keeps_its_time_is_seen(scene: Scene) -> None:
    path = scene.write("a.txt", "1")
    await scene.begin()
    stat = path.stat()
    other = scene.root / "other.txt"
    other.write_text(WORDS.format("2"))
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    shutil.move(other, path)
    await scene.look()
    assert await scene.titles() == {"a": "Story 2"}


async def test_a_second_file_is_never_the_document_of_another(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scene.write("a.txt", head="---\nslug: same\n---\n")
    await scene.begin()
    scene.write("b.txt", head="---\nslug: same\n---\n")
    await scene.look(2)
    assert await scene.titles() == {"same": "Story a"}
    assert f"{path} is demo/same already." in capsys.readouterr().out
