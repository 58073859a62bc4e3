"""`/models`: the models, their versions side by side, and any two of them compared."""

import threading

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.pages import model_version
from slipway.console.paging import Page, page_request
from slipway.console.site import Site, site_of
from slipway.domain.catalogue import NEWEST, VersionQuery
from slipway.domain.errors import InvalidInput, NotFound
from slipway.domain.metrics import is_detail, main_metric
from slipway.domain.names import Channel, ModelName, ModelVersion

_SECONDS = 10.0  # between two looks for what is new


def models(request: Request) -> Response:
    """Each model with its newest version and its channels."""
    site = site_of(request)
    found = [(summary, main_metric(summary.newest.metrics)) for summary in site.catalogue.models()]
    return site.render(request, "models/list.html", models=found, problems=site.catalogue.problems)


def versions(request: Request) -> Response:
    """One model's versions, with their metrics side by side."""
    site = site_of(request)
    name = ModelName.parse(request.path_params["name"])
    if not site.catalogue.find(VersionQuery(name=name), 1, 1).total:
        raise NotFound(f"there is no model {name}", hint="The page Models has all there are")
    given = request.query_params
    query = VersionQuery(
        name=name,
        channel=Channel.parse(given["channel"]) if given.get("channel") else None,
        search=given.get("q", "").strip(),
        sort=given.get("sort") or NEWEST,
        descending=given.get("order") != "up",
    )
    number, size = page_request(request)
    found = site.catalogue.find(query, number, size)
    metrics = [metric for metric in site.catalogue.metrics(name) if not is_detail(metric)]
    return site.render(
        request,
        "models/versions.html",
        name=name,
        query=query,
        page=Page(found.entries, number, size, found.total),
        metrics=metrics,
        problems=site.catalogue.problems,
    )


def compare(request: Request) -> Response:
    """Two versions beside each other."""
    site = site_of(request)
    name = ModelName.parse(request.path_params["name"])
    given = [request.query_params.get(side, "") for side in ("a", "b")]
    if not all(given):
        raise InvalidInput("two versions are needed", hint=f"Choose them on the page of {name}")
    a, b = map(ModelVersion.parse, given)
    if {a.name, b.name} != {name}:
        raise InvalidInput(
            f"{a} and {b} are not both versions of {name}",
            hint="slipway compare compares any two",
        )
    found = site.catalogue.compare(a, b)
    return site.render(request, "models/compare.html", name=name, found=found)


def follow_versions(site: Site, stop: threading.Event) -> None:
    """Keep the catalogue in step while the console runs."""
    everything = True  # what others took out meanwhile
    while not stop.is_set():
        site.catalogue.refresh(everything=everything, stopped=stop.is_set)
        everything = False
        stop.wait(_SECONDS)


ROUTES = [
    Route("/models", models),
    Route("/models/{name}", versions),
    Route("/models/{name}/compare", compare),
    *model_version.ROUTES,
]
