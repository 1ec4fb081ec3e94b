"""The text of an OpenDocument paragraph; notes, comments and text boxes that hang on it are read elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from assistant.ingestion.flow.items import HiddenWords
from assistant.ingestion.odt.styles import Look, Styles, bounded_number
from assistant.ingestion.office.office_xml import child_of, descendants, name_of, value_of
from assistant.ingestion.office.page_furniture import PAGE_NUMBER
from assistant.ingestion.pdf.raised_digits import raised

_SPACES = re.compile(r"[ \t\r\n]+")
_SPACE_RUN = re.compile(r" {2,}")
_STRUCK = "[struck out: "
_MOST_SPACES = 100
_SKIPPED = frozenset({"tracked-changes", "ruby-text", "event-listeners", "forms", "sequence-decls", "desc", "title"})
_SHAPES = frozenset({"custom-shape", "rect", "ellipse", "line", "connector", "polyline", "path", "caption", "text-box"})


@dataclass(slots=True, kw_only=True)
class Met:
    """What was met while the text was read, and is said or read elsewhere."""

    pictures: int = 0
    objects: int = 0
    notes: list[etree._Element] = field(default_factory=list)
    comments: list[etree._Element] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ParagraphText:
    """A paragraph's text, what it hides, and the text boxes that hang on it."""

    pieces: list[str] = field(default_factory=list)
    hidden: list[HiddenWords] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it; several spaces in the file are one, `text:s` apart (ODF 1.3 part 3, 6.1.2)."""
        text = "".join(self.pieces).replace(f"]{_STRUCK}", "")
        return _SPACE_RUN.sub(" ", text)


class TextReader:
    """Reads paragraphs in their order."""

    def __init__(self, styles: Styles) -> None:
        self.met = Met()
        self._styles = styles

    def read(self, paragraph: etree._Element, *, is_shaded: bool) -> ParagraphText:
        """The paragraph's text. `is_shaded`: it stands on a ground of its own, where white letters can be seen."""
        found = ParagraphText()
        style = value_of(paragraph, "style-name")
        ground = is_shaded or self._styles.has_ground(style)
        self._walk(paragraph, self._styles.look(style, has_ground=ground), found, ground)
        return found

    def read_frame(self, frame: etree._Element) -> ParagraphText:
        """What a frame says that hangs on no paragraph."""
        found = ParagraphText()
        self._frame(frame, found)
        return found

    def _walk(self, element: etree._Element, look: Look, found: ParagraphText, has_ground: bool) -> None:
        self._say(element.text, look, found)
        for child in element:
            self._element(child, look, found, has_ground)
            self._say(child.tail, look, found)

    def _element(self, element: etree._Element, look: Look, found: ParagraphText, has_ground: bool) -> None:
        match name_of(element):
            case "s":
                found.pieces.append(" " * bounded_number(value_of(element, "c"), 1, _MOST_SPACES))
            case "tab":
                found.pieces.append("\t")
            case "line-break":
                found.pieces.append("\n")
            case "page-number" | "page-count":
                found.pieces.append(PAGE_NUMBER)
            case "note":
                self.met.notes.append(element)
                found.pieces.append(raised(str(len(self.met.notes))))
            case "annotation":
                self.met.comments.append(element)
            case "frame":
                self._frame(element, found)
            case "span" if (style := value_of(element, "style-name")) is not None:
                own = self._styles.look(style, has_ground=has_ground)
                both = Look(
                    hiding_place=own.hiding_place or look.hiding_place,
                    is_raised=own.is_raised or look.is_raised,
                    is_struck=own.is_struck or look.is_struck,
                )
                self._walk(element, both, found, has_ground or self._styles.has_ground(style))
            case name if name in _SHAPES:
                found.boxes.append(element)
            case name if name not in _SKIPPED:
                self._walk(element, look, found, has_ground)

    def _say(self, text: str | None, look: Look, found: ParagraphText) -> None:
        if not text:
            return
        text = _SPACES.sub(" ", text)
        if look.is_raised:
            text = raised(text)
        if look.is_struck and text.strip():
            text = f"{_STRUCK}{text}]"
        if look.hiding_place is None:
            found.pieces.append(text)
        elif text.strip():
            found.hidden.append(HiddenWords(text=text, place=look.hiding_place))

    def _frame(self, frame: etree._Element, found: ParagraphText) -> None:
        """A text box is kept for later; of a picture, its description stands here."""
        box = child_of(frame, "text-box")
        if box is not None:
            found.boxes.append(box)
            return
        is_object = child_of(frame, "object") is not None or child_of(frame, "object-ole") is not None
        if is_object:
            self.met.objects += 1
        elif child_of(frame, "image") is not None:
            self.met.pictures += 1
        else:
            return
        texts = (child.text for name in ("desc", "title") for child in descendants(frame, name))
        said = next((" ".join(text.split()) for text in texts if text), "")
        what = "object" if is_object else "picture"
        found.pieces.append(f"[{what}: {said}]" if said else f"[{what}]")
