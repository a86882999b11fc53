"""Licences, by the addresses that people and programs know them by."""

from __future__ import annotations

import re

_CREATIVE_COMMONS = re.compile(
    r"CC[ -](BY(?:[ -](?:NC[ -]SA|NC[ -]ND|NC|SA|ND))?)[ -]([1-4]\.0)", re.IGNORECASE
)
_ZERO = re.compile(r"CC0(?:[ -]1\.0)?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]{1,300}", re.IGNORECASE)


def licence_of(declared: str) -> str:
    """Return the address of a declared licence, "" where none is known: many say it in words."""
    if _ADDRESS.fullmatch(declared):
        return declared
    if _ZERO.fullmatch(declared):
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    if found := _CREATIVE_COMMONS.fullmatch(declared):
        terms = found[1].lower().replace(" ", "-")
        return f"https://creativecommons.org/licenses/{terms}/{found[2]}/"
    return ""
