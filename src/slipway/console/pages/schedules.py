"""`/schedules`: pipelines that are run at set times."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway import wiring
from slipway.console.access import Role, needs
from slipway.console.csrf import form_of
from slipway.console.errors import status_of
from slipway.console.replies import see_other
from slipway.console.site import Site, site_of
from slipway.domain.errors import SlipwayError
from slipway.ports.schedules import Schedule, Schedules
from slipway.services import schedules

_GIVEN = "g-"  # before the names of parameters in the form that confirms a schedule
_TIMES = 3  # next times of a schedule that are shown


@dataclass(frozen=True)
class Asked:
    """A schedule that somebody asks for; nothing of it has been checked."""

    name: str
    pipeline: str
    cron: str
    backend: str
    given: Mapping[str, str]  # parameters as they were typed


@dataclass(frozen=True)
class Line:
    """A schedule in the list; `following`: unix seconds of its next time, 0 while it is paused."""

    backend: str
    schedule: Schedule
    following: float


def listing(request: Request) -> Response:
    """The schedules of all backends."""
    site = site_of(request)
    lines, problems = _lines(site)
    return site.render(
        request,
        "schedules/list.html",
        lines=lines,
        problems=problems,
        several=len(site.backends) > 1,
        pipelines=site.backends[wiring.LOCAL].pipelines(),
    )


@needs(Role.RUN)
def add(request: Request) -> Response:
    """Keep a schedule that was confirmed; what it would do again when that does not go."""
    site = site_of(request)
    form = {key: str(value) for key, value in form_of(request).items()}
    where = form.get("backend", "")
    backend = site.backend(where)
    given = {k.removeprefix(_GIVEN): v for k, v in form.items() if k.startswith(_GIVEN)}
    name, pipeline, cron = (form.get(key, "").strip() for key in ("name", "pipeline", "cron"))
    try:
        schedules.add(
            wiring.schedules(site.settings, where),
            backend,
            wiring.run_defaults(site.settings),
            name=name,
            pipeline=pipeline,
            cron=cron,
            given=given,
            trail=site.trail(request),
        )
    except SlipwayError as error:
        return confirmation(request, Asked(name, pipeline, cron, where, given), error)
    return see_other(request, "/schedules", f"The schedule {name} is kept.")


def confirmation(request: Request, asked: Asked, problem: SlipwayError | None = None) -> Response:
    """The page that says what a schedule will do; InvalidInput for a time that is none."""
    times: list[float] = []
    for _ in range(_TIMES):
        times.append(schedules.next_time(asked.cron, times[-1] if times else time.time()))
    return site_of(request).render(
        request,
        "schedules/confirm.html",
        status=status_of(problem) if problem else 200,
        asked=asked,
        times=times,
        problem=problem,
    )


@needs(Role.RUN)
def pause(request: Request) -> Response:
    """Let it start nothing for a while."""
    return _pause(request, paused=True)


@needs(Role.RUN)
def resume(request: Request) -> Response:
    """Let it go on with the next of its times."""
    return _pause(request, paused=False)


@needs(Role.RUN)
def remove(request: Request) -> Response:
    """Forget it."""
    site, name = site_of(request), request.path_params["name"]
    schedules.remove(_kept(request), name, trail=site.trail(request))
    return see_other(request, "/schedules", f"The schedule {name} is removed.")


def _pause(request: Request, *, paused: bool) -> Response:
    site, name = site_of(request), request.path_params["name"]
    schedules.pause(_kept(request), name, paused=paused, trail=site.trail(request))
    told = "is paused" if paused else "goes on"
    return see_other(request, "/schedules", f"The schedule {name} {told}.")


def _kept(request: Request) -> Schedules:
    """The schedules of the backend that the address names."""
    site, where = site_of(request), request.path_params["backend"]
    site.backend(where)  # raises for one that there is not
    return wiring.schedules(site.settings, where)


def _lines(site: Site) -> tuple[Sequence[Line], Sequence[SlipwayError]]:
    lines: list[Line] = []
    problems: list[SlipwayError] = []
    for name in site.backends:
        try:
            for each in wiring.schedules(site.settings, name).schedules():
                lines.append(Line(name, each, _following(each)))
        except SlipwayError as problem:  # one that does not answer hides no other's
            problems.append(problem)
    return sorted(lines, key=lambda line: line.schedule.name), problems


def _following(schedule: Schedule) -> float:
    if schedule.paused:
        return 0.0
    return schedules.next_time(schedule.cron, schedule.since or time.time())


ROUTES = [
    Route("/schedules", listing, methods=["GET"]),
    Route("/schedules", add, methods=["POST"]),
    Route("/schedules/{backend}/{name}/pause", pause, methods=["POST"]),
    Route("/schedules/{backend}/{name}/resume", resume, methods=["POST"]),
    Route("/schedules/{backend}/{name}/remove", remove, methods=["POST"]),
]
