"""A blog of 300 posts is published whole, here and elsewhere, and what is not has its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import Services, open_services
from gateway.cli.bulk import Run
from gateway.cli.naming import NOTES
from gateway.cli.remote import RemoteTarget
from gateway.cli.targets import LocalTarget, Target
from gateway.cli.watching import Watch
from gateway.core.documents import is_name
from tests.cli import blog
from tests.cli.test_remote import URL, Line
from tests.faults import loops
from tests.support.services import gateway

pytestmark = pytest.mark.anyio

POSTS = 300


class Scene:
    """A blog, and where it is published."""

    def __init__(self, services: Services, target: Target, folder: Path) -> None:
        self.services, self.target, self.folder = services, target, folder

    async def publish(self) -> tuple[Watch, Run]:
        watch = Watch(self.target, [self.folder], "demo")
        files = watch.files()
        run = Run(self.target, "demo", len(files), free=False)
        await run.go(files)
        watch.know(run.known)
        return watch, run

    async def editions(self) -> dict[str, str]:
        found = await self.services.publishing.documents("demo", "", 2 * POSTS)
        return {edition.address.slug: edition.id for edition in found}


@pytest.fixture(params=["here", "elsewhere"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    folder = tmp_path / "blog"
    if request.param == "here":
        services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
        yield Scene(services, LocalTarget(services), folder)
        await services.close()
    else:
        line = Line(gateway())
        key = await line.standing.services.publishers.add("demo")
        target = RemoteTarget(URL, key, line.send, line.rest)
        yield Scene(line.standing.services, target, folder)


async def test_a_blog_is_published_whole_and_followed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made = blog.posts(POSTS)
    blog.write(scene.folder, made)
    watch, run = await scene.publish()
    told = capsys.readouterr()

    # Each is what its author expects, and who was refused is told why, at its place.
    wanted = Counter(
        each.becomes if each.becomes in (blog.PUBLISHED, blog.SKIPPED) else "refused"
        for each in made
    )
    assert +run.counted == wanted, told.out
    for each in made:
        path = str(scene.folder / each.name)
        if each.becomes == blog.SKIPPED:
            assert f"{path}: skipped: a draft" in told.err
        elif each.becomes != blog.PUBLISHED:
            place = rf"^{re.escape(path)}:\d+:\d+: {each.becomes}: "
            assert re.search(place, told.out, re.MULTILINE), each

    # Each has an address of its own, made of its name if it must, and told then.
    addresses = {path: outcome.address for path, outcome in run.known.items()}
    assert len({*addresses.values()}) == wanted[blog.PUBLISHED]
    assert all(is_name(address.slug) for address in addresses.values())
    for file in watch.files():
        if file.path in addresses and addresses[file.path].slug != file.name:
            assert f"{file.path}: its address is {addresses[file.path]}" in told.err

    # A second run changes nothing, and tells no address again.
    before, notes = await scene.editions(), (scene.folder / NOTES).read_bytes()
    watch, again = await scene.publish()
    assert again.counted["unchanged"] == wanted[blog.PUBLISHED]
    assert again.counted[blog.PUBLISHED] == 0
    assert await scene.editions() == before
    assert "its address is" not in capsys.readouterr().err
    assert {path: outcome.address for path, outcome in again.known.items()} == addresses
    assert (scene.folder / NOTES).read_bytes() == notes

    await follow(scene, watch, before)


async def follow(scene: Scene, watch: Watch, before: dict[str, str]) -> None:
    """See that a rename, a deletion and new names that come between change just that."""
    bundles = sorted(scene.folder.glob("posts/*/index.md"))
    gone, moved = bundles[0], bundles[1]
    twin = min(scene.folder.glob("twin-*.md"))
    addresses = {path: outcome.address.slug for path, outcome in watch.known.items()}
    moved.parent.rename(scene.folder / "posts" / "新的名字")
    gone.unlink()
    (scene.folder / f"{twin.stem}.html").write_text("<h1>T</h1><p>a</p><paid><p>b</p></paid>")
    await watch.look()
    await watch.look()
    after = await scene.editions()
    fresh = {*after} - {*before}
    assert {*before} - {*after} == {addresses[gone], addresses[moved]}
    assert "xin-de-ming-zi" in fresh
    assert len(fresh) == 2
    kept = {*before} & {*after}
    assert {slug: after[slug] for slug in kept} == {slug: before[slug] for slug in kept}


def test_the_blog_has_every_kind_of_post() -> None:
    made = blog.posts(POSTS)
    assert len(made) == POSTS
    assert {each.becomes for each in made} >= {
        blog.PUBLISHED, blog.SKIPPED, "unclosed", "nothing-paid", "suspect", "front-matter",
    }  # fmt: skip
    assert sum(not each.name.isascii() for each in made) > POSTS // 5
