"""What all pages share: the settings, the templates, and the services, made when first used."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse

from slipway import wiring
from slipway.console.access import user_of
from slipway.console.doors import Door, console_users, open_door
from slipway.console.live import Topics
from slipway.console.recent import Recent
from slipway.console.sessions import Cookies, read_secret
from slipway.console.templating import environment
from slipway.console.throttle import Throttle
from slipway.domain.errors import InvalidInput, SlipwayError
from slipway.settings import Settings

if TYPE_CHECKING:
    from slipway.ports.bucket import Bucket
    from slipway.ports.fleet_index import FleetIndex
    from slipway.ports.image_registry import ImageRegistry
    from slipway.ports.model_registry import ModelRegistry
    from slipway.ports.pipeline_backend import PipelineBackend
    from slipway.services.all_runs import AllRuns
    from slipway.services.audit import AuditLog, Trail
    from slipway.services.follow_fleet import FleetFollower
    from slipway.services.overview.gather import Overview
    from slipway.services.version_catalogue import VersionCatalogue

_FRESH = 3.0  # seconds that what was found out is good for


class Site:
    """One console; its services are shared by all requests, which threads handle."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        console = settings.console
        self.cookies = Cookies(
            read_secret(settings.home / "console" / "secret"),
            f"slipway_{console.port}",  # browsers keep cookies of all ports of a host together
            console.session_hours,
        )
        self.door: Door = open_door(settings)
        self.users = console_users(settings)
        self.throttle = Throttle()
        self.topics = Topics()
        self.templates = environment(self.cookies)

    @cached_property
    def backends(self) -> "Mapping[str, PipelineBackend]":
        """What runs pipelines, by name."""
        return wiring.pipeline_backends(self.settings)

    def backend(self, name: str) -> "PipelineBackend":
        """One of them; InvalidInput for a name that there is not."""
        if name not in self.backends:
            raise InvalidInput(
                f"there is no backend {name[:80]!r}", hint=f"Choose {' or '.join(self.backends)}"
            )
        return self.backends[name]

    def warm_up(self) -> None:
        """Have the pipelines compiled, which takes long the first time and is kept then."""
        backend = self.backends[wiring.LOCAL]
        with suppress(SlipwayError):  # their page says what is wrong
            for name in backend.pipelines():
                backend.description(name)

    @cached_property
    def runs(self) -> "Recent[AllRuns]":
        """The runs of all backends, as they were a moment ago."""
        from slipway.services.all_runs import all_runs

        return Recent(lambda: all_runs(self.backends), 1.0)

    @cached_property
    def registry(self) -> "ImageRegistry":
        """The images and the channels."""
        return wiring.image_registry(self.settings)

    @cached_property
    def deploy(self) -> "Bucket":
        """What devices see."""
        return wiring.deploy_bucket(self.settings)

    @cached_property
    def reports(self) -> "Bucket":
        """What devices tell."""
        return wiring.reports_bucket(self.settings)

    @cached_property
    def fleet(self) -> "FleetIndex":
        """The devices, and what stands in the channels."""
        return wiring.fleet_index(self.settings)

    @cached_property
    def fleet_follower(self) -> "FleetFollower":
        """What keeps `fleet` in step."""
        say = logging.getLogger(__name__).warning
        return wiring.fleet_follower(self.settings, self.fleet, self.registry, self.deploy, say)

    @cached_property
    def models(self) -> "ModelRegistry":
        """Runs and versions of models."""
        return wiring.reached_model_registry(self.settings)

    @cached_property
    def overview(self) -> "Recent[Overview]":
        """What is up and what is wrong."""
        from slipway.wiring.overview import overview

        return Recent(lambda: overview(self.settings, own="console", fleet=self.fleet), _FRESH)

    @cached_property
    def catalogue(self) -> "VersionCatalogue":
        """The model versions, with their metrics and channels."""
        return wiring.version_catalogue(self.settings)

    @cached_property
    def audit(self) -> "AuditLog":
        """Who changed what."""
        return wiring.audit_log(self.settings)

    def trail(self, request: Request) -> "Trail":
        """The audit log for what the user of a request does."""
        return self.trail_of(user_of(request).name)

    def trail_of(self, name: str) -> "Trail":
        """The audit log for what somebody does here, who need not be in yet."""
        from slipway.services.audit import Actor, Trail, Via

        return Trail(self.audit, Actor(name, Via.CONSOLE))

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = HTTPStatus.OK,
        **context: object,
    ) -> HTMLResponse:
        """A page; templates know `request` and the user beside what they are given."""
        return HTMLResponse(self.fragment(template, request=request, **context), status)

    def fragment(self, template: str, **context: object) -> str:
        """A part of a page, for `live`; without a request it is the same for all users."""
        return self.templates.get_template(template).render(**context)


def site_of(request: Request) -> Site:
    """The console that a request came to."""
    site: Site = request.app.state.site
    return site
