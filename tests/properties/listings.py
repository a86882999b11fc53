"""Documents with listings, in code and outside it, and one sound paid section.

Seeded: the same seed gives the same listings. What no article outside code should have (elements
named almost like the marker) stands in code alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from random import Random

NAMES = (  # noqa: SIM905
    "id guid api page part Grid Card path item link entry feed list text image set view "
    "line use filter mask circle rect stop symbol switch domain apply vector matrix matrixrow "
    "Button Modal Tabs Route Provider router-view el-table v-card app-root my-element ns:field "
    "grade pages party past pan padding said2 rapid avoid solid grid acid android"
).split()
NEAR = "pid pad aid Pair said maid raid paidAt Payment PayButton pay paid-total PAID Paid".split()  # noqa: SIM905

WALLS = ("[vip]", "{{ paid }}", ":::members", "<!--more-->", '<div class="paid">')


def _xml(rng: Random, names: tuple[str, ...]) -> str:
    lines = []
    for name in rng.choices(names, k=rng.randint(2, 6)):
        kind = rng.randrange(5)
        if kind == 0:
            lines += [f"<{name}>", f"  {rng.randrange(99)}", f"</{name}>"]
        elif kind == 1:
            lines.append(f"<{name}>{rng.randrange(99)}</{name}>")
        elif kind == 2:
            lines.append(f"<{name} />")
        elif kind == 3:
            lines.append(f'<{name} id="{rng.randrange(99)}" :page="part"/>')
        else:
            lines.append(f"<{name}>")
    return "\n".join(lines)


def _component(rng: Random, names: tuple[str, ...]) -> str:
    one, two = rng.choices(names, k=2)
    return rng.choice(
        (
            f'<{one} v-for="i in list" :key="i.id" @click="go(i)">\n  {{{{ i.page }}}}\n</{one}>',
            f"<{one} onClick={{() => set(id)}} part={{part}}>\n  <{two} />\n</{one}>",
            f"<{one}\n  page={{1}}\n  {{...props}}\n/>",
            f"const x = a < b && b > c ? <{one} id={{id}} /> : null;",
        )
    )


def _shell(rng: Random) -> str:
    return rng.choice(
        (
            "#!/bin/sh\n## paid users\nfor id in $(cat <ids>out); do echo $$ ${#id}; done",
            "curl -s $API/paid > paid.txt; cat < paid.txt | sort > end",
            'echo "##start##"; sed -e s/##/#/g <in >out # begin, end',
            "make pay end=1 && test $paid -lt 5 || exit",
        )
    )


def _latex(rng: Random) -> str:
    return rng.choice(
        (
            "$$\\begin{pmatrix} a & b \\\\ p & d \\end{pmatrix}$$",
            "$$P_{paid} = \\frac{open}{close}$$",
            "\\begin{align}\n p &< a \\\\ i &> d\n\\end{align}",
            "$a<paid$ and $b>end$",
        )
    )


Listing = Callable[[Random, tuple[str, ...]], str]
LISTINGS: tuple[Listing, ...] = (_xml, _component)
OTHERS = (_shell, _latex)


def listings(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Yield so many names of a format with a document of it."""
    rng = Random(seed)
    writers = (("markdown", _markdown), ("html", _html), ("plain", _plain))
    for number in range(count):
        form, write = writers[number % len(writers)]
        yield form, write(rng)


def _code(rng: Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(OTHERS)(rng)
    code = rng.choice(LISTINGS)(rng, (*NAMES, *NEAR))
    return code + "\n" + rng.choice(WALLS) if rng.random() < 0.3 else code


def _bare(rng: Random) -> str:
    """Return a listing outside code, where its elements are markup or nothing."""
    return _xml(rng, tuple(NAMES))


def _markdown(rng: Random) -> str:
    code = _code(rng)
    name = rng.choice((*NAMES, *NEAR))
    fenced = rng.choice(
        (
            f"```xml\n{code}\n```",
            f"~~~\n{code}\n~~~",
            "    " + code.replace("\n", "\n    "),
            f"- step\n\n  ```\n  {code}\n  ```".replace("\n" + code, "\n  " + code)
            if "\n" not in code
            else f"```\n{code}\n```",
        )
    )
    return "\n\n".join(
        (
            "# 片段",
            f"行内 `<{name}>`，又 ``<{name} />`` 与 `</{name}>`。",
            fenced,
            _bare(rng),
            rng.choice(("## 付费内容 ##", "### 收费 开始 ###", "## Paid ##")),
            "说明。##paidbegin##付费的话。##paidend##",
        )
    )


def _html(rng: Random) -> str:
    code, name = escape(_code(rng)), escape(rng.choice((*NAMES, *NEAR)))
    return (
        f"<h1>片段</h1>\n<p>行内 <code>&lt;{name}&gt;</code></p>\n<pre><code>{code}</code></pre>\n"
        f"<div>{_bare(rng)}</div>\n<p>说明。##paidbegin##付费的话。##paidend##</p>\n"
    )


def _plain(rng: Random) -> str:
    shell = _shell(rng)
    return f"片段\n\n{_bare(rng)}\n\n{shell}\n\n说明。##paidbegin##付费的话。##paidend##\n"
