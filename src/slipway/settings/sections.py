"""What can be set, by concern.

Every default works on one machine with no account anywhere. State lives in one folder,
`.slipway/` beside `slipway.yaml` (`SLIPWAY_HOME` moves it).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.git import WatchedRepository
from slipway.domain.pod import Update


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
    cache: Path = field(default_factory=lambda: cache_folder(os.environ))

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
        """How devices reach the deploy bucket."""
        return self.agent.bucket_url or _on_devices(self.deploy_url, "bucket")

    @property
    def reports_url(self) -> str:
        """Where devices' reports and predictions arrive."""
        return self.buckets.reports or f"file://{self.home}/buckets/reports"

    @property
    def agent_reports_url(self) -> str:
        """How devices reach the reports bucket."""
        return self.agent.reports_url or _on_devices(self.reports_url, "reports")

    @property
    def tracking_uri(self) -> str:
        """Where MLflow keeps runs and model versions."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.home}/mlflow/mlflow.db"


def _on_devices(url: str, mounted: str) -> str:
    """How devices reach a bucket: as we do, or where a local device finds a folder of this machine
    mounted."""
    return f"file:///opt/slipway/{mounted}" if url.startswith("file://") else url


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where this user keeps what all of its installations share."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"
