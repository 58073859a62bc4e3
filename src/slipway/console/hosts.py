"""Answers only under the names that the console goes by: a foreign name that is made to lead to
this machine (DNS rebinding) must not let a foreign page read and write here."""

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether what listens on this host is out of other machines' reach."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class HostMiddleware:
    """Refuses requests whose Host is none of `names`; without names all are taken."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and self._names:
            name = _name(HTTPConnection(scope).headers.get("host", ""))
            if name not in self._names:
                told = f"error: the console does not go by the name {name[:80]!r}\n"
                told += "hint: Add it to console.hosts if it should\n"
                await PlainTextResponse(told, 400)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
