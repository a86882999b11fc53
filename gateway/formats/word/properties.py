"""What a Word document declares of itself: custom properties whose name begins with `paidgate`.

No other property is read, for editors fill them in by themselves: the title from the first line,
which may be paid, the author from an account, dates from a clock. Nor is one that is linked to a
place in the text, for that takes its words from there.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from gateway.formats.word.parts import attribute, children

KIND = "custom-properties"  # of the part in which they stand

_OURS = re.compile(r"paidgate[\s.:_-]+(?P<field>\S.*)", re.IGNORECASE | re.DOTALL)


def declared_in(root: Element | None) -> dict[str, str]:
    """Return the fields that custom properties declare, by name."""
    found: dict[str, str] = {}
    for each in children(root, "property"):
        ours = _OURS.fullmatch(attribute(each, "name").strip())
        if ours and not attribute(each, "linkTarget"):
            found.setdefault(ours["field"], "".join(each.itertext()).strip())
    return found
