"""`/`: what is up, what is wrong, what to do."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.site import Site, site_of
from slipway.domain.device_report import Health
from slipway.services.overview.gather import Overview
from slipway.services.problem import Problem

_SECONDS = 5.0  # between two looks


@dataclass(frozen=True)
class View:
    """What the page shows."""

    found: Overview
    problems: Sequence[tuple[Problem, str]]  # with the page that tells more, if any
    due: tuple[str, float] | None  # which signed metadata expires first, in how many days


def home(request: Request) -> Response:
    """All of it on one screen."""
    site = site_of(request)
    return site.render(request, "home.html", view=_view(site))


async def events(request: Request) -> Response:
    """The same as it changes."""
    site = site_of(request)

    def make() -> str:
        return site.fragment("_overview.html", view=_view(site))

    return site.topics.topic("overview", make, _SECONDS).response(request)


def _view(site: Site) -> View:
    found = site.overview.get()
    problems = [(problem, _page_of(problem)) for problem in found.problems]
    return View(found, problems, _due(found))


def _page_of(problem: Problem) -> str:
    """The page that tells more of a problem; empty when none does."""
    if problem.where == "devices":
        return f"/devices?health={problem.code}" if problem.code in list(Health) else "/devices"
    if problem.where.startswith("pipeline "):
        pipeline = quote(problem.where.removeprefix("pipeline "))
        return f"/runs?status=failed&pipeline={pipeline}"
    if problem.where == "runs":
        return "/runs?status=waiting"
    if problem.code in ("undelivered", "unsigned") or problem.where == "channels":
        return "/channels"
    return ""


def _due(found: Overview) -> tuple[str, float] | None:
    if not found.validity:
        return None
    role, end = min(found.validity.items(), key=lambda item: item[1])
    return role, (end - time.time()) / 86_400


ROUTES = [Route("/", home), Route("/events", events)]
