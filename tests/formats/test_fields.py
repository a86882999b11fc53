"""The page for publishers lists the fields that there are, and each of them is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.formats.fields import FIELDS, UNUSED, Field, is_known, key
from gateway.formats.frontmatter import split

PAGE = Path("docs/front-matter.md")
VALUES = {
    "language": "ja",
    "date": "2020-09-05",
    "updated": "2020-09-05",
    "publish_at": "2020-09-05",
    "draft": "true",
    "published": "false",
    "status": "draft",
    "visibility": "private",
    "private": "true",
    "expiryDate": "2020-09-05",
    "free": "true",
    "order": "7",
    "licence": "CC BY 4.0",
    "offer": "{name: One}",
}
NAMES = [(field, name) for field in FIELDS for name in field.names]


def table() -> str:
    """Return the fields of ours as the page has them."""
    rows = ["| field | also | what it is good for |", "|---|---|---|"]
    for field in FIELDS:
        name, *also = (f"`{each}`" for each in field.names)
        rows.append(f"| {name} | {', '.join(also)} | {field.good_for} |")
    return "\n".join(rows)


def passed_over() -> str:
    """Return the fields of other tools as the page has them."""
    return "\n".join(
        f"- {tool}: {', '.join(f'`{name}`' for name in names.split())}."
        for tool, names in UNUSED.items()
    )


def test_the_page_for_publishers_lists_every_field() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page
    assert passed_over() in page


@pytest.mark.parametrize(("field", "name"), NAMES, ids=[name for _, name in NAMES])
def test_every_name_of_a_field_is_good_for_something(field: Field, name: str) -> None:
    value = VALUES.get(field.names[0], "word")
    declared = split(f"---\n{name}: {value}\n---\n").declared
    assert declared != split("---\ntoc: 1\n---\n").declared
    assert declared.warnings == ()
    in_capitals = split(f"---\n{name.upper()}: {value}\n---\n").declared
    assert (in_capitals.meta, len(in_capitals.holds)) == (declared.meta, len(declared.holds))


def test_no_name_stands_in_the_table_twice() -> None:
    names = [*(name for _, name in NAMES), *" ".join(UNUSED.values()).split()]
    assert len(set(map(key, names))) == len(names)
    assert all(map(is_known, names))
