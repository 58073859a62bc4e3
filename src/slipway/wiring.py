"""Chooses adapters from the settings: the only place that sees services and adapters together.

Adapters are imported when they are asked for, so that a command pays only for what it uses.
"""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from slipway.domain.errors import InvalidSetting, NotFound, SlipwayError
from slipway.domain.git import Sender, Trigger, WatchedRepository
from slipway.domain.names import Arch, ModelVersion
from slipway.ports.bucket import Bucket
from slipway.ports.clock import Clock
from slipway.ports.image_builder import ImageBuilder
from slipway.ports.image_registry import ImageRegistry
from slipway.ports.model_registry import ModelRegistry
from slipway.ports.pipeline_backend import Commit, Origin, PipelineBackend, RunError, RunState
from slipway.settings import Settings

LOCAL, KUBEFLOW = "local", "kubeflow"

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slipway.adapters.key_folder import KeyFolder
    from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
    from slipway.adapters.schedule_folder import ScheduleFolder
    from slipway.domain.prediction import Prediction
    from slipway.ports.fleet_index import FleetIndex
    from slipway.ports.schedules import Schedules
    from slipway.services.asking import Ask
    from slipway.services.audit import AuditLog, Trail
    from slipway.services.evaluate import Evaluator
    from slipway.services.follow_fleet import FleetFollower
    from slipway.services.git_push.push import PushReceiver
    from slipway.services.image_context import ImageSources, Workshop
    from slipway.services.live import LiveModel
    from slipway.services.package_app import AppPackager
    from slipway.services.package_model import ModelPackager
    from slipway.services.shared_images import SharedImages
    from slipway.services.tag_monitor import TagMonitor
    from slipway.services.trust.change_keys import KeyChanges
    from slipway.services.trust.publication import Waiting
    from slipway.services.trust.publish import Publisher
    from slipway.services.trust.sign import PendingSignatures
    from slipway.services.trust.status import TrustState
    from slipway.services.version_catalogue import VersionCatalogue


_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def open_bucket(url: str) -> Bucket:
    """The bucket behind a URL; raises InvalidSetting for an unknown scheme."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        from slipway.adapters.local_bucket import LocalBucket

        return LocalBucket.open(rest)
    if scheme == "gs":
        from slipway.adapters.gcs_bucket import GcsBucket

        return GcsBucket.open(rest)
    if scheme == "s3":
        from slipway.adapters.s3_bucket import S3Bucket

        return S3Bucket.open(rest)
    raise InvalidSetting(
        f"{url!r} is not a bucket URL",
        hint="Use file:///folder, gs://bucket[/prefix] or s3://bucket[/prefix]",
    )


def model_output_bucket(settings: Settings) -> Bucket:
    """Where trainings leave their models."""
    return _open_or_make(settings.model_output_url, made=not settings.buckets.model_output)


def deploy_bucket(settings: Settings) -> Bucket:
    """Where devices find their manifests."""
    return _open_or_make(settings.deploy_url, made=not settings.buckets.deploy)


def reports_bucket(settings: Settings) -> Bucket:
    """Where devices' reports and predictions arrive."""
    return _open_or_make(settings.reports_url, made=not settings.buckets.reports)


def system_clock() -> Clock:
    """The time of this machine."""
    from slipway.adapters.system_clock import SystemClock

    return SystemClock()


def fleet_index(settings: Settings) -> "FleetIndex":
    """What the console knows of the fleet; its file is made anew when it is lost."""
    from slipway.adapters.sqlite_fleet_index import SqliteFleetIndex

    return SqliteFleetIndex(settings.home / "console" / "index.db")


def fleet_follower(
    settings: Settings,
    index: "FleetIndex",
    registry: ImageRegistry,
    deploy: Bucket,
    say: Callable[[str], None],
) -> "FleetFollower":
    """What keeps the index in step with the reports bucket and the channels."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.channels import ChannelReader, targets
    from slipway.services.follow_fleet import FleetFollower

    reader = ChannelReader(registry, deploy)
    repositories = settings.monitor.repositories
    return FleetFollower(
        reports_bucket(settings),
        index,
        lambda: targets(reader.states(repositories), waiting_manifests(settings)),
        SystemClock(),
        say,
    )


def image_registry(settings: Settings) -> ImageRegistry:
    """The OCI registry, with the credentials of the docker configuration file."""
    from slipway.adapters.docker_credentials import DockerCredentials
    from slipway.adapters.oci_image_registry import OciImageRegistry

    return OciImageRegistry(
        settings.registry.address,
        timeout=settings.registry.timeout,
        credentials=DockerCredentials(_docker_configuration()).find,
    )


def open_model_registry(tracking_uri: str) -> ModelRegistry:
    """The model registry behind an MLflow tracking URI."""
    from slipway.adapters.mlflow_model_registry import MlflowModelRegistry

    return MlflowModelRegistry.open(tracking_uri)


def check_model_registry(tracking_uri: str) -> None:
    """Raise early what `open_model_registry` and its use would raise after a long training."""
    from slipway.adapters.mlflow_connection import check_tracking_uri

    check_tracking_uri(tracking_uri)


def model_registry(settings: Settings) -> ModelRegistry:
    """Where runs and model versions are recorded."""
    return open_model_registry(settings.tracking_uri)


def key_folder(settings: Settings) -> "KeyFolder":
    """The keys that this machine signs with, and the root it trusts."""
    from slipway.adapters.key_folder import KeyFolder
    from slipway.adapters.key_uris import read_private

    def pin(_what: str) -> str:
        return read_private(Path(settings.trust.pin_file)).decode().strip()

    return KeyFolder(settings.keys, settings.trust.online, pin if settings.trust.pin_file else None)


def make_keys(
    settings: Settings, *, root_keys: int, threshold: int, online: Path | None = None
) -> None:
    """Make the keys and the repository of this installation; `online`: the public half of a key
    that lies elsewhere, instead of a new one in the folder."""
    from slipway.adapters.key_folder import read_public
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.change_keys import new_repository

    new_repository(
        deploy_bucket(settings),
        key_folder(settings),
        SystemClock(),
        root_keys=root_keys,
        threshold=threshold,
        online=read_public(online) if online else None,
    )


def make_embedded_keys(settings: Settings) -> bool:
    """Make the embedded default's keys the first time, and say whether it was that."""
    if settings.buckets.deploy or settings.trust.keys or settings.trust.online:
        return False
    if (settings.keys / "root.json").exists():
        return False
    make_keys(settings, root_keys=3, threshold=2)
    return True


def key_changes(settings: Settings, uris: Sequence[str], ask: Callable[[str], str]) -> "KeyChanges":
    """What changes keys; `uris`: of root keys that are not in the folder, `ask`: for their PINs."""
    from slipway.adapters.key_folder import KeyFolder
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.change_keys import KeyChanges

    keys = KeyFolder(settings.keys, uris, ask)
    return KeyChanges(deploy_bucket(settings), keys, SystemClock())


def pending_signatures(settings: Settings) -> "PendingSignatures":
    """What waits for people's signatures."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.sign import PendingSignatures

    return PendingSignatures(deploy_bucket(settings), key_folder(settings), SystemClock())


def waiting_manifests(settings: Settings) -> "dict[str, Waiting]":
    """What waits for signatures, by key in the deploy bucket; nothing where there are no keys."""
    from slipway.services.trust.layout import PENDING

    if next(iter(deploy_bucket(settings).objects(PENDING)), None) is None:
        return {}  # without the time that the import of python-tuf takes
    from slipway.services.trust.waiting import waiting_manifests as waiting

    try:
        return waiting(pending_signatures(settings).state())
    except NotFound:
        return {}


def trust_state(settings: Settings) -> "TrustState":
    """All keys, what they sign, and what waits."""
    from slipway.services.trust.repository import RepositoryReader
    from slipway.services.trust.status import trust_state as state_of

    keys = key_folder(settings)
    return state_of(RepositoryReader(deploy_bucket(settings), keys.pinned_root).read(), keys)


def publisher(settings: Settings) -> "Publisher":
    """What signs and publishes to devices."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.publish import Publisher

    return Publisher(deploy_bucket(settings), key_folder(settings), SystemClock())


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
        archs=_archs(settings),
        publisher=publisher(settings),
        own_pods=Path(settings.monitor.pods) if settings.monitor.pods else None,
    )

    def open_models() -> ModelRegistry:
        check_model_registry(settings.tracking_uri)  # MLflow itself would try for minutes
        return model_registry(settings)

    return TagMonitor(reconciler, open_models, say)


def check_before_start(settings: Settings) -> None:
    """Raise at once what the functions of the local installation would meet again and again: a
    setting that makes no sense, a bucket that is not there or refuses access."""
    tag_monitor(settings, lambda _: None)
    for bucket in (model_output_bucket(settings), deploy_bucket(settings)):
        next(iter(bucket.objects("nothing/")), None)


def _archs(settings: Settings) -> list[Arch]:
    if not settings.builder.archs:
        raise InvalidSetting(
            "builder.archs is empty", hint=f"Choose one or more of {', '.join(Arch)}"
        )
    return [Arch.parse(arch) for arch in settings.builder.archs]


def image_builder(settings: Settings) -> ImageBuilder:
    """The engine that `builder.engine` names."""
    authfile = _docker_configuration()
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
        sources=_sources(),
        archs=_archs(settings),
        cache=cache,
    )


def _sources() -> "ImageSources":
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


def evaluator(settings: Settings) -> "Evaluator":
    """What evaluates model versions with the serving program on this machine."""
    from slipway_components.signals.workloads import workload

    from slipway.services.evaluate import Evaluator

    return Evaluator(model_output_bucket(settings), _serve, lambda name: workload(name).load, _body)


@contextmanager
def live_model(
    settings: Settings, version: ModelVersion | None, url: str, device: str | None
) -> "Iterator[LiveModel]":
    """The model of a `version`, served on this machine while the block lasts; without one that
    which answers at `url`, on the local `device` if there is one.

    Raises what evaluating raises, NotFound when the model is not in the model-output bucket.
    """
    from slipway_components.signals.workloads import workload

    from slipway.adapters.serving_client import ServingClient
    from slipway.local import netns
    from slipway.services.asking import fetched
    from slipway.services.live import LiveModel
    from slipway.services.model_output import read_card

    bucket = model_output_bucket(settings)
    with ExitStack() as stack:
        if version is not None:
            ask: Ask = stack.enter_context(_serve(stack.enter_context(fetched(bucket, version))))
        else:
            client = ServingClient(url)
            where = None if device is None else netns.running(settings, device)
            ask = client.predict if where is None else _inside(where, client.predict)
            about = client.version if where is None else _inside(where, client.version)
            version = about()
        card = read_card(bucket, version)
        yield LiveModel.of(card, ask, _body, lambda name: workload(name).load)


def _inside(pid: int, work: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The same, done in the network of a local device."""
    from slipway.local import netns

    def done(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        return netns.inside(pid, lambda: work(*args, **kwargs))

    return done


@contextmanager
def _serve(model: Path) -> "Iterator[Callable[[bytes, str], Prediction]]":
    """The serving program on this machine with the model in a folder."""
    from slipway.adapters.local_serving import serving
    from slipway.adapters.serving_client import ServingClient

    packages = _sources()
    app = [packages.package(name) for name in ("slipway_serving", "slipway_features")]
    with serving(model, app) as url:
        yield ServingClient(url, timeout=600).predict


def _body(values: "NDArray[np.float64]", axes: Sequence[str], rate: float) -> bytes:
    from slipway.adapters.serving_client import recording_body

    return recording_body(values.tolist(), axes, rate)


def model_packager(settings: Settings) -> "ModelPackager":
    """What packs trained models into serving images; raises what `check_model_registry` raises,
    since after the tags have moved would be late."""
    from slipway.services.package_model import ModelPackager

    bucket = model_output_bucket(settings)
    if not settings.mlflow.tracking_uri and not _embedded_database(settings).exists():
        return ModelPackager(workshop(settings), bucket)
    check_model_registry(settings.tracking_uri)
    return ModelPackager(workshop(settings), bucket, lambda: model_registry(settings))


def version_catalogue(settings: Settings) -> "VersionCatalogue":
    """The model versions: what was published, registered and released."""
    from slipway.adapters.mlflow_connection import database_mark
    from slipway.adapters.sqlite_version_index import SqliteVersionIndex
    from slipway.services.version_catalogue import VersionCatalogue

    def open_models() -> ModelRegistry | None:
        if not settings.mlflow.tracking_uri and not _embedded_database(settings).exists():
            return None
        check_model_registry(settings.tracking_uri)
        return model_registry(settings)

    return VersionCatalogue(
        SqliteVersionIndex(settings.home / "console" / "index.db"),
        model_output_bucket(settings),
        open_models,
        image_registry(settings),
        lambda: database_mark(settings.tracking_uri),
    )


def shared_images(settings: Settings) -> "SharedImages":
    """What makes the images that are no release."""
    from slipway.services.shared_images import SharedImages

    return SharedImages(workshop(settings))


def app_packager(settings: Settings) -> "AppPackager":
    """What packs hello and the agent."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.package_app import AppPackager

    return AppPackager(workshop(settings), SystemClock())


def _docker_configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _embedded_database(settings: Settings) -> Path:
    return Path(settings.tracking_uri.removeprefix("sqlite:///"))


def audit_log(settings: Settings) -> "AuditLog":
    """Where every change is written down."""
    from slipway.services.audit import AuditLog

    return AuditLog(settings.home / "audit" / "log.jsonl")


def system_user() -> str:
    """Whom this process runs for."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        return f"user {os.getuid()}"


def command_trail(settings: Settings) -> "Trail":
    """The audit log for what the system's user does on the command line."""
    from slipway.services.audit import Actor, Trail, Via

    return Trail(audit_log(settings), Actor(system_user(), Via.CLI))


def pipeline_backend(settings: Settings, name: str = LOCAL) -> PipelineBackend:
    """What runs pipelines: `local` or `kubeflow`."""
    if name == KUBEFLOW:
        return _kubeflow(settings)
    from slipway.adapters.local_pipeline_backend import LocalPipelineBackend

    return LocalPipelineBackend(settings.home / "runs", cache=_compiled(settings))


def pipeline_backends(settings: Settings) -> dict[str, PipelineBackend]:
    """All that are set up, by name."""
    return {name: pipeline_backend(settings, name) for name in backend_names(settings)}


def backend_names(settings: Settings) -> list[str]:
    """What is set up to run pipelines."""
    return [LOCAL, KUBEFLOW] if settings.kubeflow.host else [LOCAL]


def local_schedules(settings: Settings) -> "ScheduleFolder":
    """The schedules of this machine, which the runner fires."""
    from slipway.adapters.schedule_folder import ScheduleFolder

    return ScheduleFolder(settings.home / "schedules")


def schedules(settings: Settings, name: str) -> "Schedules":
    """What keeps the schedules of a backend, `local` or `kubeflow`."""
    if name == LOCAL:
        return local_schedules(settings)
    from slipway.adapters.kubeflow_schedules import KubeflowSchedules

    return KubeflowSchedules(_kubeflow(settings))


def _kubeflow(settings: Settings) -> "KubeflowPipelineBackend":
    from slipway.adapters.key_uris import read_private
    from slipway.adapters.kubeflow_api import KubeflowApi
    from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend

    given = settings.kubeflow
    if not given.host:
        raise InvalidSetting(
            "kubeflow.host is not set", hint="Write the URL of the Kubeflow Pipelines server"
        )
    token = read_private(Path(given.token_file)).decode().strip() if given.token_file else ""
    api = KubeflowApi(given.host, token)
    return KubeflowPipelineBackend(
        api, image=given.image, namespace=given.namespace, cache=_compiled(settings)
    )


def _compiled(settings: Settings) -> Path:
    """What compiled pipelines are kept in."""
    return settings.cache / "pipelines"


def run_defaults(settings: Settings) -> dict[str, str | int | float]:
    """Arguments that a run on this machine takes from the settings and its surroundings."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.lineage import git_commit

    return {
        "bucket": model_output_bucket(settings).url,
        "tracking_uri": settings.tracking_uri,
        "gate_floor": settings.gate.floor,
        "gate_drop": settings.gate.allowed_drop,
        "gate_channel": settings.gate.channel,
        "git_commit": git_commit(Path.cwd()),
        "started": SystemClock().now(),
    }


def watched_repository(settings: Settings, name: str) -> WatchedRepository:
    """A repository of `git.repositories`, with the secret of its hook too; NotFound."""
    for repository in settings.repositories:
        if repository.name == name:
            hook = settings.home / "git" / f"{name}.secret"
            own = {Sender.HOOK: hook} if hook.exists() else {}
            return dataclasses.replace(repository, secrets={**repository.secrets, **own})
    raise NotFound(
        f"no repository {name[:80]!r} is watched",
        hint="git.repositories of slipway.yaml names them; slipway git-trigger list shows them",
    )


def push_receiver(settings: Settings, repository: WatchedRepository) -> "PushReceiver":
    """What starts runs for pushes to a repository, with the code that was pushed."""
    from slipway.adapters.git_mirror import GitMirror
    from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
    from slipway.services.audit import Actor, Trail, Via
    from slipway.services.git_push.deliveries import Deliveries
    from slipway.services.git_push.push import PushReceiver
    from slipway.services.start_run import start

    runs = settings.home / "runs"

    def start_pushed(trigger: Trigger, commit: Commit, pusher: str) -> RunState:
        backend = LocalPipelineBackend(runs, code=Path(commit.folder))
        trail = Trail(audit_log(settings), Actor(pusher, Via.GIT))
        name, params = trigger.pipeline, trigger.params
        try:
            return start(
                backend,
                run_defaults(settings),
                name,
                params,
                trail=trail,
                commit=commit,
                queue=True,
            )
        except SlipwayError as error:
            if error.transient:
                raise
            reason = RunError(error.code, error.message, error.hint)
            state = backend.refuse(name, params, Origin(pusher, commit), reason)
            trail.note("run.start", state.id, pipeline=name, commit=commit.id)
            return state

    def in_use() -> set[Path]:
        states = LocalPipelineBackend(runs).runs()
        return {Path(state.commit.folder) for state in states if state.commit and not state.over}

    folder = settings.home / "git"
    return PushReceiver(
        repository,
        GitMirror(folder, repository.name, repository.url),
        Deliveries(folder / f"{repository.name}.deliveries"),
        start_pushed,
        in_use,
    )


def compile_pipeline(pipeline: str, output: Path, image: str | None) -> None:
    """Write a pipeline's IR YAML; see `kfp_pipelines.compile_pipeline`."""
    from slipway.adapters import kfp_pipelines

    kfp_pipelines.compile_pipeline(kfp_pipelines.PACKAGE, pipeline, output, image)


def _open_or_make(url: str, *, made: bool) -> Bucket:
    """The embedded default's folders are made when they are first used, others have to exist."""
    if made:
        Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
    return open_bucket(url)
