"""Runs of pipelines, here and on clusters."""

from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import InvalidSetting
from slipway.settings import Settings
from slipway.wiring.buckets import model_output_bucket

if TYPE_CHECKING:
    from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
    from slipway.adapters.schedule_folder import ScheduleFolder
    from slipway.ports.pipeline_backend import PipelineBackend
    from slipway.ports.schedules import Schedules

LOCAL, KUBEFLOW = "local", "kubeflow"


def pipeline_backend(settings: Settings, name: str = LOCAL) -> "PipelineBackend":
    """What runs pipelines: `local` or `kubeflow`."""
    if name == KUBEFLOW:
        return _kubeflow(settings)
    from slipway.adapters.local_pipeline_backend import LocalPipelineBackend

    return LocalPipelineBackend(settings.home / "runs", cache=_compiled(settings))


def pipeline_backends(settings: Settings) -> "dict[str, PipelineBackend]":
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


def compile_pipeline(pipeline: str, output: Path, image: str | None) -> None:
    """Write a pipeline's IR YAML; see `kfp_pipelines.compile_pipeline`."""
    from slipway.adapters import kfp_pipelines

    kfp_pipelines.compile_pipeline(kfp_pipelines.PACKAGE, pipeline, output, image)
