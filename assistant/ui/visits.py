"""The open tabs: whose records each may see, what it shows, and what it can stop."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.domain import FileProblem, Summary
from assistant.ui.verbs import Verbs

_MAX_VISITS = 1_000


@dataclass(slots=True, kw_only=True)
class Visit:
    """One tab. `record_id` and `conversation_id` say what it shows; long work looks there before it draws.

    `is_asked` while a question waits for its answer.
    """

    service: Verbs
    record_id: str | None = None
    conversation_id: str | None = None
    problems: dict[str, FileProblem] = field(default_factory=dict)
    summary: Summary | None = None
    is_asked: bool = False
    stop_answer: threading.Event = field(default_factory=threading.Event)
    stop_reading: threading.Event = field(default_factory=threading.Event)

    def show(self, record_id: str | None, conversation_id: str | None = None) -> None:
        """Turn to another record or conversation: an answer under way is stopped, what was said is kept."""
        if record_id != self.record_id:
            self.problems, self.summary = {}, None
        self.begin_answer()
        self.record_id, self.conversation_id = record_id, conversation_id

    def begin_answer(self) -> threading.Event:
        """Stop the answer under way, if any; the flag that stops the next one."""
        self.stop_answer.set()
        self.stop_answer = threading.Event()
        return self.stop_answer

    def begin_reading(self) -> threading.Event:
        """The flag that stops the reading that begins now."""
        self.stop_reading = threading.Event()
        return self.stop_reading

    def is_answering(self, flag: threading.Event) -> bool:
        """Whether the answer that began with `flag` is still the one to show."""
        return self.stop_answer is flag

    def end(self) -> None:
        """The tab was closed: stop what still runs for it."""
        self.stop_answer.set()
        self.stop_reading.set()


class Visits:
    """The visits by visitor and tab. The visitor is part of the key, so a stolen tab number opens nothing."""

    def __init__(self, service_for: Callable[[str], Verbs]) -> None:
        self._service_for = service_for
        self._visits: OrderedDict[tuple[str, str], Visit] = OrderedDict()
        self._lock = threading.Lock()

    def visit(
        self, visitor: str, tab: str, *, record_id: str | None = None, conversation_id: str | None = None
    ) -> Visit:
        """The visit of a tab. One that this process does not know (it was restarted) begins at what the tab shows."""
        with self._lock:
            known = self._visits.get((visitor, tab))
            if known is None:
                known = self._begin(visitor, tab, record_id, conversation_id)
            # Each time: on a shared page the records of a visitor who is not heard of are deleted.
            known.service = self._service_for(visitor)
            self._visits.move_to_end((visitor, tab))
            return known

    def end(self, visitor: str, tab: str) -> None:
        """Forget a tab that was closed."""
        with self._lock:
            visit = self._visits.pop((visitor, tab), None)
        if visit is not None:
            visit.end()

    def _begin(self, visitor: str, tab: str, record_id: str | None, conversation_id: str | None) -> Visit:
        visit = Visit(service=self._service_for(visitor), record_id=record_id, conversation_id=conversation_id)
        self._visits[visitor, tab] = visit
        while len(self._visits) > _MAX_VISITS:
            self._visits.popitem(last=False)[1].end()
        return visit
