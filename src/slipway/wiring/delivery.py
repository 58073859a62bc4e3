"""From the channels' tags to what devices see."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import InvalidSetting
from slipway.domain.names import Arch
from slipway.settings import Settings
from slipway.wiring.buckets import deploy_bucket, model_output_bucket
from slipway.wiring.registries import image_registry, reached_model_registry
from slipway.wiring.trust import publisher

if TYPE_CHECKING:
    from slipway.services.tag_monitor import TagMonitor


def tag_monitor(settings: Settings, say: Callable[[str], None]) -> "TagMonitor":
    """The tag monitor over the registry, the deploy bucket and the model registry; `say` is told
    what it does."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.reconcile_channels import Reconciler
    from slipway.services.render_manifests import ManifestRenderer, ManifestSettings
    from slipway.services.tag_monitor import TagMonitor

    manifests = ManifestSettings(
        registry=settings.registry.address,
        bucket_url=settings.agent_bucket_url,
        reports_url=settings.agent_reports_url,
        interval=settings.agent.interval,
        ports=settings.ports,
        update=settings.update,
    )
    templates = Path(settings.monitor.templates) if settings.monitor.templates else None
    reconciler = Reconciler(
        image_registry(settings),
        deploy_bucket(settings),
        ManifestRenderer(manifests, templates),
        SystemClock(),
        repositories=settings.monitor.repositories,
        archs=wanted_archs(settings),
        publisher=publisher(settings),
        own_pods=Path(settings.monitor.pods) if settings.monitor.pods else None,
    )

    return TagMonitor(reconciler, lambda: reached_model_registry(settings), say)


def check_before_start(settings: Settings) -> None:
    """Raise at once what the functions of the local installation would meet again and again: a
    setting that makes no sense, a bucket that is not there or refuses access."""
    tag_monitor(settings, lambda _: None)
    for bucket in (model_output_bucket(settings), deploy_bucket(settings)):
        next(iter(bucket.objects("nothing/")), None)


def wanted_archs(settings: Settings) -> list[Arch]:
    """The archs that images are made for; raises InvalidSetting."""
    if not settings.builder.archs:
        raise InvalidSetting(
            "builder.archs is empty", hint=f"Choose one or more of {', '.join(Arch)}"
        )
    return [Arch.parse(arch) for arch in settings.builder.archs]
