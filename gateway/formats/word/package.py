"""The plainer Word document, as mammoth reads it."""

from __future__ import annotations

from io import BytesIO
from xml.sax.saxutils import quoteattr
from zipfile import ZipFile

from gateway.formats.word.elements import R, W

STYLES = (*(f"h{n}" for n in range(1, 7)), *(f"b{n}" for n in range(1, 10)), "right", "center")

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_TOP = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d"'
    f' Type="{R}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_SHEET = f'{_HEAD}<w:styles xmlns:w="{W}">' + "".join(
    f'<w:style w:type="paragraph" w:styleId="{each}"><w:name w:val="{each}"/></w:style>'
    for each in STYLES
)


def packed(document: bytes, links: dict[str, str]) -> bytes:
    """Return a document in its archive, with its links by what they are called in it."""
    relations = [f'<Relationship Id="s" Type="{R}/styles" Target="styles.xml"/>']
    relations += [
        f'<Relationship Id="{own}" Type="{R}/hyperlink" Target={quoteattr(address)}'
        ' TargetMode="External"/>'
        for address, own in links.items()
    ]
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _TOP)
        archive.writestr("word/styles.xml", f"{_SHEET}</w:styles>")
        archive.writestr("word/document.xml", document)
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            f"{''.join(relations)}</Relationships>",
        )
    return out.getvalue()
