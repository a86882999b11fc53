"""Pictures beside files: a folder brings what its texts name, and nothing from outside of it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Services, SystemClock, open_services
from gateway.cli.bulk import publish_files
from gateway.cli.companions import MAX_SIZE, companions_of
from gateway.cli.folders import source_files
from gateway.core.documents import Address
from gateway.core.errors import Unavailable
from gateway.ports import MadeCompanion
from gateway.usecases.picturing import Picturing
from tests.cli.test_command_line import run
from tests.faults import loops
from tests.support import pictures

pytestmark = pytest.mark.anyio

TEXT = """# Stones

![One](img/one.png) ![Two](<img/第 二.jpg>)

##paidbegin##
<img src="three.webp" alt="Three"> and [a sheet](more/data.xlsx)
##paidend##
"""
HERE = Address("demo", "stones")


def write(folder: Path, text: str = TEXT) -> Path:
    """Write a document with its pictures, and pictures beside that nobody names."""
    for name, body in {
        "img/one.png": pictures.png("1"),
        "img/第 二.jpg": pictures.jpeg("22"),
        "three.webp": pictures.webp("333"),
        "more/data.xlsx": [*pictures.attachments("x").values()][2],
        "nobody.png": pictures.png("4444"),
    }.items():
        path = folder / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (folder / "demo" / "stones.md").write_text(text)
    return folder / "demo"


async def publish(services: Services, folder: Path) -> int:
    return await publish_files(services, list(source_files([folder])), "")


async def test_a_folder_is_published_with_its_pictures_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "sources")
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    try:
        assert await publish(services, folder) == 0
        told = capsys.readouterr()
        assert (told.out, "1 published" in told.err) == ("", True)
        assert [each.name for each in await services.picturing.all(HERE)] == [
            "img/one.png",
            "img/第 二.jpg",
            "more/data.xlsx",
            "three.webp",
        ]
        bundle = await services.store.get(HERE)
        assert bundle
        assert len([name for name in bundle.forms if name.startswith("pictures/")]) == 2
        assert await publish(services, folder) == 0
        assert "0 published, 1 unchanged" in capsys.readouterr().err
        (folder / "img" / "one.png").write_bytes(pictures.png("another"))
        assert await publish(services, folder) == 0
        assert "1 published, 0 unchanged" in capsys.readouterr().err
        after = await services.store.get(HERE)
        assert after
        assert after.forms.keys() != bundle.forms.keys()
    finally:
        await services.close()


async def test_a_picture_that_cannot_be_shown_is_told_and_the_text_is_published_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "sources", TEXT + "\n![Bad](bad.png) ![No](no.svg)\n")
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "no.svg").write_bytes(b"<svg/>")
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    try:
        assert await publish(services, folder) == 0
        out = capsys.readouterr().out
        assert re.search(r"bad\.png: not shown: This is no picture of a kind", out)
        assert re.search(r"no\.svg: not shown: .*image/svg\+xml", out)
        assert out.count("missing-picture") == 1  # on its line
        assert await publish(services, folder) == 0
        assert "1 unchanged" in capsys.readouterr().err
    finally:
        await services.close()


async def test_a_file_that_is_too_large_is_told_and_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "sources", TEXT + "\n[A film](film.mp4)\n")
    with (folder / "film.mp4").open("wb") as film:
        film.truncate(1 << 40)
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    try:
        assert await publish(services, folder) == 0
        assert f"film.mp4: not shown: The file is larger than {MAX_SIZE}" in capsys.readouterr().out
    finally:
        await services.close()


async def test_a_text_is_not_published_without_a_picture_because_a_store_is_away_for_a_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "sources")
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)

    async def away(*_: object) -> MadeCompanion:
        raise Unavailable("store")

    lame = Picturing(services.vault, services.audit, SystemClock(), away)
    try:
        assert await publish(replace(services, picturing=lame), folder) == 1
        assert await services.store.get(HERE) is None
        assert await publish(services, folder) == 0
        assert await services.store.get(HERE)
    finally:
        await services.close()
        capsys.readouterr()


def test_check_knows_what_stands_beside_a_file(tmp_path: Path) -> None:
    folder = write(tmp_path, TEXT + "\n![Gone](gone.png)\n")
    told = run(tmp_path, "check", folder / "stones.md")
    assert told.exit_code == 0
    assert [line.split(": ")[2] for line in told.output.splitlines()] == ["missing-picture"]


@pytest.mark.parametrize(
    "address",
    [
        "../secret.png",
        "img/../../secret.png",
        "%2e%2e/secret.png",
        "..%2fsecret.png",
        "/etc/secret.png",
        "file:///secret.png",
        "//host/secret.png",
        "link.png",
        "linked/secret.png",
        "img/up/secret.png",
        "..\\secret.png",
        ".hidden.png",
        ".git/secret.png",
        "folder.png",
        "fifo.png",
    ],
)
def test_nothing_outside_of_the_folder_is_ever_read(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "sources"
    (folder / "img").mkdir(parents=True)
    for place in (tmp_path, folder):
        (place / ("secret.png" if place == tmp_path else ".hidden.png")).write_bytes(b"secret")
    (folder / ".git").mkdir()
    (folder / ".git" / "secret.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "img" / "up").symlink_to("../..")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "fifo.png")
    for text in (f"![a]({address})", f'<img src="{address}">', f"![a](<{address}>)"):
        assert companions_of(folder / "a.md", text.encode()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "![a](img/one.png)",
        "![a](./img/one.png)",
        "![a](img/one.png 'title')",
        "![a](<img/one.png>)",
        "![a][x]\n\n[x]: img/one.png",
        "<img src=img/one.png>",
        "<img alt='x' src='img/one.png?v=2'>",
        '<img src="img/one.png#x">',
        "![a](img%2Fone.png)",
    ],
)
def test_a_picture_is_found_however_it_is_named(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path)
    found = companions_of(folder / "a.md", text.encode())
    assert [each.name for each in found] == ["img/one.png"]
    assert companions_of(folder / "a.md", text.encode("gb18030")) == found


def test_a_name_in_chinese_is_found_in_every_encoding_and_however_it_is_composed(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path)
    text = "![图](<img/第 二.jpg>)"
    for body in (text.encode(), text.encode("gb18030"), b"![](img/%E7%AC%AC%20%E4%BA%8C.jpg)"):
        assert [each.name for each in companions_of(folder / "a.md", body)] == ["img/第 二.jpg"]
    (folder / "cafe\u0301.png").write_bytes(pictures.png())
    found = companions_of(folder / "a.md", "![](caf\u00e9.png)".encode())
    assert [each.name for each in found] == ["caf\u00e9.png"]
