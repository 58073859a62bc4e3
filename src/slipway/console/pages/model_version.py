"""`/models/NAME/versions/VERSION`: one version's card, and the way from its commit to devices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.run_results import Matrix, figures_of, matrix_of
from slipway.console.site import Site, site_of
from slipway.domain.catalogue import CatalogueEntry, VersionQuery
from slipway.domain.errors import NotFound, SlipwayError
from slipway.domain.names import Channel, ModelVersion
from slipway.services.run_reports import run_reports
from slipway.services.version_images import version_images

_Found = TypeVar("_Found")
_SHOWN = {"png": "image/png", "json": "application/json"}  # the rest is saved, never shown
_RECENT = 20  # versions to compare with


@dataclass(frozen=True)
class Asked(Generic[_Found]):
    """What another program answered, or why it did not: the rest of the page is shown anyway."""

    found: _Found | None = None
    error: SlipwayError | None = None

    @classmethod
    def of(cls, ask: Callable[[], _Found | None]) -> "Asked[_Found]":
        """Ask."""
        try:
            return cls(ask())
        except SlipwayError as error:
            return cls(error=error)


@dataclass(frozen=True)
class Reports:
    """What a version's run left, ready to be shown."""

    page: str  # of MLflow, empty when it has none
    files: Sequence[str]
    plots: Sequence[str]
    matrices: Sequence[Matrix]


@dataclass(frozen=True)
class Devices:
    """How many devices have a version."""

    running: int
    troubled: int  # have it, and it does not run


def version(request: Request) -> Response:
    """All that is known of one version."""
    site = site_of(request)
    entry = _entry(request)
    judged = bool(request.query_params.get("judged"))  # how, which takes longer to find out
    return site.render(
        request,
        "models/version.html",
        entry=entry,
        images=Asked.of(lambda: version_images(site.registry, entry.version)),
        reports=Asked.of(lambda: _reports(site, entry)) if judged else None,
        devices=_devices(site, entry.version),
        others=_others(site, entry),
        figures=figures_of(entry.metrics),
        channels=list(Channel),
    )


def file(request: Request) -> Response:
    """One file that the version's run left."""
    entry = _entry(request)
    name = request.path_params["file"]
    if not entry.run_id:
        raise NotFound(f"{entry.version} has no run in the model registry")
    data = site_of(request).models.read_file(entry.run_id, name)
    kind = _SHOWN.get(name.rpartition(".")[2])
    headers = {} if kind else {"Content-Disposition": "attachment"}
    return Response(data, media_type=kind or "application/octet-stream", headers=headers)


def _entry(request: Request) -> CatalogueEntry:
    found = ModelVersion.parse(request.path_params["version"])
    if str(found.name) != request.path_params["name"]:
        raise NotFound(
            f"{found} is no version of {request.path_params['name'][:80]}",
            hint="The page Models has all there are",
        )
    return site_of(request).catalogue.entry(found)


def _reports(site: Site, entry: CatalogueEntry) -> Reports:
    found = run_reports(site.models, entry.run_id)
    matrices = [matrix_of(each) for each in found.confusions]
    return Reports(site.models.page(entry.version), found.files, found.plots, matrices)


def _devices(site: Site, version: ModelVersion) -> Devices:
    counts = [
        count
        for count in site.fleet.version_counts(version.name.repository)
        if count.version == str(version)
    ]
    running = sum(count.devices for count in counts if count.state == "running")
    return Devices(running, sum(count.devices for count in counts) - running)


def _others(site: Site, entry: CatalogueEntry) -> Sequence[tuple[str, str]]:
    """The versions that it may be compared with: the newest, and all that stand in a channel."""
    recent = site.catalogue.find(VersionQuery(name=entry.version.name), 1, _RECENT).entries
    found = {other.version: other for other in recent}
    for channel in Channel:
        query = VersionQuery(name=entry.version.name, channel=channel)
        found.update({e.version: e for e in site.catalogue.find(query, 1, 1).entries})
    found.pop(entry.version, None)
    ordered = sorted(found.values(), key=lambda other: -other.version.timestamp)
    return [
        (str(other.version), " · ".join([str(other.version), *other.channels])) for other in ordered
    ]


ROUTES = [
    Route("/models/{name}/versions/{version}", version),
    Route("/models/{name}/versions/{version}/files/{file}", file),
]
