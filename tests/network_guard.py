"""Refuse every connection and look-up but those of this machine's own loopback; imports nothing of ours."""

from __future__ import annotations

import ipaddress
from typing import Any


def refuse_other_hosts(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (sys.addaudithook): raises ConnectionRefusedError where a socket would leave the machine."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1] if len(arguments) > 1 else None
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise ConnectionRefusedError(f"a test tried to reach {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_here(_text(arguments[0])):
        raise ConnectionRefusedError(f"a test tried to look up {_text(arguments[0])}")


def _text(host: object) -> str:
    return host.decode() if isinstance(host, bytes) else str(host or "localhost")


def _is_here(host: str) -> bool:
    if host in ("localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
