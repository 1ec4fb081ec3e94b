"""PDFs written to hurt their reader, byte by byte."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path


def write_pdf(path: Path, objects: Sequence[bytes], root: int = 1) -> Path:
    """A file of these objects, numbered from 1, with a correct table of places."""
    data = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, start)
    path.write_bytes(data)
    return path


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%s>>\nstream\n" % (len(content), entries) + content + b"\nendstream"


def pdf_with_laughing_page(path: Path, *, laughing: int, pages: int = 3) -> Path:
    """Page `laughing` draws a form that draws a form ten times, and so on, ten to the fifteenth words in all."""
    depth = 15
    first_page = 3
    first_form = first_page + 2 * pages + 1
    font = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X %d 0 R>>>>" % first_form
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * n) for n in range(pages))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids)]
    for number in range(1, pages + 1):
        content = b"/X Do " * 10 if number == laughing else b"BT /F 12 Tf 72 700 Td (page %d) Tj ET" % number
        place = first_page + 2 * (number - 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources %s/Contents %d 0 R>>" % (font, place + 1)
        )
        objects.append(stream(content))
    objects.append(b"null")
    for level in range(depth):
        inner = b"<</XObject<</X %d 0 R>>>>" % (first_form + level + 1) if level < depth - 1 else font
        content = b"/X Do " * 10 if level < depth - 1 else b"BT /F 12 Tf (ha) Tj ET"
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources " + inner
        objects.append(stream(content, entries))
    return write_pdf(path, objects)


def pdf_that_claims_pages(path: Path, count: int) -> Path:
    """One page, and a page tree that says there are `count`."""
    return write_pdf(
        path,
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count %d/Kids[3 0 R]>>" % count,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        ],
    )


def pdf_with_huge_picture(path: Path) -> Path:
    """A picture of 60,000 by 60,000 pixels that decompresses from almost nothing."""
    packed = zlib.compress(bytes(1 << 24), 9)
    picture = stream(
        packed,
        b"/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8"
        b"/ColorSpace/DeviceRGB/Filter/FlateDecode",
    )
    return write_pdf(
        path,
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>",
            stream(b"595 0 0 842 0 0 cm /I Do"),
            picture,
        ],
    )
