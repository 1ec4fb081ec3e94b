"""What happens in the summary's tab."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.domain import Summary
from assistant.errors import RecordNotFoundError
from assistant.ui import summary_html
from assistant.ui.drawing import said
from assistant.ui.occasions import Occasion
from assistant.ui.stoppable import stoppable
from assistant.ui.view import View
from assistant.ui.visits import Visit

_KIND = "brief"


def summarize(visit: Visit, _: Occasion) -> Iterator[View]:
    """Write the brief summary heading by heading."""
    if visit.record_id is None:
        raise RecordNotFoundError("no record is open; open one first")
    record_id, stopped = visit.record_id, visit.begin_answer()
    yield View(summary=summary_html.under_way(None), status=said("Writing the summary."))
    try:
        with stoppable(visit.service.summarize(record_id, _KIND)) as events:
            for event in events:
                if stopped.is_set():
                    break
                if isinstance(event, Summary):
                    visit.summary = event
                else:
                    yield View(summary=summary_html.under_way(event))
    except Exception:
        yield View(summary=summary_html.summary(visit.summary))  # it must not seem to go on
        raise
    if visit.is_answering(stopped):
        yield View(
            summary=summary_html.summary(visit.summary), status=said("Summary ready." if visit.summary else "Stopped.")
        )
