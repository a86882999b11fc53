"""What a publisher says of itself, as the public side keeps it: facts, mark, and colours."""

from __future__ import annotations

from msgspec.json import encode

from gateway.core.bundles import IDENTITY, Bundle, Forms
from gateway.core.profiles import UNSAID, Profile, profile_in
from gateway.rendering.encodings import public_representation, stored_representation
from gateway.rendering.representations import COLOURS, JSON, MARK

FACTS = "facts"

_CSS = "text/css; charset=utf-8"
# On paper there is no colour. What a reader chose stands above what the device says.
_SHEET = """@media screen {{
:root, :root[data-paper="light"], :root[data-paper="sepia"] {{ --seal: {colour}; }}
:root[data-paper="dark"] {{ --seal: {dark}; }}
}}
@media screen and (prefers-color-scheme: dark) {{
:root:not([data-paper="light"], [data-paper="sepia"]) {{ --seal: {dark}; }}
}}
"""


def profile_bundle(profile: Profile) -> Bundle:
    """Return what the public side keeps of a profile."""
    forms = {FACTS: public_representation(JSON, encode(profile.told))}
    if profile.mark:
        forms[MARK] = stored_representation(profile.mark.media_type, profile.mark.body)
    if profile.colour:
        sheet = _SHEET.format(colour=profile.colour, dark=profile.on_dark)
        forms[COLOURS] = public_representation(_CSS, sheet.encode())
    return Bundle(profile.stamp, forms)


def profile_of(bundle: Bundle | None) -> Profile:
    """Return what a bundle says of its publisher, without the bytes of its mark. Raises Damaged."""
    forms: Forms = bundle.forms if bundle else {}
    return profile_in(forms[FACTS].bodies[IDENTITY]) if FACTS in forms else UNSAID
