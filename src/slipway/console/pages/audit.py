"""`/audit`: who changed what, and when."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.paging import Page, page_request
from slipway.console.site import site_of


def audit(request: Request) -> Response:
    """The entries that hold what is searched for, newest first."""
    site = site_of(request)
    number, size = page_request(request)
    text = request.query_params.get("q", "")
    entries = site.audit.read(limit=size, offset=(number - 1) * size, text=text)
    found = Page(entries, number, size, site.audit.count(text))
    return site.render(request, "audit.html", page=found, text=text)


ROUTES = [Route("/audit", audit)]
