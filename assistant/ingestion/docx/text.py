"""The text of a Word paragraph as Word prints it: insertions in, deletions out, fields by their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from assistant.domain import HidingPlace
from assistant.ingestion.docx.styles import NO_LOOK, Look, Styles, is_on, paints
from assistant.ingestion.docx.symbol_letters import SYMBOLS, shown
from assistant.ingestion.flow.items import HiddenWords
from assistant.ingestion.office.office_math import math_text
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, properties_of, value_of
from assistant.ingestion.office.page_furniture import PAGE_NUMBER
from assistant.ingestion.pdf.raised_digits import raised

PAGE_BREAK = "\f"
# Half-points: nobody reads type of one point.
_TINIEST_HALF_POINTS = 2
_STRUCK = "[struck out: "
_CHECKED, _UNCHECKED = "☒", "☐"
_SKIPPED = frozenset(
    {"del", "moveFrom", "rPr", "pPr", "instrText", "delText", "delInstrText", "sdtPr", "sdtEndPr", "rt"}
)
_PAGE_FIELDS = frozenset({"PAGE", "NUMPAGES", "SECTIONPAGES"})


@dataclass(slots=True)
class _Field:
    """A field that has begun: its instruction comes first, then its result."""

    instruction: str = ""
    has_result: bool = False


@dataclass(slots=True, kw_only=True)
class Met:
    """What was met while the text was read, and is said or read elsewhere."""

    has_changes: bool = False
    pictures: int = 0
    charts: int = 0
    # The ids of footnotes and endnotes in the order of their numbers: "footnote 2".
    note_names: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ParagraphText:
    """A paragraph's text, with PAGE_BREAK where a page ends; text boxes that hang on it are read after it."""

    pieces: list[str] = field(default_factory=list)
    hidden: list[HiddenWords] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces).replace(f"]{_STRUCK}", "")


class _Ground(NamedTuple):
    """What a paragraph gives its runs: whether it stands on a colored ground, and the look of its style."""

    is_shaded: bool
    look: Look


class TextReader:
    """Reads paragraphs in their order; a field may begin in one and end in another."""

    def __init__(self, styles: Styles) -> None:
        self.met = Met()
        self._styles = styles
        self._fields: list[_Field] = []

    def read(
        self, paragraph: etree._Element, properties: etree._Element | None = None, *, is_shaded: bool
    ) -> ParagraphText:
        """The paragraph's text. `is_shaded`: it stands on a ground of its own, where white letters can be seen."""
        found = ParagraphText()
        if properties is None:
            ground = _Ground(is_shaded, NO_LOOK)
        else:
            look = self._styles.look(properties)
            ground = _Ground(is_shaded or paints(child_of(properties, "shd")), look)
        self._children(paragraph, found, ground)
        return found

    def _children(self, element: etree._Element, found: ParagraphText, ground: _Ground) -> None:
        for child in element:
            self._element(child, found, ground)

    def _element(self, element: etree._Element, found: ParagraphText, ground: _Ground) -> None:
        name = name_of(element)
        if name in _SKIPPED:
            self.met.has_changes |= name in ("del", "moveFrom")
        elif name == "r":
            self._run(element, found, ground)
        elif name in ("oMath", "oMathPara"):
            found.pieces.append(f" {math_text(element)} ")
        elif name == "fldSimple":
            self._simple_field(element, found, ground)
        else:
            self.met.has_changes |= name in ("ins", "moveTo")
            self._children(element, found, ground)

    def _simple_field(self, element: etree._Element, found: ParagraphText, ground: _Ground) -> None:
        if _field_name(value_of(element, "instr") or "") in _PAGE_FIELDS:
            found.pieces.append(PAGE_NUMBER)
        else:
            self._children(element, found, ground)

    def _run(self, run: etree._Element, found: ParagraphText, ground: _Ground) -> None:
        text = "".join([self._run_part(child, found) for child in run])
        properties = properties_of(run, "rPr")
        if not text.strip() or (properties is None and ground.look is NO_LOOK):
            found.pieces.append(text)
            return
        if value_of(child_of(properties, "vertAlign"), "val") == "superscript":
            text = raised(text)
        if any(is_on(child_of(properties, name)) for name in ("strike", "dstrike")):
            text = f"{_STRUCK}{text}]"
        place = self._hiding_place(properties, ground)
        if place is None:
            found.pieces.append(text)
        else:
            found.hidden.append(HiddenWords(text=text, place=place))

    def _hiding_place(self, properties: etree._Element | None, ground: _Ground) -> HidingPlace | None:
        look = self._styles.look(properties).over(ground.look)
        if look.is_vanished:
            return HidingPlace.INVISIBLE
        if look.half_points is not None and look.half_points <= _TINIEST_HALF_POINTS:
            return HidingPlace.TINY
        if look.color != "FFFFFF" or ground.is_shaded or child_of(properties, "highlight") is not None:
            return None
        return None if paints(child_of(properties, "shd")) else HidingPlace.WHITE

    def _run_part(self, element: etree._Element, found: ParagraphText) -> str:
        """What an element of a run shows."""
        name = name_of(element)
        if name == "t":
            return shown(element.text or "") if self._shows() else ""
        if name == "fldChar":
            return self._field_mark(element)
        if name == "instrText" and self._fields:
            self._fields[-1].instruction += element.text or ""
        return self._shown(element, name, found) if self._shows() else ""

    def _shown(self, element: etree._Element, name: str, found: ParagraphText) -> str:
        match name:
            case "tab" | "ptab":
                return "\t"
            case "br":
                return PAGE_BREAK if value_of(element, "type") == "page" else "\n"
            case "cr":
                return "\n"
            case "noBreakHyphen":
                return "-"
            case "sym":
                return _symbol(value_of(element, "char") or "")
            case "footnoteReference" | "endnoteReference":
                self.met.note_names.append(f"{name.removesuffix('Reference')} {value_of(element, 'id')}")
                return raised(str(len(self.met.note_names)))
            case "ruby":
                return "".join(text.text or "" for text in descendants(element, "t"))
            case "AlternateContent" | "drawing" | "pict" | "object":
                return self._drawing(element, found)
        return ""

    def _drawing(self, element: etree._Element, found: ParagraphText) -> str:
        """What a drawing says: its text boxes are kept for later, of a picture its description stands here."""
        choice = element
        if name_of(element) == "AlternateContent":
            options = [option for option in element if name_of(option) in ("Choice", "Fallback")]
            choice = next((option for option in options if len(option)), element)
        boxes = list(descendants(choice, "txbxContent"))
        found.boxes += boxes
        if (
            next(descendants(choice, "chart"), None) is not None
            or next(descendants(choice, "relIds"), None) is not None
        ):
            self.met.charts += 1
            return _picture("chart", choice)
        is_picture = any(next(descendants(choice, tag), None) is not None for tag in ("blip", "imagedata"))
        if not is_picture:
            return ""
        self.met.pictures += 1
        return _picture("picture", choice)

    def _shows(self) -> bool:
        """Whether text that comes now is shown: it is not the instruction of a field, nor a page number."""
        return not self._fields or all(
            field.has_result and _field_name(field.instruction) not in _PAGE_FIELDS for field in self._fields
        )

    def _field_mark(self, element: etree._Element) -> str:
        """A field begins, comes to its result, or ends; the mark shows a check box or stands for a page's number."""
        match value_of(element, "fldCharType"):
            case "begin":
                self._fields.append(_Field())
                return "".join(map(_check_box, descendants(element, "checkBox")))
            case "separate" if self._fields:
                self._fields[-1].has_result = True
            case "end" if self._fields and _field_name(self._fields.pop().instruction) in _PAGE_FIELDS:
                return PAGE_NUMBER
        return ""


def _field_name(instruction: str) -> str:
    return next(iter(instruction.split()), "").upper()


def _check_box(element: etree._Element) -> str:
    """A check box of a form; its own state wins over its default."""
    own, default = child_of(element, "checked"), child_of(element, "default")
    state = own if own is not None else default
    is_checked = state is not None and value_of(state, "val") not in ("0", "false")
    return _CHECKED if is_checked else _UNCHECKED


def _symbol(code: str) -> str:
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if number in SYMBOLS:
        return SYMBOLS[number]
    return chr(number) if 0x20 <= number < 0xD800 else ""


def _picture(what: str, element: etree._Element) -> str:
    texts = (value_of(properties, "descr") for properties in descendants(element, "docPr"))
    said = next((" ".join(text.split()) for text in texts if text), "")
    return f"[{what}: {said}]" if said else f"[{what}]"
