"""`/`: what is up, what is wrong, what to do."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.site import site_of
from slipway.local import stack


def home(request: Request) -> Response:
    """All of it on one screen."""
    site = site_of(request)
    return site.render(request, "home.html", parts=stack.status(site.settings))


ROUTES = [Route("/", home)]
