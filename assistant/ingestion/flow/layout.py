"""A file of flow items as pages: laid out once, and each page's text, boxes and picture made from that layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from assistant.domain import Origin
from assistant.ingestion.flow.drawing import draw_set_page
from assistant.ingestion.flow.items import Item
from assistant.ingestion.flow.pages import PagePlan, plan_pages
from assistant.ingestion.flow.setting import set_page
from assistant.ingestion.flow.strips import Mark, Strip, strips
from assistant.ingestion.layout.page_text import compose
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage
from assistant.ingestion.typesetting import PAGE_HEIGHT


class FlowFile:
    """The pages that flow items make; without any item, one empty page.

    Laid out on opening, for only then is it known how many pages there are. `items` may be an iterator that parses
    while it is asked.
    """

    def __init__(
        self,
        items: Iterable[Item],
        limits: Limits,
        *,
        origin: Origin = Origin.TEXT,
        part: str | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self._limits = limits
        self._origin = origin
        self._part = part
        self._warnings = tuple(warnings)
        plans = plan_pages(self._counted(strips(items)))
        try:
            # One page more than allowed is enough to refuse the file.
            self._plans: list[PagePlan] = list(islice(plans, limits.pages + 1))
        except RecursionError as error:  # a reader goes down into what is nested; no real file is nested so deeply
            raise refusal("damaged") from error

    @property
    def page_count(self) -> int:
        return len(self._plans)

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._warnings

    def read(self, number: int) -> ReadPage:
        plan = self._plans[number - 1]
        page = set_page(plan)
        composed = compose(page.blocks, width=page.width, height=PAGE_HEIGHT, characters=self._limits.page_characters)
        return ReadPage(
            width=page.width,
            height=PAGE_HEIGHT,
            composed=composed,
            origin=self._origin,
            part=self._part,
            entries=tuple(entry for pointer in page.pointers for entry in pointer.placed(composed.lines)),
            hidden=tuple(plan.hidden),
        )

    def draw(self, number: int, width_pixels: int) -> bytes:
        page = set_page(self._plans[number - 1])
        return draw_set_page(page, height=PAGE_HEIGHT, width_pixels=width_pixels, pixels=self._limits.picture_pixels)

    def close(self) -> None:
        """Nothing is held open."""

    def _counted(self, marks: Iterable[Mark]) -> Iterator[Mark]:
        """The same marks; raises FileRefusedError where their text is more than a file may have."""
        characters = 0
        for mark in marks:
            if isinstance(mark, Strip):
                characters += sum(map(len, mark.cells))
                if characters > self._limits.file_characters:
                    raise refusal("too_much_text", limit=f"{self._limits.file_characters:,}")
            yield mark
