"""QR codes, drawn as pictures that stand in a page."""

from __future__ import annotations

import segno


def qr_code(text: str) -> str:
    """Return text as an SVG element without style: dark on light in every scheme."""
    drawn = segno.make(text, error="l", micro=False)
    svg: str = drawn.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return svg
