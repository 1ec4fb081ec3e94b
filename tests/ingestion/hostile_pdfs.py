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


_CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
_ONE_PAGE = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
_FONT = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


def one_page(path: Path, page: bytes, *others: bytes, catalog: bytes = _CATALOG) -> Path:
    """One page that says "hello" beside what else `page` holds; object 4 is its content, `others` follow from 5."""
    whole = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources " + _FONT + b"/Contents 4 0 R" + page + b">>"
    return write_pdf(path, [catalog, _ONE_PAGE, whole, stream(b"BT /F 12 Tf 72 700 Td (hello) Tj ET"), *others])


def pdf_with_content_bomb(path: Path, *, megabytes: int, layers: int = 1) -> Path:
    """A page whose content unpacks to so much, through so many layers of packing, from a file that is small."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"q 1 0 0 1 0 0 cm Q " * 55_000) for _ in range(megabytes)) + packer.flush()
    for _ in range(layers - 1):
        packed = zlib.compress(packed, 9)
    content = stream(packed, b"/Filter[" + b"/FlateDecode" * layers + b"]")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources " + _FONT + b"/Contents 4 0 R>>"
    return write_pdf(path, [_CATALOG, _ONE_PAGE, page, content])


def pdf_with_deep_page_tree(path: Path, depth: int) -> Path:
    """A page tree so many nodes deep."""
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]/Parent %d 0 R>>" % (n + 3, max(n + 1, 2)) for n in range(depth)]
    page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % (depth + 1)
    return write_pdf(path, [_CATALOG, *nodes, page])


def pdf_with_page_tree_cycle(path: Path) -> Path:
    """A page tree whose branch is its own root."""
    return write_pdf(
        path,
        [_CATALOG, b"<</Type/Pages/Count 3/Kids[3 0 R 2 0 R 3 0 R]/Parent 2 0 R>>", b"<</Type/Page/Parent 2 0 R>>"],
    )


def pdf_with_many_annotations(path: Path, count: int) -> Path:
    """One page with so many sticky notes, all the same object or all their own."""
    note = b"<</Type/Annot/Subtype/Text/Rect[10 10 20 20]/Contents(n)>>"
    return one_page(path, b"/Annots[" + b"5 0 R " * count + b"]", note)


def pdf_with_field_cycle(path: Path) -> Path:
    """A form field that is its own parent, and its own child."""
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Rect[10 10 90 20]/Parent 5 0 R/Kids[5 0 R]>>"
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"
    return one_page(path, b"/Annots[5 0 R]", field, catalog=catalog)


def pdf_with_attachment_cycle(path: Path) -> Path:
    """A tree of attached files that goes round in a circle."""
    names = b"<</Kids[5 0 R 6 0 R]>>"
    catalog = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 5 0 R>>>>"
    return one_page(path, b"", names, b"<</Kids[5 0 R]>>", catalog=catalog)


def pdf_with_packed_table_bomb(path: Path, *, megabytes: int) -> Path:
    """A table of places, packed as newer files have it, that unpacks to so much."""
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    entries = b"/Type/XRef/Size %d/W[1 4 1]/Root 1 0 R/Filter/FlateDecode" % (megabytes * 170_000)
    table = b"1 0 obj\n" + stream(packed, entries) + b"\nendobj\n"
    path.write_bytes(b"%PDF-1.7\n" + table + b"startxref\n9\n%%EOF")
    return path


def pdf_with_nested_arrays(path: Path, depth: int) -> Path:
    """An object that is arrays in arrays, so many deep."""
    return one_page(path, b"/Annots 5 0 R", b"[" * depth + b"]" * depth)


def pdf_with_letters(path: Path, count: int) -> Path:
    """A page of so many words, one on the other, some white."""
    packed = zlib.compress(b"BT /F 9 Tf 1 1 1 rg 72 700 Td " + b"(secret word ) Tj 0 -0.01 Td " * count + b"ET", 9)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources " + _FONT + b"/Contents 4 0 R>>"
    return write_pdf(path, [_CATALOG, _ONE_PAGE, page, stream(packed, b"/Filter/FlateDecode")])
