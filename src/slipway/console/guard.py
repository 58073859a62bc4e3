"""Lets nobody in whom the door does not know."""

from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slipway.console.doors import Door
from slipway.console.errors import error_page

_FOR_ALL = ("/login", "/healthz")


class GuardMiddleware:
    """Sets `request.state.user` (see `access.user_of`), and `request.state.still_allowed` for
    answers that take long."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope["state"]
        connection, session = HTTPConnection(scope), state["session"]
        state["user"] = None
        if scope["path"] in _FOR_ALL or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        user = state["user"] = self._door.user(connection, session)
        if user is None:
            await _login_first(Request(scope))(scope, receive, send)
            return
        state["still_allowed"] = lambda: self._door.user(connection, session) == user
        await self._app(scope, receive, send)


def _login_first(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    login = f"/login?next={quote(here, safe='')}" if request.method == "GET" else "/login"
    if request.method == "GET" and "hx-request" not in request.headers:
        return RedirectResponse(login, 303)
    page = error_page(request, 401, "you are not logged in", "Log in and do it again")
    page.headers["HX-Redirect"] = login
    return page
