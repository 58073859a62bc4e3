"""Renders the pod manifest of a release for one arch, from Jinja2 templates.

`REPOSITORY-pod.yaml.j2` goes before `model-pod.yaml.j2`, and for each of them the user's folder
goes before the shipped templates. Rendering depends on nothing but the release, the number of its
move and the settings: any other byte would be a new pod on every device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import InvalidManifest, InvalidSetting
from slipway.domain.image import ImageReference
from slipway.domain.names import Arch
from slipway.domain.pod import PodIdentity, Update
from slipway.domain.release import Release
from slipway.services.check_manifest import CheckedManifest, check_manifest, standing_move

if TYPE_CHECKING:
    import jinja2

DEFAULT_TEMPLATE = "model-pod.yaml.j2"


@dataclass(frozen=True)
class ManifestSettings:
    """What manifests are told beside the release."""

    registry: str  # the address that devices pull from, HOST[:PORT][/PREFIX]
    bucket_url: str  # how devices reach the deploy bucket
    interval: float = 5.0  # seconds between the agent's polls
    ports: Mapping[str, int] = field(default_factory=dict)  # repository → port on the device
    update: Mapping[str, Update] = field(default_factory=dict)  # repository → how it is replaced
    reports_url: str = "file:///opt/slipway/reports"  # where devices report to


class ManifestRenderer:
    """Renders and checks manifests."""

    def __init__(self, settings: ManifestSettings, templates: Path | None = None) -> None:
        """`templates`: a folder of the user's own; InvalidSetting when there is no such folder."""
        if templates is not None and not templates.is_dir():
            raise InvalidSetting(
                f"monitor.templates: {templates} is not a folder",
                hint="Make it, or leave the setting out",
            )
        self._settings = settings
        self._environment = _environment(templates)

    def render(
        self, release: Release, arch: Arch, standing: bytes | None, number: int
    ) -> CheckedManifest:
        """The manifest to take the place of `standing`: the same if nothing but the number of its
        move would be new, else that of the next move. Where none stands, moves count from
        `number`. Raises as `render_move`."""
        move = standing_move(standing) if standing else None
        if move is None:
            return self.render_move(release, arch, number)
        same = self.render_move(release, arch, move)
        return same if same.data == standing else self.render_move(release, arch, move + 1)

    def render_move(self, release: Release, arch: Arch, move: int) -> CheckedManifest:
        """The manifest of `release` for `arch`, which it must have an image for; raises
        InvalidManifest, naming template, arch, channel, place and value."""
        import jinja2

        own = f"{release.repository}-pod.yaml.j2"
        name = " or ".join((own, DEFAULT_TEMPLATE))
        cause: Exception
        try:
            template = self._environment.select_template([own, DEFAULT_TEMPLATE])
            name = template.name or name
            values = self._values(release, arch, move)
            return _unmistakable(check_manifest(template.render(values)), str(values["pod"]))
        except InvalidManifest as error:
            message, hint, cause = error.message, error.hint or _EXAMPLE, error
        except jinja2.TemplateSyntaxError as error:
            name = error.name or name
            message, hint, cause = f"line {error.lineno}: {error.message}", _EXAMPLE, error
        except jinja2.TemplateNotFound as error:
            message, hint, cause = f"there is no template {error.name!r}", _INCLUDE, error
        except jinja2.TemplateError as error:
            message, hint, cause = str(error), _KNOWN, error
        except _FAILURES as error:
            message, hint, cause = f"{type(error).__name__}: {error}", _KNOWN, error
        raise InvalidManifest(
            f"{name} for {release.repository}, {arch}, {release.channel}: {message}", hint=hint
        ) from cause

    def _values(
        self, release: Release, arch: Arch, move: int
    ) -> dict[str, str | int | float | None]:
        digest = release.images[arch]
        image = ImageReference(f"{self._settings.registry}/{release.repository}", digest)
        pod = PodIdentity.of(release.repository, digest, arch, release.channel, move)
        interval = self._settings.interval
        return {
            "repository": release.repository,
            "model": str(release.version.name),
            "version": str(release.version),
            "channel": str(release.channel),
            "arch": str(arch),
            "image": str(image),
            "digest": str(digest),
            "pod": pod.name,
            "private": pod.private,
            "move": move,
            "update": str(self._settings.update.get(release.repository, Update.BESIDE)),
            "port": self._settings.ports.get(release.repository),
            "bucket_url": self._settings.bucket_url,
            "reports_url": self._settings.reports_url,
            "interval": int(interval) if interval == int(interval) else interval,
        }


# A template may do anything that an expression can, so may its failures be.
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_EXAMPLE = "Compare it with manifests/model-pod.yaml.j2"
_INCLUDE = "Put what is included into the folder of monitor.templates"
_KNOWN = (
    "Templates know repository, model, version, channel, arch, image, digest, pod, private, move, "
    "update, port, bucket_url, reports_url and interval"
)


def _unmistakable(manifest: CheckedManifest, pod: str) -> CheckedManifest:
    """The manifest, unless two of its slot could be on a device under one name."""
    if manifest.update is Update.BESIDE and manifest.pod != pod:
        raise InvalidManifest(
            f"metadata.name is {manifest.pod!r}, but the pod is to come up beside the one before",
            hint="Name it {{ pod }}, or annotate it with dev.slipway.update: recreate",
        )
    return manifest


def _environment(templates: Path | None) -> "jinja2.Environment":
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    shipped = resources.files("slipway_manifests")

    def load_shipped(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        file = shipped / name
        if "/" in name or not file.is_file():
            return None
        # Jinja keeps what it compiled: until the user adds a template of the same name.
        return file.read_text(), name, lambda: not (templates and (templates / name).exists())

    loaders: list[jinja2.BaseLoader] = [jinja2.FunctionLoader(load_shipped)]
    if templates is not None:
        loaders.insert(0, jinja2.FileSystemLoader(templates))
    return ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # YAML, not HTML; values that need it pass through tojson
    )
