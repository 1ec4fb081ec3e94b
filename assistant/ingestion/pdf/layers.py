"""Words in optional layers of a PDF that are switched off: the file holds them, the page does not show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pymupdf

from assistant.domain import HiddenText, HidingPlace
from assistant.ingestion.layout.page_text import visible_text
from assistant.ingestion.pdf.words import FoundWords, found_words, text_page

mupdf = pymupdf.mupdf

_MOST_LAYERS = 1_000
_MOST_CHARACTERS = 20_000


class HiddenLayers:
    """The layers of a document that are off when it is opened."""

    def __init__(self, document: pymupdf.Document) -> None:
        self._document = document
        self._layers = mupdf.pdf_specifics(document.this)
        count = min(mupdf.pdf_count_layers(self._layers), _MOST_LAYERS)
        self._off = [layer for layer in range(count) if not mupdf.pdf_layer_is_enabled(self._layers, layer)]

    def words_of(self, number: int, shown: FoundWords) -> tuple[HiddenText, ...]:
        """What page `number` says in layers that are off; `shown` are its words without them."""
        if not self._off:
            return ()
        with self._switched_on():
            page = self._document.load_page(number - 1)
            every = found_words(text_page(page), page.rotation_matrix)
        seen = Counter(_places(shown))
        extra: list[str] = []
        for key in _places(every):
            if seen[key]:
                seen[key] -= 1
            else:
                extra.append(visible_text(key[0]))
        text = " ".join(extra)[:_MOST_CHARACTERS]
        return (HiddenText(text=text, place=HidingPlace.INVISIBLE, box=None),) if text else ()

    @contextmanager
    def _switched_on(self) -> Iterator[None]:
        self._switch(is_on=True)
        try:
            yield
        finally:
            self._switch(is_on=False)

    def _switch(self, *, is_on: bool) -> None:
        for layer in self._off:
            mupdf.pdf_enable_layer(self._layers, layer, int(is_on))


def layer_warning(hidden: tuple[HiddenText, ...]) -> str | None:
    """How many words stand in layers that are off."""
    count = sum(len(part.text.split()) for part in hidden)
    return f"words that the page does not show were left out: {count:,} in a layer that is off" if count else None


def _places(words: FoundWords) -> Iterator[tuple[str, int, int]]:
    for text, box in zip(words.texts, words.boxes.tolist(), strict=True):
        yield text, round(box[0]), round(box[1])
