"""`/runs`: all runs; `/runs/ID`: one, and what goes on in it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.access import Role, needs
from slipway.console.graph import Drawing, draw
from slipway.console.live import Final
from slipway.console.paging import Page, page_request
from slipway.console.replies import see_other
from slipway.console.run_results import results_of
from slipway.console.site import Site, site_of
from slipway.console.steps import MARKS, StepState, steps_of
from slipway.domain.errors import InvalidName, NotFound
from slipway.domain.names import ModelVersion
from slipway.domain.plain_text import plain
from slipway.local import stack
from slipway.ports.pipeline_backend import PipelineBackend, RunState, Status
from slipway.services.all_runs import Run, Wanted, find_run, place_in_queue
from slipway.services.run_log import read_tail
from slipway.services.start_run import cancel
from slipway.wiring import LOCAL

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Stand:
    """How a run stands: the part of its page that changes, the same for all users."""

    state: RunState
    drawing: Drawing | None  # None where no graph is known
    steps: Sequence[StepState]
    words: str  # of the task that runs
    log_size: int | None  # None where the log is not here
    place: int  # in the queue, from 1; 0 when it is in none
    limit: int  # of runs at a time
    stuck: bool  # whether nothing lets it begin

    @property
    def took(self) -> float:
        """Seconds since it began, until now while it is not over."""
        return (self.state.ended or time.time()) - self.state.started


def listing(request: Request) -> Response:
    """The runs of all backends, newest first."""
    site = site_of(request)
    query = request.query_params
    wanted = Wanted(
        query.get("pipeline", ""),
        query.get("status", ""),
        query.get("actor", ""),
        query.get("q", ""),
    )
    number, size = page_request(request)
    known = site.runs.get()
    page = Page.of([run for run in known.runs if wanted.has(run)], number, size)
    return site.render(
        request,
        "runs/list.html",
        page=page,
        wanted=wanted,
        pipelines=sorted({run.state.pipeline for run in known.runs}),
        actors=sorted({run.state.actor for run in known.runs if run.state.actor}),
        statuses=list(Status),
        marks=MARKS,
        several=len(site.backends) > 1,
        places={r.state.id: place_in_queue(known.runs, r) for r in page.items if _waits(r)},
        problems=known.problems,
    )


async def listing_events(request: Request) -> Response:
    """Tells that something about the runs changed; the page then asks for itself again."""
    site = site_of(request)

    def stamp() -> str:
        states = [run.state for run in site.runs.get().runs]
        return str(hash(tuple((s.id, s.status, sum(t.ended > 0 for t in s.tasks)) for s in states)))

    return site.topics.topic("runs", stamp, 1.0).response(request)


def show(request: Request) -> Response:
    """One run."""
    site, run, backend = _found(request)
    state = run.state
    return site.render(
        request,
        "runs/run.html",
        run=run,
        state=state,
        stand=_stand(site, run, backend),
        log=_or_nothing(lambda: read_tail(backend, state.id)),
        results=results_of(backend, state),
        arguments=backend.arguments(state.id),
        model=_model(state.version),
        tracking=_tracking(site),
        marks=MARKS,
    )


async def events(request: Request) -> Response:
    """How the run stands, whenever that changes, until it is over."""
    site, run, backend = await run_in_threadpool(_found, request)

    def told() -> str:
        state = backend.state(run.state.id)
        stand = _stand(site, Run(run.backend, state), backend)
        html = site.fragment("runs/_stand.html", stand=stand, marks=MARKS)
        return Final(html) if state.over else html

    return site.topics.topic(f"run {run.state.id}", told, 1.0).response(request)


@needs(Role.RUN)
def end(request: Request) -> Response:
    """Cancel it."""
    site, run, backend = _found(request)
    state = cancel(backend, run.state.id, trail=site.trail(request))
    site.runs.forget()
    told = "is being cancelled" if not state.over else f"is over: {state.status}"
    return see_other(request, f"/runs/{state.id}", f"The run {told}.")


def found_run(request: Request) -> tuple[Run, PipelineBackend]:
    """The run that the address names, and its backend; NotFound."""
    backends = site_of(request).backends
    run = find_run(backends, request.path_params["id"])
    return run, backends[run.backend]


def _found(request: Request) -> tuple[Site, Run, PipelineBackend]:
    return (site_of(request), *found_run(request))


def _stand(site: Site, run: Run, backend: PipelineBackend) -> Stand:
    state = run.state
    waits = _waits(run)
    graph = backend.run_graph(state.id)
    steps = steps_of(state, graph)
    return Stand(
        state,
        draw(steps) if graph else None,
        [each for step in steps for each in step.flat()],
        words="" if state.over else plain(backend.last_words(state.id)),
        log_size=_or_nothing(lambda: backend.log_size(state.id)),
        place=place_in_queue(site.runs.get().runs, run) if waits else 0,
        limit=site.settings.runs.limit,
        stuck=waits and stack.runner(site.settings).find() is None,
    )


def _waits(run: Run) -> bool:
    """Whether it is in this machine's queue; a cluster has its own."""
    return run.backend == LOCAL and run.state.status is Status.WAITING


def _or_nothing(ask: Callable[[], _Found]) -> _Found | None:
    try:
        return ask()
    except NotFound:  # it is in the cluster
        return None


def _model(version: str) -> str:
    """The name of the model that a version is of; empty for what is no version."""
    try:
        return str(ModelVersion.parse(version).name)
    except InvalidName:
        return ""


def _tracking(site: Site) -> str:
    uri = site.settings.tracking_uri
    return uri.rstrip("/") if uri.startswith(("http://", "https://")) else ""


ROUTES = [
    Route("/runs", listing),
    Route("/runs/events", listing_events),
    Route("/runs/{id}", show),
    Route("/runs/{id}/events", events),
    Route("/runs/{id}/cancel", end, methods=["POST"]),
]
