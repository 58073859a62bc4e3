"""What makes images."""

from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import InvalidSetting
from slipway.settings import Settings
from slipway.wiring.buckets import model_output_bucket
from slipway.wiring.delivery import wanted_archs
from slipway.wiring.registries import (
    check_model_registry,
    docker_configuration,
    has_model_registry,
    image_registry,
    model_registry,
)

if TYPE_CHECKING:
    from slipway.ports.image_builder import ImageBuilder
    from slipway.services.image_context import ImageSources, Workshop
    from slipway.services.package_app import AppPackager
    from slipway.services.package_model import ModelPackager
    from slipway.services.shared_images import SharedImages


def image_builder(settings: Settings) -> "ImageBuilder":
    """The engine that `builder.engine` names."""
    authfile = docker_configuration()
    if settings.builder.engine == "buildah":
        from slipway.adapters.buildah_image_builder import BuildahImageBuilder

        return BuildahImageBuilder(settings.home / "images", settings.registry.address, authfile)
    if settings.builder.engine == "docker":
        from slipway.adapters.docker_image_builder import DockerImageBuilder

        return DockerImageBuilder.open(settings.registry.address, authfile)
    raise InvalidSetting(
        f"builder.engine is {settings.builder.engine!r}", hint="Choose buildah or docker"
    )


def workshop(settings: Settings) -> "Workshop":
    """All that images are made with."""
    from slipway.adapters.debian.image_parts import DebianImageParts
    from slipway.services.image_context import Workshop

    cache = settings.cache / "images"
    return Workshop(
        builder=image_builder(settings),
        registry=image_registry(settings),
        parts=DebianImageParts(cache),
        sources=image_sources(),
        archs=wanted_archs(settings),
        cache=cache,
    )


def image_sources() -> "ImageSources":
    """Where the images' recipes and our own code lie."""
    from importlib.util import find_spec

    from slipway.services.image_context import ImageSources

    def folders(package: str) -> list[Path]:
        spec = find_spec(package)
        return [Path(p) for p in spec.submodule_search_locations or ()] if spec else []

    (containers,) = folders("slipway_containers")
    own = [
        containers / "serving" / "slipway_serving",
        containers / "hello" / "slipway_hello",
        *folders("slipway"),
        *folders("slipway_components"),
        *folders("slipway_features"),
        *(folders("slipway_agent") or [containers.parent / "edge-agent" / "slipway_agent"]),
    ]
    return ImageSources(containers, tuple(path for path in own if path.is_dir()))


def model_packager(settings: Settings) -> "ModelPackager":
    """What packs trained models into serving images; raises what `check_model_registry` raises,
    since after the tags have moved would be late."""
    from slipway.services.package_model import ModelPackager

    bucket = model_output_bucket(settings)
    if not has_model_registry(settings):
        return ModelPackager(workshop(settings), bucket)
    check_model_registry(settings.tracking_uri)
    return ModelPackager(workshop(settings), bucket, lambda: model_registry(settings))


def shared_images(settings: Settings) -> "SharedImages":
    """What makes the images that are no release."""
    from slipway.services.shared_images import SharedImages

    return SharedImages(workshop(settings))


def app_packager(settings: Settings) -> "AppPackager":
    """What packs hello and the agent."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.package_app import AppPackager

    return AppPackager(workshop(settings), SystemClock())
