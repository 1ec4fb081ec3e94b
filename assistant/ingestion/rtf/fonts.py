"""Which code page the bytes of an RTF file's text are in: by its fonts, else by the document."""

from __future__ import annotations

import codecs

from assistant.ingestion.docx.symbol_letters import FIRST, shown

# Charset numbers of fonts (specification, "Font Table"); 2 is the charset of symbol fonts.
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 78: "shift_jis", 79: "gb2312", 80: "big5", 81: "euc_kr", 85: "mac_greek",
    86: "mac_turkish", 88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_SYMBOL_CHARSET = 2
_SYMBOL = "symbol"
_FALLBACK = "cp1252"


class Fonts:
    """The code pages of a document and its fonts, as its font table is read."""

    def __init__(self) -> None:
        self._document = _FALLBACK
        self._fonts: dict[int, str] = {}

    def set_document(self, page: int) -> None:
        """Take the document's code page from \\ansicpg."""
        self._document = _known(f"cp{page}") or ("utf-8" if page == 65_001 else _FALLBACK)

    def set_document_codec(self, codec: str) -> None:
        """Take the document's code page from \\mac, \\pc or \\pca."""
        self._document = codec

    def add(self, font: int, *, charset: int | None = None, page: int | None = None) -> None:
        """Take a font's charset or code page from the font table. Charset 1 is the system's own: the document's."""
        if charset == _SYMBOL_CHARSET:
            self._fonts[font] = _SYMBOL
        elif charset in _CHARSETS:
            self._fonts[font] = _CHARSETS[charset]
        elif page is not None and (codec := _known(f"cp{page}")) is not None:
            self._fonts[font] = codec

    def decode(self, data: bytes, font: int | None) -> str:
        """The text that these bytes are in this font; what is no text in its code page becomes U+FFFD."""
        codec = self._document if font is None else self._fonts.get(font, self._document)
        if codec == _SYMBOL:
            return shown("".join(chr(FIRST + byte) if byte > 0x20 else " " for byte in data))
        # A font for Western letters in a document of another code page: plain letters are the same in all.
        return data.decode(codec, "replace")


def _known(codec: str) -> str | None:
    try:
        return codecs.lookup(codec).name
    except LookupError:
        return None
