"""Draw a page that was set from flow items: its words in their type, and the thin rules of its tables."""

from __future__ import annotations

import pymupdf

from assistant.ingestion.drawing import page_png
from assistant.ingestion.flow.setting import SetPage
from assistant.ingestion.flow.wrapping import runs_leftwards

_INK = (0.13, 0.15, 0.18)
_RULE_INK = (0.72, 0.75, 0.79)
_RULE_POINTS = 0.5
# A line of type sits on a baseline at this share of its height.
_BASELINE = 0.76


def draw_set_page(page: SetPage, *, height: float, width_pixels: int, pixels: int) -> bytes:
    """A PNG picture of the page."""
    with pymupdf.open() as document:
        sheet = document.new_page(width=page.width, height=height)
        if page.rules:
            shape = sheet.new_shape()
            for rule in page.rules:
                shape.draw_line((rule.x0, rule.y0), (rule.x1, rule.y1))
            shape.finish(color=_RULE_INK, width=_RULE_POINTS)
            shape.commit()
        writer = pymupdf.TextWriter(sheet.rect, color=_INK)
        for word, type_ in page.inked:
            baseline = word.y0 + _BASELINE * (word.y1 - word.y0)
            writer.append(
                (word.x0, baseline),
                word.text,
                font=type_.face.font,
                fontsize=type_.size,
                right_to_left=runs_leftwards(word.text),
            )
        writer.write_text(sheet)
        return page_png(sheet, width_pixels=width_pixels, pixels=pixels)
