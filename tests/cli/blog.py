"""A blog's folder as tools and people leave it: made up, and the same for the same seed.

Hexo, Hugo and Jekyll, page bundles, Chinese names, names that cannot be spelled, twins, pictures
beside the texts, drafts, dates ahead, front matter that is odd but read, and some that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

from tests.properties.articles import CHINESE, ENGLISH
from tests.support.pictures import png

PUBLISHED, SKIPPED = "published", "skipped"
PICTURE = png()


@dataclass(frozen=True)
class Post:
    """One file, and what its author would expect of it: published, skipped, or why refused."""

    name: str
    source: bytes
    becomes: str = PUBLISHED


def posts(number: int, seed: int = 1) -> list[Post]:
    """Return so many posts, no two with one path."""
    rng = Random(seed)
    made: dict[str, Post] = {}
    for kind in cycle(KINDS):
        for post in kind(rng, len(made)):
            made.setdefault(post.name, post)
        if len(made) >= number:
            return [*islice(made.values(), number)]
    raise AssertionError


def write(folder: Path, made: list[Post]) -> None:
    """Write posts below a folder, with the pictures and files that stand beside such."""
    for post in made:
        path = folder / post.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(post.source)
        if path.stem == "index":
            (path.parent / "cover.png").write_bytes(PICTURE)
    (folder / "_index.md").write_text("---\ntitle: Posts\n---\n")
    (folder / "README.md").write_text("# Blog\n")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "theme.css").write_text("p {}\n")


# --- texts -------------------------------------------------------------------------------------


def words(rng: Random, many: int = 8) -> str:
    """Return a sentence, Chinese or English."""
    if rng.random() < 0.6:
        return "".join(rng.choices(CHINESE, k=many))
    return " ".join(rng.choices(ENGLISH, k=many)).capitalize()


def body(rng: Random, paid: bool = True) -> str:
    """Return a text with some paid paragraphs."""
    blocks = [words(rng, 30) + "。" for _ in range(rng.randint(2, 5))]
    blocks.insert(1, "## " + words(rng, 3))
    blocks.insert(1, "![封面](cover.png)" if rng.random() < 0.3 else "<!-- more -->")
    if paid:
        blocks[-1] = f"##paidbegin##\n\n{blocks[-1]}\n\n##paidend##"
    return "\n\n".join(blocks) + "\n"


def title(rng: Random) -> str:
    return words(rng, 4)


# --- kinds of posts ----------------------------------------------------------------------------

Kind = Callable[[Random, int], Iterator[Post]]


def post(name: str, text: str, becomes: str = PUBLISHED, charset: str = "utf-8") -> Post:
    return Post(name, text.encode(charset), becomes)


def hexo(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts of Hexo, named by their titles."""
    name = title(rng)
    front = (
        f"title: {name}\ndate: 20{10 + at % 14}-0{1 + at % 9}-1{at % 9} 09:00:00\ntags:\n- 随笔\n"
    )
    yield post(f"_posts/{name}.md", f"---\n{front}---\n\n{body(rng)}")
    yield post(f"_posts/old-{at}.md", f"{front}---\n\n{body(rng)}")  # no opening fence
    yield post(f"_posts/link-{at}.md", f"---\n{front}permalink: /:year/:title/\n---\n{body(rng)}")
    yield post(f"_posts/abbr-{at}.md", f"---\n{front}permalink: p/{at:x}c.html\n---\n{body(rng)}")


def hugo(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts of Hugo: TOML, JSON-like dates, bundles, slugs."""
    name = title(rng)
    toml = f'+++\ntitle = "{name}"\ndate = "2021-03-0{1 + at % 9}T10:00:00+08:00"\n'
    yield post(f"posts/{name}/index.md", f"{toml}draft = false\n+++\n\n{body(rng)}")
    yield post(f"posts/toml-{at}.md", f'{toml}slug = "{name}"\n+++\n\n{body(rng)}')
    yield post(f"posts/later-{at}.md", f"{toml}draft = true\n+++\n\n{body(rng)}", SKIPPED)
    lines = f"---\ntitle: {name}\nurl: /notes/{at}/\nweight: {at}\naliases: [/a/{at}/]\n"
    yield post(f"posts/note {at}.md", f"{lines}---\n\n{body(rng)}")


def jekyll(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts of Jekyll, with the date in the name, and drafts."""
    day = f"2019-{1 + at % 12:02}-{1 + at % 28:02}"
    lines = f'---\nlayout: post\ntitle: "{title(rng)}"\n---\n\n'
    yield post(f"_posts/{day}-entry-{at}.md", lines + body(rng))
    yield post(f"_posts/{day}-{title(rng)}.md", lines + body(rng))
    yield post(f"_drafts/idea {at}.md", lines + body(rng), SKIPPED)


def names(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts whose names no address can hold as they are, and twins."""
    text = f"# {title(rng)}\n\n{body(rng)}"
    odd = (
        "！！！{}", "v1.{} 发布", "🎉 {}", "C++ & C# {}", "Ünïcode {}", "ПРИВЕТ {}", "日本語の{}",
        "100% {}", "a'b\"c {}", "-{}-", "{}." + "长" * 60, "UPPER{}", "under_score_{}", "（{}）",
        "{} ", "#{}",
    )  # fmt: skip
    for pattern in rng.sample(odd, 4):
        yield post(f"{pattern.format(at)}.md", text)
    yield post(f"20{at % 90 + 10}/intro.md", text)
    yield post(f"twin-{at}.md", text)
    yield post(f"twin-{at}.txt", f"{title(rng)}\n\n{body(rng)}")
    yield post(f"季度 {at}.md", text)
    yield post(f"季度-{at}.md", text)


def others(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts in other formats and encodings, free ones, and such as wait for their day."""
    plain = f"第{at}篇\n\n{words(rng, 60)}——·。\n\n##paidbegin##{words(rng, 30)}##paidend##\n"
    yield post(f"gbk-{at}.txt", plain, charset="gb18030")
    yield post(f"bom-{at}.txt", "\ufeff" + plain.replace("\n", "\r\n"))
    page = f"<h1>{title(rng)}</h1><p>{words(rng)}</p><paid><p>{words(rng)}</p></paid>"
    yield post(f"page {at}.html", page)
    yield post(f"free-{at}.md", f"---\nfree: true\n---\n# {title(rng)}\n\n{body(rng, paid=False)}")
    ahead = f"---\ntitle: {title(rng)}\ndate: 2099-01-0{1 + at % 9}\n---\n\n{body(rng)}"
    yield post(f"ahead-{at}.md", ahead, SKIPPED)
    slashes = f"---\ntitle: {title(rng)}\ndate: 2021/3/8 9:05\nmy_own_field: 1\n---\n\n{body(rng)}"
    yield post(f"slashes-{at}.md", slashes)


def wrong(rng: Random, at: int) -> Iterator[Post]:
    """Yield posts in which something is wrong."""
    head = f"---\ntitle: {title(rng)}\n---\n\n"
    yield post(f"未完 {at}.md", f"{head}{words(rng)}\n\n##paidbegin##\n\n…\n", "unclosed")
    yield post(f"forgot-{at}.md", head + body(rng, paid=False), "nothing-paid")
    yield post(f"slip-{at}.md", head + body(rng).replace("##paidend", "##piadend"), "suspect")
    colon = head.replace("title:", "title：")
    yield post(f"colon-{at}.md", colon + body(rng), "front-matter")


KINDS: tuple[Kind, ...] = (hexo, hugo, jekyll, names, others, hexo, hugo, names, wrong)
