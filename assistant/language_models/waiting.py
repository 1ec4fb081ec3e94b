"""Wait for a server in a thread of its own, so that whoever asked can stop it while it is silent."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

Item = TypeVar("Item")

TICK_SECONDS = 0.2
# httpcore's names for a fresh connection: plain, and once it is encrypted.
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Call:
    """One question's connection to a server, which another thread may hang up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._hung_up = False

    def hang_up(self) -> None:
        """End the connection, now or as soon as there is one."""
        with self._lock:
            self._hung_up = True
            self._shut()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore reports of the request: here its socket is learnt."""
        if event in _CONNECTED:
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self._hung_up:
                    self._shut()

    def _shut(self) -> None:
        # Closing a socket does not wake the thread that reads from it; shutting it down does. By the plain socket's
        # method: the encrypted one's would pull the encryption from under that thread.
        if self._socket is not None:
            with contextlib.suppress(OSError):  # the server was faster
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def notice(request: httpx.Request) -> None:
    """Event hook of a client whose requests can be hung up; it must make a new connection for each of them."""
    if call := _call.get():
        request.extensions["trace"] = call.trace


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    failure: Exception | None


def with_ticks(start: Callable[[], Iterable[Item]]) -> Generator[Item | None, None, None]:
    """What `start` gives, and None after every TICK_SECONDS without anything; closing it hangs up."""
    call = Call()
    arrivals: queue.SimpleQueue[Item | _End] = queue.SimpleQueue()
    # A daemon: a silent server must not keep the program from ending.
    threading.Thread(target=_pump, args=(start, call, arrivals), name="model server", daemon=True).start()
    try:
        while True:
            try:
                arrival = arrivals.get(timeout=TICK_SECONDS)
            except queue.Empty:
                yield None
                continue
            if not isinstance(arrival, _End):
                yield arrival
            elif arrival.failure is None:
                return
            else:
                raise arrival.failure
    finally:
        call.hang_up()


def _pump(start: Callable[[], Iterable[Item]], call: Call, arrivals: queue.SimpleQueue[Item | _End]) -> None:
    _call.set(call)
    failure: Exception | None = None
    try:
        for item in start():
            arrivals.put(item)
    except Exception as raised:  # noqa: BLE001  raised again in the thread that asked
        failure = raised
    arrivals.put(_End(failure=failure))
