"""Control words of RTF that stand for characters, and those that say where the text of a group goes."""

from __future__ import annotations

from assistant.ingestion.office.page_furniture import PAGE_NUMBER

TEXTS = {
    "line": "\n", "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "zwj": "\u200d",
    "zwnj": "\u200c", "chpgn": PAGE_NUMBER,
}  # fmt: skip
SYMBOL_TEXTS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}"}
# Destinations whose text is no part of what the document says. Those that begin with \* need no mention here.
SKIPPED = frozenset(
    """info listtable listoverridetable revtbl rsidtbl filetbl nonshppict shprslt nonesttables upr xe tc txe rxe
    bkmkstart bkmkend pntxta pntxtb pnseclvl ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn atnid atnref sp sn sv fname
    panose objdata objclass objname objalias datafield private template latentstyles themedata
    colorschememapping""".split()
)
STORIES = {"header": "header", "headerl": "header", "headerr": "header", "headerf": "header"}
STORIES |= {"footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer"}
STORIES |= {"footnote": "note", "annotation": "comment", "shptxt": "box"}
DESTINATIONS = {
    "fonttbl": "fonts", "colortbl": "colors", "stylesheet": "styles", "listtext": "marker", "pntext": "marker",
    "fldinst": "instruction", "formfield": "skip", "atnauthor": "author", "ud": "", "shppict": "", "shpinst": "",
    "nesttableprops": "", "moMath": "", "moMathPara": "",
}  # fmt: skip
