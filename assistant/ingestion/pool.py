"""A few warm children, lent out one by one; one that dies is replaced, one that has grown is retired."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.errors import FileRefusedError
from assistant.ingestion.child import Child, ChildError
from assistant.ingestion.limits import Limits
from assistant.ingestion.messages import Received, Refused, Request
from assistant.ingestion.problems import refusal


class Pool:
    """At most `size` children at a time. Those who come when all are lent wait."""

    def __init__(self, size: int) -> None:
        self._free_places = threading.BoundedSemaphore(size)
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def warm(self, limits: Limits) -> None:
        """Start a child now, so that the first file need not wait for it."""
        if self._free_places.acquire(blocking=False):
            self._put_back(self._take(limits))

    @contextmanager
    def lend(self, limits: Limits) -> Iterator[Child]:
        """A child for one piece of work. If the work does not end well, or is closed, the child is killed."""
        self._free_places.acquire()
        child: Child | None = None
        is_done = False
        try:
            child = self._take(limits)
            yield child
            is_done = True
        finally:
            if child is not None and is_done:
                self._put_back(child)
            else:
                if child is not None:
                    child.end()
                self._free_places.release()

    def answer(self, request: Request, limits: Limits) -> Received:
        """What a child answers to one request. Raises FileRefusedError if it refuses, dies or takes too long."""
        try:
            with self.lend(limits) as child:
                child.ask(request)
                received = child.receive(limits.file_seconds)
        except ChildError as error:
            raise refusal(error.code) from error
        if isinstance(received.message, Refused):
            raise FileRefusedError(received.message.code, received.message.message)
        return received

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _take(self, limits: Limits) -> Child:
        with self._lock:
            idle, self._idle = self._idle, []
        fit = [child for child in idle if child.is_alive and child.limits == limits]
        for child in idle:
            if child not in fit:
                child.end()
        with self._lock:
            self._idle.extend(fit[1:])
        return fit[0] if fit else Child(limits)

    def _put_back(self, child: Child) -> None:
        if child.is_worn:
            child.end()
        else:
            with self._lock:
                self._idle.append(child)
        self._free_places.release()
