"""Who is asking: a random cookie a browser, and no address under which one visitor's data could reach another.

Gradio serves every file of its cache, and the stream of every tab, to whoever knows the address. A record belongs to
one visitor: the addresses of cached files are closed altogether, a tab's stream is kept to the visitor who opened it.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "anamnesis_visitor"
_COOKIE_BYTES = 32
_COOKIE_SECONDS = 24 * 3600
_MAX_TABS = 10_000

# Gradio's routes that hand out or fetch data and that this page does not use.
_CLOSED = (
    "file=",
    "file/",
    "stream/",
    "proxy=",
    "runs",
    "deep_link",
    "monitoring",
    "api_info",
    "info",
    "openapi",
    "component_server",
    "call/",
    "run/",
    "api/",
)

# Gradio builds its pages with inline scripts and templates; nothing may come from or go to another host.
_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)
# A Space is shown inside a frame of its host's site; a page on this machine has no reason to be framed.
_LOCAL_POLICY = (*_POLICY, "frame-ancestors 'self'")
_NOT_LOCAL = "This page answers on this machine only; open it as http://127.0.0.1, or start it with --host."
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def visitor_of(cookie_header: str) -> str | None:
    """The visitor that a Cookie header names, None where it names none."""
    try:
        morsel = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel and morsel.value else None


class KeepVisitorsApart:
    """ASGI middleware around Gradio's app."""

    def __init__(self, app: ASGIApp, *, is_shared: bool) -> None:
        self._app = app
        self._is_shared = is_shared
        self._headers = {**_HEADERS, "Content-Security-Policy": "; ".join(_POLICY if is_shared else _LOCAL_POLICY)}
        self._owners: OrderedDict[str, str | None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse closed addresses and foreign streams; give a new visitor a cookie."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_shared and not _is_local(headers.get("host", "")):
            # Another site's name that was made to point at this machine (DNS rebinding) would read the records.
            await PlainTextResponse(_NOT_LOCAL, status_code=421)(scope, receive, send)
            return
        visitor = visitor_of(headers.get("cookie", ""))
        if self._is_closed(scope["path"]) or self._is_foreign(scope, visitor):
            await PlainTextResponse("Not here.", status_code=404)(scope, receive, send)
            return
        cookie = None if visitor else _cookie(is_https=_is_https(scope, headers))

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), scope["path"], cookie)
            await send(message)

        await self._app(scope, receive, send_marked)

    def _mark(self, headers: MutableHeaders, path: str, cookie: str | None) -> None:
        for name, value in self._headers.items():
            if name != "Cache-Control" or not path.startswith(("/assets", "/static")):
                headers[name] = value
        if cookie:
            headers.append("set-cookie", cookie)

    @staticmethod
    def _is_closed(path: str) -> bool:
        rest = path.removeprefix("/").removeprefix("gradio_api/")
        return rest.startswith(_CLOSED)

    def _is_foreign(self, scope: Scope, visitor: str | None) -> bool:
        """Whether a tab's stream is asked for by another visitor than the one who opened it."""
        if not scope["path"].endswith("/queue/data"):
            return False
        tab = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        owner = self._owners.setdefault(tab, visitor)
        self._owners.move_to_end(tab)
        while len(self._owners) > _MAX_TABS:
            self._owners.popitem(last=False)
        return owner != visitor


def _is_local(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    try:
        return name.lower() == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_https(scope: Scope, headers: Headers) -> bool:
    return headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0].strip() == "https"


def _cookie(*, is_https: bool) -> str:
    # A Space is shown inside a frame of another site: only a partitioned third-party cookie reaches it there.
    place = "; Secure; SameSite=None; Partitioned" if is_https else "; SameSite=Lax"
    return f"{COOKIE}={secrets.token_urlsafe(_COOKIE_BYTES)}; Path=/; HttpOnly; Max-Age={_COOKIE_SECONDS}{place}"
