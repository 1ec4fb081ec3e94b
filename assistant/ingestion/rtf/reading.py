"""Interpret the tokens of an RTF file: what is text, how it looks, and in which story it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.domain import HidingPlace
from assistant.ingestion.office.page_furniture import PAGE_NUMBER
from assistant.ingestion.pdf.raised_digits import raised
from assistant.ingestion.problems import refusal
from assistant.ingestion.rtf.fonts import Fonts
from assistant.ingestion.rtf.state import Group, Look, ParagraphLook, RtfField
from assistant.ingestion.rtf.story import Story
from assistant.ingestion.rtf.tokens import RtfToken, rtf_tokens
from assistant.ingestion.rtf.words import DESTINATIONS, SKIPPED, STORIES, SYMBOL_TEXTS, TEXTS

_DEEPEST = 1_000
_PAGE_FIELDS = frozenset({"PAGE", "NUMPAGES", "SECTIONPAGES"})

Words = dict[str, Callable[[int | None], None]]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What held outside a group, for when it ends."""

    group: Group
    story: Story
    paragraph: ParagraphLook
    kind: str


class RtfReading:
    """Everything that an RTF file says, once it is read."""

    def __init__(self, data: bytes) -> None:
        self.body = Story()
        self.headers: list[Story] = []
        self.footers: list[Story] = []
        self.notes: list[Story] = []
        self.comments: list[tuple[str, Story]] = []
        self.pictures = 0
        self.has_changes = False
        self._fonts = Fonts()
        self._font: int | None = None
        self._colors: list[list[int]] = [[]]
        self._headings: dict[int, int] = {}
        self._style: int | None = None
        self._author = ""
        self._story = self.body
        self._paragraph = ParagraphLook()
        self._edges: list[int] = []
        self._row_is_heading = False
        self._row_has_ground = False
        self._group = Group()
        self._opened: list[_Opened] = []
        self._is_fresh = False
        self._bytes = bytearray()
        self._to_skip = 0
        self._words = self._paragraph_words() | self._look_words() | self._table_words() | self._document_words()
        self.is_cut_off = not self._read(data)

    def _read(self, data: bytes) -> bool:
        """Read it all; returns whether the document's group was closed."""
        for token in rtf_tokens(data):
            if token.brace == "{":
                self._open()
            elif token.brace:
                self._close()
                if not self._opened:
                    return True
            elif token.word:
                self._flush()
                self._word(token.word, token.number)
            elif token.data:
                self._text(token)
            else:
                self._symbol(token.symbol)
        self._flush()
        return False

    def _open(self) -> None:
        self._flush()
        if len(self._opened) >= _DEEPEST:
            raise refusal("damaged")
        group = self._group
        self._opened.append(_Opened(group, self._story, self._paragraph, ""))
        self._group = replace(group, look=replace(group.look), is_optional=False)
        self._is_fresh, self._to_skip = True, 0

    def _close(self) -> None:
        self._flush()
        self._to_skip, self._is_fresh = 0, False
        if not self._opened:
            return
        group, story = self._group, self._story
        opened = self._opened.pop()
        self._group, self._story, self._paragraph = opened.group, opened.story, opened.paragraph
        if opened.kind == "box":
            opened.story.add(story.items())
        elif opened.kind == "field" and group.field is not None and group.destination == "":
            self._end_field(group.field)

    def _end_field(self, ended: RtfField) -> None:
        if ended.name == "FORMCHECKBOX":
            self._say("☒" if ended.is_checked else "☐")
        elif ended.name in _PAGE_FIELDS:
            self._say(PAGE_NUMBER)

    def _flush(self) -> None:
        if self._bytes:
            data = bytes(self._bytes)
            self._bytes.clear()
            self._say(self._fonts.decode(data, self._font if self._group.look.font is None else self._group.look.font))

    def _text(self, token: RtfToken) -> None:
        data = token.data
        self._is_fresh = False
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        if self._group.destination != "skip":
            self._bytes += data

    def _say(self, text: str) -> None:
        match self._group.destination:
            case "":
                self._say_in_story(text)
            case "marker":
                self._story.marker += text
            case "instruction" if self._group.field is not None:
                self._group.field.instruction += text
            case "author":
                self._author += text
            case "colors":
                self._colors += [[] for _ in range(text.count(";"))]
            case "styles" if self._style is not None and text.lower().startswith("heading ") and text[8:9].isdecimal():
                self._headings[self._style] = int(text[8]) + 1

    def _say_in_story(self, text: str) -> None:
        look = self._group.look
        if look.is_deleted:
            self.has_changes = True
            return
        if self._group.field is not None and self._group.field.name in _PAGE_FIELDS and text != PAGE_NUMBER:
            return
        is_on_ground = self._paragraph.has_ground or (self._row_has_ground and self._paragraph.depth > 0)
        place = None if not text.strip() or text == PAGE_NUMBER else look.hiding_place()
        if place is None or (place is HidingPlace.WHITE and is_on_ground):
            self._story.say(raised(text) if look.is_raised else text, is_struck=look.is_struck)
        else:
            self._story.hide(text, place)

    def _symbol(self, symbol: str) -> None:
        self._flush()
        if symbol == "*" and self._is_fresh:
            self._group.is_optional = True
            return
        self._is_fresh = False
        if symbol in ("\n", "\r", "\r\n"):
            self._end_paragraph()
        elif self._to_skip:
            self._to_skip -= 1
        elif symbol in SYMBOL_TEXTS and self._group.destination != "skip":
            self._say(SYMBOL_TEXTS[symbol])

    def _word(self, word: str, number: int | None) -> None:
        if self._is_fresh:
            self._is_fresh = False
            if self._begin_destination(word):
                return
        if self._group.destination == "skip":
            if self._group.field is not None:
                self._form_word(word, number)
        elif word == "u" and number is not None:
            self._say(chr(number % 65_536))
            self._to_skip = self._group.skip_after_unicode
        elif word in TEXTS:
            self._say(TEXTS[word])
        elif (act := self._words.get(word)) is not None:
            act(number)

    def _begin_destination(self, word: str) -> bool:
        """Whether the first word of a group says where its text goes; then nothing else is to be done for it."""
        group = self._group
        if group.destination == "skip" and word not in ("ud", "fldinst", "fldrslt", "formfield"):
            return False
        if word in STORIES:
            self._begin_story(STORIES[word])
        elif word == "pict":
            self.pictures += 1
            self._say("[picture]")
            group.destination = "skip"
        elif word == "field":
            group.field = RtfField()
            self._opened[-1] = replace(self._opened[-1], kind="field")
        elif word in DESTINATIONS:
            group.destination = DESTINATIONS[word]
        elif word in SKIPPED or group.is_optional:
            group.destination = "skip"
        else:
            return False
        return True

    def _begin_story(self, kind: str) -> None:
        self._story, self._paragraph = Story(), ParagraphLook()
        self._group.look = Look()
        self._group.destination = ""
        self._opened[-1] = replace(self._opened[-1], kind=kind)
        match kind:
            case "header":
                self.headers.append(self._story)
            case "footer":
                self.footers.append(self._story)
            case "note":
                self.notes.append(self._story)
            case "comment":
                self.comments.append((" ".join(self._author.split()) or "unknown", self._story))
                self._author = ""

    def _form_word(self, word: str, number: int | None) -> None:
        field = self._group.field
        if field is not None and word == "ffres":
            field.result = number
        elif field is not None and word == "ffdefres":
            field.default = number

    def _end_paragraph(self) -> None:
        if self._group.destination == "":
            paragraph = self._paragraph
            self._story.end_paragraph(depth=paragraph.depth, heading=paragraph.heading, indent=paragraph.indent)

    def _paragraph_words(self) -> Words:
        def reset(_: int | None) -> None:
            self._paragraph = ParagraphLook()

        def set_style(number: int | None) -> None:
            if self._group.destination == "styles":
                self._style = number
            elif number in self._headings:
                self._paragraph.heading = self._headings[number]

        def set_outline(number: int | None) -> None:
            if self._group.destination == "" and number is not None:
                self._paragraph.heading = number + 2 if 0 <= number < 9 else None

        def set_indent(number: int | None) -> None:
            self._paragraph.indent = max(number or 0, 0)

        def set_ground(number: int | None) -> None:
            self._paragraph.has_ground = self._paints(number)

        def set_depth(number: int | None) -> None:
            self._paragraph.depth = max(number or 0, 0)

        def in_table(number: int | None) -> None:
            self._paragraph.depth = 0 if number == 0 else max(self._paragraph.depth, 1)

        return {
            "par": lambda _: self._end_paragraph(),
            "pard": reset,
            "s": set_style,
            "outlinelevel": set_outline,
            "ilvl": set_indent,
            "cbpat": set_ground,
            "itap": set_depth,
            "intbl": in_table,
            "page": lambda _: self._end_page(),
            "sect": lambda _: self._end_page(),
            "chftn": lambda _: self._say_note_number(),
        }

    def _is_white(self, color: int | None) -> bool:
        """Whether a number of the color table is white; 0 is the color of plain text and of paper."""
        return color is not None and 0 < color < len(self._colors) and self._colors[color] == [255, 255, 255]

    def _paints(self, color: int | None) -> bool:
        """Whether a number of the color table makes another ground than white paper."""
        return bool(color) and not self._is_white(color)

    def _end_page(self) -> None:
        if self._group.destination == "" and self._paragraph.depth == 0:
            self._story.end_page()

    def _say_note_number(self) -> None:
        """The number of the note that follows; inside the note itself its marker says it."""
        if self._story is self.body:
            self._say(raised(str(len(self.notes) + 1)))

    def _look_words(self) -> Words:
        def plain(_: int | None) -> None:
            self._group.look = Look()

        def set_font(number: int | None) -> None:
            self._group.look.font = number

        def set_size(number: int | None) -> None:
            self._group.look.size = 24 if number is None else number

        def set_color(number: int | None) -> None:
            self._group.look.is_white = self._is_white(number)

        def switch(name: str) -> Callable[[int | None], None]:
            return lambda number: setattr(self._group.look, name, number != 0)

        def set_ground(number: int | None) -> None:
            self._group.look.has_ground = self._paints(number)

        def set_unicode_skip(number: int | None) -> None:
            self._group.skip_after_unicode = max(number or 0, 0)

        def revised(_: int | None) -> None:
            self.has_changes = True

        def level(_: int | None) -> None:
            self._group.look.is_raised = False

        grounds = ("highlight", "cb", "chcbpat", "chshdng")
        return dict.fromkeys(grounds, set_ground) | {
            "plain": plain,
            "f": set_font,
            "fs": set_size,
            "cf": set_color,
            "v": switch("is_hidden"),
            "deleted": switch("is_deleted"),
            "super": switch("is_raised"),
            "strike": switch("is_struck"),
            "striked": switch("is_struck"),
            "nosupersub": level,
            "sub": level,
            "revised": revised,
            "uc": set_unicode_skip,
        }

    def _table_words(self) -> Words:
        def begin_row(_: int | None) -> None:
            self._edges, self._row_is_heading, self._row_has_ground = [], False, False

        def add_edge(number: int | None) -> None:
            self._edges.append(number or 0)

        def set_heading(_: int | None) -> None:
            self._row_is_heading = True

        def set_ground(number: int | None) -> None:
            self._row_has_ground |= self._paints(number)

        def end_cell(depth: int) -> None:
            if self._group.destination == "":
                self._story.end_cell(depth)

        def end_row(depth: int) -> None:
            if self._group.destination == "":
                self._story.end_row(depth, tuple(self._edges), is_heading=self._row_is_heading)

        return {
            "trowd": begin_row,
            "cellx": add_edge,
            "trhdr": set_heading,
            "clcbpat": set_ground,
            "cell": lambda _: end_cell(1),
            "row": lambda _: end_row(1),
            "nestcell": lambda _: end_cell(max(self._paragraph.depth, 2)),
            "nestrow": lambda _: end_row(max(self._paragraph.depth, 2)),
        }

    def _document_words(self) -> Words:
        def set_font(number: int | None) -> None:
            self._font = number

        def set_page(number: int | None) -> None:
            self._fonts.set_document(number or 0)

        def add_font(*, charset: int | None = None, page: int | None = None) -> None:
            if self._group.destination == "fonts" and self._group.look.font is not None:
                self._fonts.add(self._group.look.font, charset=charset, page=page)

        def add_channel(number: int | None) -> None:
            if self._group.destination == "colors":
                self._colors[-1].append(number or 0)

        return {
            "ansicpg": set_page,
            "mac": lambda _: self._fonts.set_document_codec("mac_roman"),
            "pc": lambda _: self._fonts.set_document_codec("cp437"),
            "pca": lambda _: self._fonts.set_document_codec("cp850"),
            "deff": set_font,
            "fcharset": lambda number: add_font(charset=number),
            "cpg": lambda number: add_font(page=number),
            "red": add_channel,
            "green": add_channel,
            "blue": add_channel,
        }
