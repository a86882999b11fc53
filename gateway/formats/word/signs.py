"""Signs in the text of a Word document on its way to HTML: noncharacters, which no text has."""

from __future__ import annotations

LESS, GREATER = "\ufde0", "\ufde1"  # of a marker in the shape of a tag
MARKER, MARKER_END = "\ufde2", "\ufde3"  # around a marker
PARAGRAPH = "\ufde4"
NOTE, BOX, FLOAT_END = "\ufde5", "\ufde6", "\ufde7"
NUMBER, NUMBER_END = "\ufde8", "\ufde9"  # around which one of the numbered paragraphs it is
# Behind NOTE, and before NUMBER_END, stands which note it is.
PICTURE, PICTURE_END = "\ufdea", "\ufdeb"  # around which one of the pictures it is
