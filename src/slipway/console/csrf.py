"""No other site makes a user's browser change something here.

A request that changes something has to come from a page of the console: browsers say so in
Sec-Fetch-Site and Origin, and the form holds a token that only such a page can hold.
"""

from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway.console.sessions import Cookies
from slipway.domain.errors import Denied, InvalidInput

FIELD = "csrf"
LARGEST = 1 << 20  # bytes of a form
_SAFE = {"GET", "HEAD", "OPTIONS"}


class CsrfMiddleware:
    """Reads the form of a request that changes something and raises Denied for a foreign one."""

    def __init__(self, app: ASGIApp, cookies: Cookies) -> None:
        self._app = app
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self._app(scope, receive, send)
            return
        request = Request(scope, _limited(receive))
        _same_site(request)
        async with request.form(max_files=0) as form:
            token = form.get(FIELD)
            if not isinstance(token, str) or not self._cookies.holds(request.state.session, token):
                raise Denied(
                    "this form is not from a page of yours, or it is too old",
                    hint="Load the page again and send it once more",
                )
            request.state.form = form
            await self._app(scope, receive, send)


def form_of(request: Request) -> FormData:
    """What was sent with a form."""
    form: FormData = request.state.form
    return form


def text_of(request: Request, name: str) -> str:
    """One field of the form as it was sent; empty when it was not."""
    return str(form_of(request).get(name, ""))


def _same_site(request: Request) -> None:
    origin = request.headers.get("origin")  # "null" where a browser will not tell
    own = request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != own
    ):
        raise Denied("another site sent this form", hint="Do it on the console's own page")


def _limited(receive: Receive) -> Receive:
    """The same body, as long as it is no longer than a form can be."""
    left = LARGEST

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise InvalidInput(f"the form is longer than {LARGEST} bytes", hint="Send less")
        return message

    return counted
