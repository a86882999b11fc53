"""Bytes to text with markers, and text to HTML."""

from gateway.formats import docx, html, markdown, plain
from gateway.ports import Format

FORMATS: list[Format] = [plain, markdown, html, docx]
"""The source formats there are. Whatever needs to know of formats looks here."""
