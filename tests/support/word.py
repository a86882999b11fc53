"""Word documents made of a few words, by the standard library alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_NONE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML


def of_text(text: str) -> bytes:
    """Return a document whose paragraphs are the lines of a text."""
    return document(paragraph(line) for line in text.splitlines())


def run(text: str, properties: str = "") -> str:
    """Return a run that looks so."""
    said = escape(_NONE.sub("", text))
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{said}</w:t></w:r>'


def paragraph(*runs: str, style: str = "", level: int | None = None) -> str:
    """Return a paragraph of texts and runs; one with a level is numbered."""
    inside = "".join(each if each.startswith("<w:") else run(each) for each in runs)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    if level is not None:
        named += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    return f"<w:p><w:pPr>{named}</w:pPr>{inside}</w:p>"


def heading(text: str) -> str:
    """Return a heading."""
    return f'<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>{run(text)}</w:p>'


def note(number: int) -> str:
    """Return the reference of a footnote."""
    return f'<w:r><w:footnoteReference w:id="{number}"/></w:r>'


def box(*paragraphs: str) -> str:
    """Return a text box."""
    inside = "".join(map(paragraph, paragraphs))
    return f"<w:r><w:pict><w:txbxContent>{inside}</w:txbxContent></w:pict></w:r>"


def table(*rows: tuple[str, ...]) -> str:
    """Return a table of cells with one paragraph each."""
    cells = (("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row)) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{each}</w:tr>' for each in cells)}</w:tbl>"


_LEVELS = "".join(
    f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
    f'<w:lvlText w:val="{text}"/></w:lvl>'
    for level, (form, text) in enumerate((("chineseCounting", "%1、"), ("decimal", "%1.%2")))
)
_NUMBERING = (
    f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="1">{_LEVELS}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
)


def document(
    blocks: Iterable[str],
    notes: Sequence[str] = (),
    properties: Mapping[str, str] | None = None,
    core: str = "",
    comments: Sequence[str] = (),
) -> bytes:
    """Return a document of blocks, with one list and some footnotes and comments, from 1 on.

    properties: custom ones; one whose name ends in `@` is linked to a place in the text. core:
    what stands in the properties that editors fill in by themselves.
    """
    parts = {
        "document": f'<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{"".join(blocks)}</w:body>'
        "</w:document>",
        "numbering": _NUMBERING,
        "footnotes": _listed("footnote", notes),
        "comments": _listed("comment", comments),
    }
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:

        def put(name: str, xml: str) -> None:
            archive.writestr(ZipInfo(name), xml, ZIP_DEFLATED)

        put("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
        about = {"officeDocument": "word/document", "custom-properties": "docProps/custom"}
        about |= dict.fromkeys(("core-properties", "extended-properties"), "docProps/core")
        put("_rels/.rels", _relations("{}.xml", about))
        put("docProps/custom.xml", _custom(properties or {}))
        put("docProps/core.xml", core or "<coreProperties/>")
        listed = {name: name for name in ("numbering", "footnotes", "comments")}
        put("word/_rels/document.xml.rels", _relations("{}.xml", kinds=listed))
        for name, xml in parts.items():
            put(f"word/{name}.xml", xml)
    return out.getvalue()


def _listed(kind: str, texts: Sequence[str]) -> str:
    told = "".join(
        f'<w:{kind} w:id="{number}">{paragraph(text)}</w:{kind}>'
        for number, text in enumerate(texts, 1)
    )
    return f'<w:{kind}s xmlns:w="{W}">{told}</w:{kind}s>'


def _custom(properties: Mapping[str, str]) -> str:
    told = "".join(map(_property, properties.items()))
    spaces = f'xmlns="{_CUSTOM}/custom-properties" xmlns:vt="{_CUSTOM}/docPropsVTypes"'
    return f"<Properties {spaces}>{told}</Properties>"


def _property(item: tuple[str, str]) -> str:
    name, value = item
    link = ' linkTarget="place"' if name.endswith("@") else ""
    called = escape(name.rstrip("@"))
    return f'<property name="{called}"{link}><vt:lpwstr>{escape(value)}</vt:lpwstr></property>'


def _relations(target: str, kinds: Mapping[str, str]) -> str:
    told = "".join(
        f'<Relationship Id="{kind}" Type="{R}/{kind}" Target="{target.format(name)}"/>'
        for kind, name in kinds.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'
