"""`/pipelines`: what there is to run; `/pipelines/NAME`: the form that runs or schedules it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway import wiring
from slipway.console.access import Role, needs
from slipway.console.csrf import form_of, text_of
from slipway.console.errors import status_of
from slipway.console.forms import Field, fields_of, given, typed
from slipway.console.graph import draw
from slipway.console.pages.schedules import Asked, confirmation
from slipway.console.replies import see_other
from slipway.console.site import Site, site_of
from slipway.console.steps import MARKS, plan_of
from slipway.domain.errors import InvalidInput, SlipwayError
from slipway.ports.pipeline_backend import Argument, PipelineBackend
from slipway.services.all_runs import find_run
from slipway.services.start_run import start

_ITSELF = ("git_commit", "started")  # what each run finds out for itself


@dataclass(frozen=True)
class Described:
    """A pipeline in the list; `problem` says why no more is known of it."""

    name: str
    description: str = ""
    problem: str = ""


def listing(request: Request) -> Response:
    """All pipelines with their last runs."""
    site = site_of(request)
    backend = site.backends[wiring.LOCAL]
    known = site.runs.get()
    last = {run.state.pipeline: run.state for run in reversed(known.runs)}
    return site.render(
        request,
        "pipelines/list.html",
        pipelines=[_described(backend, name) for name in backend.pipelines()],
        last=last,
        marks=MARKS,
    )


def form(request: Request) -> Response:
    """The form, as the pipeline has it or, with `?run=`, as that run was started."""
    site = site_of(request)
    arguments: Mapping[str, Argument] = {}
    where = wiring.LOCAL
    if run_id := request.query_params.get("run", ""):
        run = find_run(site.backends, run_id)
        where = run.backend
        arguments = site.backends[where].arguments(run_id)
    fields = _fields(site, site.backends[where], request.path_params["name"], arguments)
    return _page(request, fields, where=where, run_id=run_id)


@needs(Role.RUN)
def begin(request: Request) -> Response:
    """Queue a run with what was typed; the form again when that does not go."""
    site, where, backend = _chosen(request)
    name = request.path_params["name"]
    fields = _typed(request, backend)
    try:
        _check(fields)
        defaults = wiring.run_defaults(site.settings)
        trail = site.trail(request)
        state = start(backend, defaults, name, given(fields), trail=trail, queue=True)
    except SlipwayError as error:
        return _page(request, fields, where=where, problem=error)
    site.runs.forget()
    return see_other(request, f"/runs/{state.id}")


@needs(Role.RUN)
def confirm(request: Request) -> Response:
    """Show what a schedule would do, to be confirmed."""
    _, where, backend = _chosen(request)
    fields = _typed(request, backend)
    try:
        _check(fields)
        asked = Asked(
            text_of(request, "schedule").strip(),
            request.path_params["name"],
            text_of(request, "cron").strip(),
            where,
            given(fields),
        )
        return confirmation(request, asked)
    except SlipwayError as error:
        return _page(request, fields, where=where, problem=error)


def _described(backend: PipelineBackend, name: str) -> Described:
    try:
        return Described(name, backend.description(name))
    except SlipwayError as error:  # one that is broken hides no other
        return Described(name, problem=error.message)


def _chosen(request: Request) -> tuple[Site, str, PipelineBackend]:
    site, where = site_of(request), text_of(request, "backend").strip() or wiring.LOCAL
    return site, where, site.backend(where)


def _fields(
    site: Site, backend: PipelineBackend, name: str, arguments: Mapping[str, Argument]
) -> list[Field]:
    defaults = wiring.run_defaults(site.settings)
    settings: dict[str, Argument] = {**defaults, **dict.fromkeys(_ITSELF, "")}
    kept = {key: value for key, value in arguments.items() if key not in _ITSELF}
    return fields_of(backend.parameters(name), settings, kept)


def _typed(request: Request, backend: PipelineBackend) -> list[Field]:
    fields = _fields(site_of(request), backend, request.path_params["name"], {})
    return typed(fields, {key: str(value) for key, value in form_of(request).items()})


def _check(fields: Sequence[Field]) -> None:
    if wrong := [field.problem for field in fields if field.problem]:
        raise InvalidInput("; ".join(wrong), hint="Mend it below")


def _page(
    request: Request,
    fields: Sequence[Field],
    *,
    where: str,
    run_id: str = "",
    problem: SlipwayError | None = None,
) -> Response:
    site, name = site_of(request), request.path_params["name"]
    backend = site.backends[where]
    sent = request.method == "POST"
    return site.render(
        request,
        "pipelines/pipeline.html",
        status=status_of(problem) if problem else 200,
        name=name,
        description=backend.description(name),
        drawing=draw(plan_of(backend.graph(name))),
        own=[field for field in fields if not field.settings],
        settings=[field for field in fields if field.settings],
        backends=list(site.backends),
        where=where,
        run_id=run_id,
        problem=problem,
        schedule=text_of(request, "schedule").strip() if sent else "",
        cron=text_of(request, "cron").strip() if sent else "",
    )


ROUTES = [
    Route("/pipelines", listing),
    Route("/pipelines/{name}", form, methods=["GET"]),
    Route("/pipelines/{name}", begin, methods=["POST"]),
    Route("/pipelines/{name}/schedule", confirm, methods=["POST"]),
]
