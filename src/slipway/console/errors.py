"""What went wrong, as a page: the message and what to do, never a traceback."""

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway.console.site import site_of
from slipway.domain.errors import (
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    Refused,
    SlipwayError,
    Unavailable,
)

_STATUS: tuple[tuple[type[SlipwayError], int], ...] = (
    (NotFound, 404),
    (InvalidInput, 400),
    (Denied, 403),
    (Conflict, 409),
    (Refused, 409),
    (Unavailable, 503),
)
_TITLES = {
    400: "That does not work",
    401: "Log in first",
    403: "You may not do this",
    404: "There is no such page",
    405: "That does not work",
    409: "Not now",
    429: "Too often",
    503: "No answer",
}
_log = logging.getLogger(__name__)


def status_of(error: SlipwayError) -> int:
    """The HTTP status that fits an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def error_page(request: Request, status: int, message: str, hint: str = "") -> Response:
    """The page that tells of an error."""
    title = _TITLES.get(status, "Something went wrong")
    return site_of(request).render(
        request, "error.html", status=status, title=title, message=message, hint=hint
    )


def http_error(request: Request, error: Exception) -> Response:
    """The page for what the router says."""
    if not isinstance(error, HTTPException):
        raise error
    told = {
        404: (f"nothing is at {request.url.path[:200]}", "The menu leads to all there is"),
        405: (f"{request.url.path[:200]} takes no {request.method}", "Use the page's own form"),
    }
    message, hint = told.get(error.status_code, (error.detail, ""))
    return error_page(request, error.status_code, message, hint)


class ErrorPages:
    """Turns what is raised below into a page; what nobody expected goes to the log, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            request = Request(scope)
            if isinstance(error, SlipwayError):
                page = error_page(request, status_of(error), error.message, error.hint)
            elif isinstance(error, HTTPException):  # of a form that cannot be read
                page = http_error(request, error)
            else:
                _log.exception("%s %s", scope["method"], scope["path"])
                what = f"{type(error).__name__}: this is a defect of Slipway"
                page = error_page(request, 500, what, "The console's log shows where")
            await page(scope, receive, send)
