"""The console's ASGI application."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from slipway.console.csrf import CsrfMiddleware
from slipway.console.errors import ErrorPages, http_error
from slipway.console.guard import GuardMiddleware
from slipway.console.headers import HeadersMiddleware
from slipway.console.hosts import LOOPBACK, HostMiddleware, is_loopback
from slipway.console.pages import (
    audit,
    channels,
    devices,
    home,
    login,
    models,
    pipelines,
    run_files,
    runs,
    schedules,
)
from slipway.console.proxy import ProxyMiddleware, proxy_networks
from slipway.console.sessions import SessionMiddleware
from slipway.console.site import Site
from slipway.console.templating import STATIC
from slipway.settings import Settings

PAGES = (  # modules with ROUTES
    *(home, login, audit, pipelines, runs, run_files, schedules),
    *(models, channels, devices),
)
# What goes on behind the pages: each runs in a thread of its own until the event is set.
BACKGROUND: tuple[Callable[[Site, threading.Event], None], ...] = (
    devices.follow_fleet,
    models.follow_versions,
)


def create_app(settings: Settings) -> Starlette:
    """The console of an installation; raises what is wrong with the settings."""
    site = Site(settings)
    console = settings.console
    names = (*LOOPBACK, *console.hosts) if is_loopback(console.host) else console.hosts
    app = Starlette(
        routes=[
            *(route for page in PAGES for route in page.ROUTES),
            Route("/healthz", _healthz),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(HeadersMiddleware),
            Middleware(HostMiddleware, names),
            Middleware(ProxyMiddleware, proxy_networks(console.proxy_from)),
            Middleware(SessionMiddleware, site.cookies),
            Middleware(ErrorPages),
            Middleware(GuardMiddleware, site.door),
            Middleware(CsrfMiddleware, site.cookies),
        ],
        exception_handlers={HTTPException: http_error},
        lifespan=_background,
    )
    app.state.site = site
    return app


@asynccontextmanager
async def _background(app: Starlette) -> AsyncIterator[None]:
    stop = threading.Event()
    threads = [
        threading.Thread(target=work, args=(app.state.site, stop), name=work.__qualname__)
        for work in BACKGROUND
    ]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
