"""Tell the words that a reader of the page sees from those that the file hides from the eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pymupdf

from assistant.domain import Box, HiddenText, HidingPlace
from assistant.ingestion.layout.page_text import visible_text
from assistant.ingestion.pdf.covered import painted_over
from assistant.ingestion.pdf.ink import LetterInk
from assistant.ingestion.pdf.paint import Paint
from assistant.ingestion.pdf.spans import Span, Spans
from assistant.ingestion.pdf.words import Boxes, FoundWords, Marks, on_page

_TINIEST_POINTS = 2.0
# A word's box is higher than its font's size; only words lower than this are looked up.
_LOW_POINTS = 4.0
# Shades of 255 in which letters and paper may differ and still be one colour to the eye.
_SAME_COLOUR = 26
_OVERLAP = 0.4
_MOST_HIDDEN = 200
_MOST_PICTURES = 1_000
# Some scanners lay their picture over the words that they have recognized, or make those transparent.
_SCAN_SHARE = 0.7
_UNDER_SCANS = (HidingPlace.COVERED, HidingPlace.INVISIBLE)
_MOST_CHARACTERS = 2_000
_SMALLEST = 0.5
_WAYS = {
    HidingPlace.WHITE: "in the colour of the paper",
    HidingPlace.TINY: "too small to read",
    HidingPlace.OFF_PAGE: "outside the visible page",
    HidingPlace.COVERED: "under something else",
    HidingPlace.INVISIBLE: "invisible",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen of a page's words. `places`: how each word is hidden, None for one that is seen.

    `layer` are words in invisible letters over a picture, or under one: a scanner's own recognition. `misfits` are
    those of them where the picture shows nothing.
    """

    places: Sequence[HidingPlace | None]
    layer: frozenset[int]
    misfits: frozenset[int]

    @property
    def shown(self) -> list[int]:
        """The words that are the page's text, by their numbers."""
        return [number for number, place in enumerate(self.places) if place is None]

    def without_misfits(self) -> Sight:
        """The same for a text layer that is right on the whole: its words over bare paper are hidden ones."""
        places = [HidingPlace.INVISIBLE if n in self.misfits else place for n, place in enumerate(self.places)]
        return Sight(places=places, layer=self.layer - self.misfits, misfits=frozenset())


@dataclass(slots=True, kw_only=True)
class Look:
    """A look at one page. Without `ink` (it cannot be drawn) a word is hidden only where its span says so."""

    page: pymupdf.Page
    text: pymupdf.TextPage
    words: FoundWords
    paint: Paint
    ink: LetterInk | None
    width: float
    height: float
    places: list[HidingPlace | None] = field(default_factory=list)
    _spans: Spans | None = None

    def sight(self) -> Sight:
        """Judge every word."""
        boxes = self.words.boxes
        inside = on_page(boxes, self.width, self.height)
        self.places = [None if is_inside else HidingPlace.OFF_PAGE for is_inside in inside.tolist()]
        for number in np.flatnonzero(inside & self._is_low(boxes)).tolist():
            if (span := self._span(number)) is not None and span.size_points < _TINIEST_POINTS:
                self.places[number] = HidingPlace.TINY
        layer = self._layer(inside) if self.paint.has_unpainted_letters else set()
        layer |= self._mark_unseen(layer)
        for covered in painted_over(self.page, self.words, self.paint):
            if self.places[covered] is None and covered not in layer:
                self.places[covered] = HidingPlace.COVERED
        return Sight(places=self.places, layer=frozenset(layer), misfits=self._misfits(layer))

    def _mark_unseen(self, layer: set[int]) -> set[int]:
        """Say how each unseen word is hidden. Returns those that are a text layer of another kind, under a scan."""
        open_words = np.array([n for n, place in enumerate(self.places) if place is None and n not in layer], dtype=int)
        if self.ink is None:
            self._mark_by_span(open_words)
            return set()
        unseen = open_words[~self.ink.are_seen(self.words.boxes[open_words])] if len(open_words) else open_words
        if not len(unseen):
            return set()
        others = np.setdiff1d(open_words, unseen)
        # Boxes of fonts with wrong measures miss their letters: ink beside them may be theirs.
        is_stray = self.ink.has_stray_ink(self.words.boxes[unseen], self.words.boxes[others])
        is_under_scan = _are_over(self.words.boxes, self._pictures(_SCAN_SHARE))
        under: set[int] = set()
        for number in unseen[~is_stray].tolist():
            place = self._place(number, self.ink)
            if is_under_scan[number] and place in _UNDER_SCANS:
                under.add(number)
            else:
                self.places[number] = place
        return under

    def _pictures(self, share: float = 0.0) -> Boxes:
        """The boxes of the page's pictures that take at least such a share of it."""
        boxes = np.array(self.paint.pictures[:_MOST_PICTURES]).reshape(-1, 4)
        sides = (boxes[:, 2:] - boxes[:, :2]).clip(0)
        return np.asarray(boxes[sides[:, 0] * sides[:, 1] >= share * self.width * self.height])

    def _mark_by_span(self, open_words: np.ndarray[tuple[int], np.dtype[np.int_]]) -> None:
        for number in open_words.tolist():
            if (span := self._span(number)) is not None and (not span.is_painted or span.is_transparent):
                self.places[number] = HidingPlace.INVISIBLE

    def _place(self, number: int, ink: LetterInk) -> HidingPlace | None:
        span = self._span(number)
        if span is not None and span.is_clip and ink.paper_has_marks(self.words.boxes[[number]])[0]:
            return None
        if span is None or not span.is_painted or span.is_transparent:
            return HidingPlace.INVISIBLE
        paper = ink.paper(self.words.boxes[number])
        is_same = max(abs(a - b) for a, b in zip(span.colour, paper, strict=True)) <= _SAME_COLOUR
        if is_same:
            return HidingPlace.WHITE
        # Where the page is blank, MuPDF may have failed to draw it: nothing covers its words.
        return HidingPlace.COVERED if ink.shows_anything else None

    def _layer(self, inside: Marks) -> set[int]:
        """The unpainted words that stand over a picture, and over no painted word."""
        spans = [self._span(number) if is_inside else None for number, is_inside in enumerate(inside.tolist())]
        unpainted = np.array([n for n, span in enumerate(spans) if span is not None and not span.is_painted], dtype=int)
        painted = np.array([n for n, span in enumerate(spans) if span is not None and span.is_painted], dtype=int)
        boxes = self.words.boxes[unpainted]
        over = _are_over(boxes, self._pictures())
        doubled = _are_doubled(boxes, self.words.boxes[painted])
        return set(unpainted[over & ~doubled].tolist())

    def _misfits(self, layer: set[int]) -> frozenset[int]:
        if self.ink is None or not layer:
            return frozenset()
        numbers = sorted(layer)
        fits = self.ink.paper_has_marks(self.words.boxes[numbers])
        return frozenset(number for number, is_fit in zip(numbers, fits, strict=True) if not is_fit)

    def _is_low(self, boxes: Boxes) -> Marks:
        return np.asarray((boxes[:, 2:] - boxes[:, :2]).min(axis=1) < _LOW_POINTS)

    def _span(self, number: int) -> Span | None:
        if self._spans is None:
            self._spans = Spans.of(self.text, self.page.rotation_matrix)
        return self._spans.of_word(self.words.lines[number], self.words.boxes[number].tolist())


def hidden_texts(words: FoundWords, sight: Sight, *, width: float, height: float) -> tuple[HiddenText, ...]:
    """The hidden words, those of one line and place together; no more than a page of them."""
    runs: list[tuple[HidingPlace, int, list[int]]] = []
    for number, place in enumerate(sight.places):
        if place is None:
            continue
        if runs and runs[-1][0] is place and runs[-1][1] == words.lines[number]:
            runs[-1][2].append(number)
        elif len(runs) < _MOST_HIDDEN:
            runs.append((place, words.lines[number], [number]))
    return tuple(_hidden_text(words, place, numbers, width, height) for place, _, numbers in runs)


def _hidden_text(words: FoundWords, place: HidingPlace, numbers: list[int], width: float, height: float) -> HiddenText:
    text = " ".join(visible_text(words.texts[number]) for number in numbers)[:_MOST_CHARACTERS]
    if place is HidingPlace.OFF_PAGE:
        return HiddenText(text=text, place=place, box=None)
    boxes = words.boxes[numbers]
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0).clip(0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    x0, y0 = min(x0, width - _SMALLEST), min(y0, height - _SMALLEST)
    x1, y1 = min(max(x1, x0 + _SMALLEST), width), min(max(y1, y0 + _SMALLEST), height)
    return HiddenText(text=text, place=place, box=Box(x0=x0, y0=y0, x1=x1, y1=y1))


def hidden_warning(sight: Sight) -> str | None:
    """How many words are hidden, and how; none of them quoted."""
    counts = Counter(place for place in sight.places if place is not None)
    if not counts:
        return None
    ways = ", ".join(f"{count:,} {_WAYS[place]}" for place, count in sorted(counts.items()))
    return f"words that the page does not show were left out: {ways}"


def _are_over(boxes: Boxes, others: Boxes) -> Marks:
    """Which of the boxes have their middle in one of the others."""
    found = np.zeros(len(boxes), dtype=np.bool_)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    for x0, y0, x1, y1 in others.tolist():
        found |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    return found


def _are_doubled(boxes: Boxes, others: Boxes) -> Marks:
    """Which of the boxes share much of their area with one of the others."""
    found = np.zeros(len(boxes), dtype=np.bool_)
    for number, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        across = np.minimum(others[:, 2], x1) - np.maximum(others[:, 0], x0)
        down = np.minimum(others[:, 3], y1) - np.maximum(others[:, 1], y0)
        area = max((x1 - x0) * (y1 - y0), 0.01)
        found[number] = bool((across.clip(0) * down.clip(0) > _OVERLAP * area).any())
    return found
