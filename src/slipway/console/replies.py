"""Answers that are no page."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse


def see_other(request: Request, url: str, message: str = "") -> RedirectResponse:
    """Go on to a page of the console after something was done; the message is shown there once."""
    if message:
        request.state.session = replace(request.state.session, message=message)
    return RedirectResponse(url, 303)
