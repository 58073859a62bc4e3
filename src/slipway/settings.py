"""Settings: `slipway.yaml`, overridden by `SLIPWAY_SECTION_KEY`; with `wiring` the only reader of
the environment.

Every default works on one machine with no account anywhere. State lives in one folder,
`.slipway/` beside the file (`SLIPWAY_HOME` moves it).
"""

import dataclasses
import math
import os
import types
import typing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.errors import InvalidSetting
from slipway.domain.git import WatchedRepository
from slipway.domain.pod import Update

CONFIG_FILE = "slipway.yaml"
_SECONDS = ("timeout", "interval")  # of which there have to be some
_KINDS: Mapping[object, str] = {
    int: "a whole number, 0 or more",
    float: "a number, 0 or more; seconds are more than 0",
    str: "a text",
    Update: " or ".join(Update),
}


@dataclass(frozen=True)
class RegistrySettings:
    """The OCI registry that images are pushed to and devices pull from."""

    address: str = "127.0.0.1:5050"  # HOST[:PORT][/PREFIX]
    timeout: float = 20.0  # seconds for one request


@dataclass(frozen=True)
class BucketSettings:
    """URLs of the buckets: file:///…, gs://… or s3://…; empty means below SLIPWAY_HOME."""

    model_output: str = ""
    deploy: str = ""
    reports: str = ""


@dataclass(frozen=True)
class MlflowSettings:
    """The model registry; empty means sqlite below SLIPWAY_HOME."""

    tracking_uri: str = ""


@dataclass(frozen=True)
class BuilderSettings:
    """What builds images, and for which archs."""

    engine: str = "buildah"  # or docker
    archs: tuple[str, ...] = ("x86_64", "armv7l", "aarch64")


@dataclass(frozen=True)
class MonitorSettings:
    """The tag monitor."""

    interval: float = 2.0  # seconds between reconciliations
    repositories: tuple[str, ...] = ()  # empty: all that the registry's catalogue lists
    templates: str = ""  # a folder of own PodSpec templates that go before the shipped ones
    pods: str = ""  # a folder of own pods, ARCH/all/NAME.yaml, that are published as they are


@dataclass(frozen=True)
class AgentSettings:
    """What the rendered agent pods are told."""

    bucket_url: str = ""  # how devices reach the deploy bucket; empty: see agent_bucket_url
    interval: float = 5.0  # seconds between polls
    reports_url: str = ""  # how devices reach the reports bucket; empty: see agent_reports_url


@dataclass(frozen=True)
class TrustSettings:
    """The keys that devices' repository is signed with."""

    keys: str = ""  # folder with key files and the pinned root.json; empty: below SLIPWAY_HOME
    online: tuple[str, ...] = ()  # URIs of the online key's signer, when it is no file in there
    pin_file: str = ""  # what the token of that signer is opened with; mode 0600


@dataclass(frozen=True)
class GateSettings:
    """What a model must reach before it is registered."""

    floor: float = 0.7  # accuracy
    allowed_drop: float = 0.02  # below the version now in the channel
    channel: str = "latest"


@dataclass(frozen=True)
class RunsSettings:
    """Pipeline runs on this machine."""

    limit: int = 1  # at once; the rest of those that were queued waits


@dataclass(frozen=True)
class KubeflowSettings:
    """The Kubeflow Pipelines server; without a host there is none."""

    host: str = ""  # https://HOST[:PORT][/PATH]
    namespace: str = ""  # of the user, where the server has several
    image: str = ""  # what tasks run in; slipway pipeline-image makes it
    token_file: str = ""  # a file with the bearer token that the server wants


@dataclass(frozen=True)
class LocalSettings:
    """Loopback ports of what `slipway up` starts beside the registry."""

    model_done_port: int = 5051
    tag_monitor_port: int = 5052
    git_push_port: int = 5054


@dataclass(frozen=True)
class ConsoleSettings:
    """The web console."""

    host: str = "127.0.0.1"  # what it listens on
    port: int = 5055
    hosts: tuple[str, ...] = ()  # names by which it is reached beside this machine's own
    authentication: str = "auto"  # or always, never; auto: always beyond loopback
    session_hours: float = 12.0  # until people have to log in again
    proxy_header: str = ""  # in which a reverse proxy names who it has logged in
    proxy_from: tuple[str, ...] = ()  # addresses of that proxy
    proxy_role: str = ""  # of those it names whom users.json does not; empty: they stay out

    @property
    def url(self) -> str:
        """Where the console is found from this machine."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 to be reached, not to listen
        host = everywhere.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


@dataclass(frozen=True)
class Settings:
    """All settings, by concern."""

    home: Path
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    buckets: BucketSettings = field(default_factory=BucketSettings)
    mlflow: MlflowSettings = field(default_factory=MlflowSettings)
    builder: BuilderSettings = field(default_factory=BuilderSettings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    runs: RunsSettings = field(default_factory=RunsSettings)
    kubeflow: KubeflowSettings = field(default_factory=KubeflowSettings)
    local: LocalSettings = field(default_factory=LocalSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    ports: Mapping[str, int] = field(default_factory=dict)  # image repository → port on the device
    update: Mapping[str, Update] = field(default_factory=dict)  # image repository → see Update
    repositories: tuple[WatchedRepository, ...] = ()  # whose pushes start pipelines
    # what is expensive to get and the same for all installations of this user
    cache: Path = field(default_factory=lambda: _cache(os.environ))

    @property
    def model_output_url(self) -> str:
        """Where trainings leave their models."""
        return self.buckets.model_output or f"file://{self.home}/buckets/model-output"

    @property
    def deploy_url(self) -> str:
        """Where devices find their manifests."""
        return self.buckets.deploy or f"file://{self.home}/buckets/deploy"

    @property
    def keys(self) -> Path:
        """The folder of the keys that this machine signs with, and of the root it trusts."""
        return Path(self.trust.keys).absolute() if self.trust.keys else self.home / "keys"

    @property
    def agent_bucket_url(self) -> str:
        """How devices reach the deploy bucket: as the monitor does, or where a local device finds
        a folder of this machine mounted."""
        if self.agent.bucket_url or not self.deploy_url.startswith("file://"):
            return self.agent.bucket_url or self.deploy_url
        return "file:///opt/slipway/bucket"

    @property
    def reports_url(self) -> str:
        """Where devices' reports and predictions arrive."""
        return self.buckets.reports or f"file://{self.home}/buckets/reports"

    @property
    def agent_reports_url(self) -> str:
        """How devices reach the reports bucket: as we do, or where a local device finds a folder
        of this machine mounted."""
        if self.agent.reports_url or not self.reports_url.startswith("file://"):
            return self.agent.reports_url or self.reports_url
        return "file:///opt/slipway/reports"

    @property
    def tracking_uri(self) -> str:
        """Where MLflow keeps runs and model versions."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.home}/mlflow/mlflow.db"


def load(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of `folder` (default: the working folder); raises InvalidSetting."""
    folder = folder or Path.cwd()
    environment = os.environ if environment is None else environment
    document = _read(folder / CONFIG_FILE)
    repositories = _repositories(document.pop("git", {}), folder)
    home = Path(environment.get("SLIPWAY_HOME") or folder / ".slipway").absolute()
    sections: dict[str, object] = {}
    for section in dataclasses.fields(Settings):
        if section.name in ("home", "cache", "repositories"):
            continue
        given = document.pop(section.name, {})
        if not isinstance(given, dict):
            raise InvalidSetting(
                f"{CONFIG_FILE}: {section.name} is {given!r}, not a mapping",
                hint=f"Write {section.name}: {{KEY: VALUE}}",
            )
        if section.name == "ports":
            sections["ports"] = {str(k): _port(f"ports.{k}", v) for k, v in given.items()}
        elif section.name == "update":
            sections["update"] = {
                str(k): _convert(f"update.{k}", v, Update) for k, v in given.items()
            }
        else:
            sections[section.name] = _section(section.name, given, environment)
    if document:
        raise InvalidSetting(
            f"{CONFIG_FILE}: unknown section {sorted(document)[0]!r}",
            hint=f"Known are {', '.join(sections)}, git",
        )
    sections["repositories"] = repositories
    return Settings(home=home, cache=_cache(environment), **sections)  # type: ignore[arg-type]


def _cache(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"


def _repositories(given: object, folder: Path) -> tuple[WatchedRepository, ...]:
    """The section `git`; see `settings_git`."""
    if given == {}:
        return ()
    from slipway.settings_git import read_repositories

    return read_repositories(given, folder)


def _read(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    import yaml  # not needed where there is no file

    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidSetting(f"{path} is not YAML: {reason}", hint="Mend or remove it") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidSetting(f"{path} holds no mapping", hint="Write SECTION: {KEY: VALUE}")
    return document


def _section(name: str, given: dict[str, object], environment: Mapping[str, str]) -> object:
    kind = next(
        typing.get_type_hints(Settings)[f.name]
        for f in dataclasses.fields(Settings)
        if f.name == name
    )
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(given) - set(hints))
    if unknown:
        raise InvalidSetting(
            f"{CONFIG_FILE}: unknown setting {name}.{unknown[0]}",
            hint=f"Known are {', '.join(hints)}",
        )
    values = {}
    for key, hint in hints.items():
        variable = f"SLIPWAY_{name}_{key}".upper()
        if variable in environment:
            values[key] = _convert(variable, environment[variable], hint)
        elif key in given:
            values[key] = _convert(f"{name}.{key}", given[key], hint)
    return kind(**values)


def _port(where: str, value: object) -> int:
    port = int(str(_convert(where, value, int)))
    if not 0 < port < 65536:
        raise InvalidSetting(f"{where} is {value!r}", hint="Ports go from 1 to 65535")
    return port


def _convert(where: str, value: object, kind: type | types.GenericAlias) -> object:
    """Turn a YAML value or a variable's text into the setting's type."""
    if (
        kind in (int, float)
        and isinstance(value, int | float | str)
        and not isinstance(value, bool)
    ):
        with suppress(ValueError, OverflowError):
            number: float = kind(value)  # type: ignore[operator]
            if 0 < number < math.inf or (number == 0 and not where.lower().endswith(_SECONDS)):
                return number
    elif kind is str and isinstance(value, str):
        return value
    elif kind is Update and isinstance(value, str) and value in list(Update):
        return Update(value)
    elif typing.get_origin(kind) is tuple and isinstance(value, str | list):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    wanted = "a list" if typing.get_origin(kind) is tuple else _KINDS[kind]
    raise InvalidSetting(f"{where} is {value!r}", hint=f"It takes {wanted}")
