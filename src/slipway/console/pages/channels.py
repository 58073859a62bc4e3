"""`/channels`: what stands where and how far devices are with it; promoting and rolling back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from slipway import wiring
from slipway.console.access import Role, needs
from slipway.console.csrf import text_of
from slipway.console.pages.devices import FOLLOW, KINDS
from slipway.console.paging import Page, page_request
from slipway.console.replies import see_other
from slipway.console.site import Site, site_of
from slipway.domain.errors import Conflict, SlipwayError
from slipway.domain.fleet import TAKEN_BACK, Outcome, OutcomeCount, ProgressLine, Target
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.services.channel_history import ChannelHistory
from slipway.services.promote import Plan, Promotion, plan_promotion, promote
from slipway.services.release_reach import reach_of
from slipway.services.releases import versions_of
from slipway.services.rollback import plan_rollback, rollback

_SHOWN = 50  # devices of a list on the progress page
_SIZE = 20  # models of a page


@dataclass(frozen=True)
class Cell:
    """One model in one channel; no targets: nothing stands there."""

    channel: Channel
    targets: Sequence[Target]  # one for each arch
    counts: Sequence[OutcomeCount]

    def devices(self, arch: str = "") -> int:
        """How many follow it."""
        return self.number(*Outcome, arch=arch)

    def number(self, *outcomes: Outcome, arch: str = "") -> int:
        """How many are so far."""
        return sum(
            count.devices
            for count in self.counts
            if count.outcome in outcomes and arch in ("", count.arch)
        )


def channels(request: Request) -> Response:
    """The matrix, a page of models at a time."""
    site = site_of(request)
    text = request.query_params.get("q", "").strip()
    number, size = page_request(request, _SIZE)
    targets = [t for t in site.fleet.targets() if text.casefold() in t.model.casefold()]
    models = sorted({target.slot: target.model for target in targets}.items())
    page = Page.of(models, number, size)
    counts = site.fleet.outcome_counts()
    rows = [(name, _cells(slot, targets, counts)) for slot, name in page.items]
    return site.render(
        request,
        "channels/list.html",
        page=page,
        rows=rows,
        text=text,
        trained=_trained(site),
        doubts=site.fleet_follower.problems,
        live=request.query_params.get("live") != "off",
        taken_back=TAKEN_BACK,
    )


def choose(request: Request) -> Response:
    """Choose a version to promote, or see what promoting it will do."""
    site = site_of(request)
    name, channel = _named(request)
    version = request.query_params.get("version", "")
    if version:
        plan = plan_promotion(site.registry, name, ModelVersion.parse(version), channel)
        return _confirm(request, plan, "promote")
    text = request.query_params.get("q", "").strip()
    found = [each for each in versions_of(site.registry, name) if text in str(each)]
    number, size = page_request(request)
    stands: dict[str, list[str]] = {}
    for target in site.fleet.targets():
        if target.slot == name.repository and target.channel not in stands.get(target.version, ()):
            stands.setdefault(target.version, []).append(target.channel)
    return site.render(
        request,
        "channels/promote.html",
        page=Page.of(found, number, size),
        text=text,
        name=name,
        channel=channel,
        stands=stands,
    )


@needs(Role.RELEASE)
def promote_now(request: Request) -> Response:
    """Move the channel to the version that was confirmed."""
    site = site_of(request)
    name, channel = _named(request)
    version = ModelVersion.parse(text_of(request, "version"))
    _as_confirmed(request, plan_promotion(site.registry, name, version, channel))
    done = promote(site.registry, name, version, channel, trail=site.trail(request))
    return _moved(request, done)


def ask_rollback(request: Request) -> Response:
    """See what rolling back will do."""
    site = site_of(request)
    name, channel = _named(request)
    plan = plan_rollback(site.registry, ChannelHistory(site.deploy), name, channel)
    return _confirm(request, plan, "rollback")


@needs(Role.RELEASE)
def rollback_now(request: Request) -> Response:
    """Take the channel back to the version that was confirmed."""
    site = site_of(request)
    name, channel = _named(request)
    history = ChannelHistory(site.deploy)
    _as_confirmed(request, plan_rollback(site.registry, history, name, channel))
    trail = site.trail(request)
    clock = wiring.system_clock()
    return _moved(request, rollback(site.registry, history, clock, name, channel, trail=trail))


def progress(request: Request) -> Response:
    """How far devices are with what stands in a channel."""
    site = site_of(request)
    name, channel = _named(request)
    return site.render(
        request,
        "channels/progress.html",
        name=name,
        channel=channel,
        now=_now(site, name, channel),
    )


async def progress_events(request: Request) -> Response:
    """The same, as devices report."""
    site = site_of(request)
    name, channel = _named(request)

    def make() -> str:
        return site.fragment("channels/_progress.html", now=_now(site, name, channel))

    topic = f"channel {name.repository} {channel}"
    return site.topics.topic(topic, make, FOLLOW).response(request)


def _trained(site: Site) -> frozenset[str]:
    """The models that have pages; hello and the agent have none."""
    return frozenset(map(str, site.catalogue.names()))


def _named(request: Request) -> tuple[ModelName, Channel]:
    given = request.path_params
    return ModelName.parse(given["name"]), Channel.parse(given["channel"])


def _cells(slot: str, targets: Sequence[Target], counts: Sequence[OutcomeCount]) -> list[Cell]:
    return [
        Cell(
            channel,
            [t for t in targets if (t.slot, t.channel) == (slot, channel)],
            [c for c in counts if (c.slot, c.channel) == (slot, channel)],
        )
        for channel in Channel
    ]


def _confirm(request: Request, plan: Plan, action: str) -> Response:
    site = site_of(request)
    reach = reach_of(plan, site.fleet.reach(plan.name.repository, plan.channel))
    template = "channels/confirm.html"
    return site.render(request, template, plan=plan, action=action, reach=reach, kinds=KINDS)


def _as_confirmed(request: Request, plan: Plan) -> None:
    """Conflict unless the channel goes from and to what the user saw before saying yes."""
    seen = text_of(request, "before"), text_of(request, "index")
    now = str(plan.before.index if plan.before else ""), str(plan.index)
    if seen != now:
        stands = plan.before.version if plan.before else "nothing"
        raise Conflict(
            f"{plan.channel} of {plan.name} has changed meanwhile: {stands} stands there now, and"
            f" {plan.version} would come",
            hint="Look at what would happen now, and confirm that",
        )


def _moved(request: Request, done: Promotion) -> Response:
    site = site_of(request)
    with suppress(SlipwayError):  # the follower says so, and looks again
        site.fleet_follower.look_at_channels()
    told = f"{done.channel} of {done.name}: {done.before or 'nothing'} → {done.after}"
    return see_other(request, f"/channels/{done.name}/{done.channel}/progress", told)


def _now(site: Site, name: ModelName, channel: Channel) -> dict[str, object]:
    """For the part of the progress page that changes."""
    slot = name.repository
    lists: Mapping[str, Sequence[ProgressLine]] = {
        "Failed or taken back": site.fleet.progress(slot, channel, TAKEN_BACK, _SHOWN),
        "On the way": site.fleet.progress(slot, channel, [Outcome.COMING], _SHOWN),
    }
    counts = site.fleet.outcome_counts(slot, channel)
    targets = [t for t in site.fleet.targets() if (t.slot, t.channel) == (slot, channel)]
    return {
        "name": name,
        "slot": slot,
        "cell": Cell(channel, targets, counts),
        "lists": lists,
        "limit": _SHOWN,
        "trained": str(name) in _trained(site),
        "outcomes": Outcome,
        "taken_back": TAKEN_BACK,
        "healths": _healths(counts),
    }


def _healths(counts: Sequence[OutcomeCount]) -> dict[str, int]:
    """How those are that have not got it, and are neither on the way nor taken back."""
    found: dict[str, int] = {}
    for count in counts:
        if count.outcome in (Outcome.SILENT, Outcome.UNSEEN):
            found[count.health] = found.get(count.health, 0) + count.devices
    return found


ROUTES = [
    Route("/channels", channels),
    Route("/channels/{name}/{channel}/promote", choose),
    Route("/channels/{name}/{channel}/promote", promote_now, methods=["POST"]),
    Route("/channels/{name}/{channel}/rollback", ask_rollback),
    Route("/channels/{name}/{channel}/rollback", rollback_now, methods=["POST"]),
    Route("/channels/{name}/{channel}/progress", progress),
    Route("/channels/{name}/{channel}/events", progress_events),
]
