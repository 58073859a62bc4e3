"""`/devices`: the fleet at a glance, and one device with its history."""

import hashlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway.console.paging import Page, page_request
from slipway.console.site import Site, site_of
from slipway.domain.choice import choose
from slipway.domain.device_report import DeviceReport, Health, newest, parse_report
from slipway.domain.errors import NotFound
from slipway.domain.fleet import DeviceLine, DeviceQuery, Outcome, Sort
from slipway.domain.names import Arch, Channel
from slipway.domain.pod import AGENT_SLOT
from slipway.services.predictions import line_of, newest_predictions

KINDS = {  # how a health is shown
    Health.TAKEN: "bad",
    Health.SILENT: "off",
    Health.UNTRUSTED: "bad",
    Health.STALE: "bad",
    Health.TROUBLE: "bad",
    Health.UNREACHABLE: "wait",
    Health.UPDATING: "busy",
    Health.OK: "good",
}
POD_KINDS = {"running": "good", "starting": "busy", "removed": "off"}
FOLLOW = 2.0  # seconds between two looks at what changes on a page
_CHANGES, _PREDICTIONS = 50, 20

_Value = TypeVar("_Value", Health, Outcome, Sort, Channel, Arch)


def follow_fleet(site: Site, stop: threading.Event) -> None:
    """Keep what the pages know of the fleet in step while the console runs."""
    site.fleet_follower.run(stop)


def devices(request: Request) -> Response:
    """All devices that are asked for, a page at a time."""
    site = site_of(request)
    query = _query(request)
    number, size = page_request(request)
    lines, total = site.fleet.lines(query, (number - 1) * size, size)
    targets = site.fleet.targets()
    return site.render(
        request,
        "devices/list.html",
        page=Page(lines, number, size, total),
        query=query,
        counts=site.fleet.health_counts(query),
        behind=site.fleet.lines(replace(query, behind=True), 0, 0)[1],
        models=sorted({target.slot for target in targets} | {query.slot} - {""}),
        versions=sorted({target.version for target in targets} | {query.version} - {""}),
        problems=site.fleet.problems(),
        doubts=site.fleet_follower.problems,
        models_of=_models,
        live=request.query_params.get("live") != "off",
        kinds=KINDS,
        pod_kinds=POD_KINDS,
    )


async def events(request: Request) -> Response:
    """Says that something of the fleet has changed: a page that shows it looks again."""
    site = site_of(request)
    return site.topics.topic("fleet", lambda: _digest(site), FOLLOW).response(request)


def device(request: Request) -> Response:
    """One device, as it reported last; its history, and what it predicted."""
    site = site_of(request)
    name = request.path_params["name"]
    reports = _reports(site, name)
    said: list[str] = []
    slots = [pod.slot for report in reports for pod in report.pods if pod.slot != AGENT_SLOT]
    predictions = newest_predictions(
        site.reports,
        name,
        dict.fromkeys(slots),
        count=_PREDICTIONS,
        now=time.time(),
        say=said.append,
    )
    return site.render(
        request,
        "devices/device.html",
        name=name,
        now=_now(site, reports),
        history=site.fleet.history(name, _CHANGES),
        predictions=[line_of(record) for record in predictions],
        said=said,
    )


async def device_events(request: Request) -> Response:
    """What a device says, as it changes."""
    site = site_of(request)
    name = request.path_params["name"]

    def make() -> str:
        return site.fragment("devices/_now.html", now=_now(site, _reports(site, name)))

    return site.topics.topic(f"device {name}", make, FOLLOW).response(request)


def _query(request: Request) -> DeviceQuery:
    given = request.query_params
    sort = _chosen(Sort, "sort", given.get("sort", ""))
    channel = _chosen(Channel, "channel", given.get("channel", ""))
    arch = _chosen(Arch, "arch", given.get("arch", ""))
    return DeviceQuery(
        text=given.get("q", "").strip(),
        health=_chosen(Health, "health", given.get("health", "")),
        channel=channel or "",
        arch=arch or "",
        slot=given.get("model", ""),
        version=given.get("version", ""),
        behind=bool(given.get("behind")),
        outcome=_chosen(Outcome, "outcome", given.get("outcome", "")),
        sort=sort or Sort.NAME,
        descending=given.get("order") == "down",
    )


def _chosen(kind: type[_Value], name: str, text: str) -> _Value | None:
    return choose(kind, text, f"{name} is {text[:80]!r}") if text else None


@dataclass(frozen=True)
class Model:
    """What a line of the list tells of one model of a device."""

    runs: str  # version, or the slot where there is none
    wanted: str  # version, where it is another one
    state: str
    reason: str
    behind: bool


def _models(line: DeviceLine) -> list[Model]:
    """All but an agent that is well."""
    found = []
    for pod in line.device.pods:
        behind = pod.slot in line.behind
        if pod.slot == AGENT_SLOT and pod.state == "running" and not behind:
            continue
        wanted = pod.wanted if pod.wanted_digest != pod.running_digest else ""
        found.append(Model(pod.running or pod.slot, wanted, pod.state, pod.reason, behind))
    there = {pod.slot for pod in line.device.pods}
    missing = [Model(slot, "", "", "", behind=True) for slot in line.behind if slot not in there]
    return found + missing


def _reports(site: Site, name: str) -> list[DeviceReport]:
    now = time.time()
    found = site.fleet.reports([name])
    if not found:
        raise NotFound(
            f"no device {name[:80]!r} has reported", hint="The list of devices has all that have"
        )
    return newest(parse_report(key, data, now) for key, data in found.items())


def _now(site: Site, reports: list[DeviceReport]) -> dict[str, object]:
    """For the part of a device's page that changes with its reports."""
    targets = site.fleet.targets()
    told = [
        (
            report,
            {
                target.slot: target
                for target in targets
                if (target.channel, target.arch) == (report.channel, report.arch)
                and (report.agent_pod or target.slot != AGENT_SLOT)
            },
        )
        for report in reports
    ]
    return {"told": told, "kinds": KINDS, "pod_kinds": POD_KINDS}


def _digest(site: Site) -> str:
    """Another text when something changed that is more than a heartbeat."""
    told = (
        sorted(site.fleet.health_counts(DeviceQuery()).items()),
        site.fleet.outcome_counts(),
        site.fleet.version_counts(),
        site.fleet.targets(),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


ROUTES = [
    Route("/devices", devices),
    Route("/events/fleet", events),
    Route("/devices/{name}", device),
    Route("/devices/{name}/events", device_events),
]
