"""Requests wait for the one network in the order in which they came."""

from __future__ import annotations

import threading


class WaitingLine:
    """Who comes first is served; the others know how many stand before them. Safe for threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: list[object] = []

    def join(self) -> object:
        """Stand at the end; the ticket is needed to wait and to leave."""
        ticket = object()
        with self._changed:
            self._tickets.append(ticket)
        return ticket

    def place(self, ticket: object) -> int:
        """How many stand before this ticket; 0 means that it is its turn."""
        with self._changed:
            return self._tickets.index(ticket)

    def wait_for_turn(self, ticket: object) -> None:
        """Wait until nobody stands before this ticket."""
        with self._changed:
            self._changed.wait_for(lambda: self._tickets[0] is ticket)

    def wait_for_change(self, ticket: object, place: int, timeout_seconds: float) -> int:
        """Wait until the ticket has another place than `place`, at most so long; its place then."""
        with self._changed:
            self._changed.wait_for(lambda: self._tickets.index(ticket) != place, timeout_seconds)
            return self._tickets.index(ticket)

    def leave(self, ticket: object) -> None:
        """Make room for the next, from wherever one stands."""
        with self._changed:
            self._tickets.remove(ticket)
            self._changed.notify_all()
