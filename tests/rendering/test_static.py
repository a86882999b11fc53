"""Assets have the hash of their bytes in their names."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli

from gateway.core.bundles import IDENTITY
from gateway.rendering.static import ASSETS, PREFIX, Static

STATIC = Static()


def test_the_name_of_an_asset_follows_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "app.css").write_text("a{}")
    before = Static(tmp_path).url("app.css")
    (tmp_path / "app.css").write_text("b{}")
    assert re.fullmatch(r"/static/app\.[0-9a-f]{12}\.css", before)
    assert Static(tmp_path).url("app.css") != before


def test_an_asset_is_found_by_its_name_in_every_coding() -> None:
    form = STATIC.asset(STATIC.url("app.css").removeprefix(PREFIX))
    assert form
    assert form.media_type == "text/css; charset=utf-8"
    css = form.bodies[IDENTITY]
    assert gzip.decompress(form.bodies["gzip"]) == css
    assert brotli.decompress(form.bodies["br"]) == css


def test_comments_and_indents_are_not_sent_and_all_else_is(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("/* One\n   two */\n\na { b: c } /* d */\n\n  e { }\n")
    (tmp_path / "b.js").write_text("// One\n\nconst a = 'b//c';\n  // two\n  d(); // three\n")
    static = Static(tmp_path)
    made = [static.asset(static.named(name)) for name in ("a.css", "b.js")]
    bodies = [form.bodies[IDENTITY] for form in made if form]
    assert bodies == [b"\na { b: c } \ne { }\n", b"const a = 'b//c';\nd(); // three\n"]


def test_an_older_name_still_answers_but_not_for_good() -> None:
    old = "app.000000000000.css"
    assert STATIC.asset(old)
    assert not STATIC.lasting(old)
    assert STATIC.lasting(STATIC.url("app.css").removeprefix(PREFIX))


def test_nothing_else_is_an_asset() -> None:
    for path in ("", "app.css", "../static.py", "app.000000000000.py", "x.000000000000.css", "/"):
        assert STATIC.asset(path) is None
        assert not STATIC.lasting(path)


def test_assets_ask_nothing_of_anyone_else() -> None:
    for file in (each for each in ASSETS.iterdir() if each.suffix not in (".png", ".ico")):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(
            r"https?:|//[a-z]|@import|url\(", text.replace("// ", "").replace('url("/once")', "")
        ), file.name
