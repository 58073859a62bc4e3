"""Pipelines on a Kubeflow Pipelines cluster.

A run carries the compiled pipeline itself, so that nothing has to be uploaded before and no later
upload changes it. All of Slipway's runs are in one experiment. Who started a run, and for which
commit, is its description. Logs and artifacts stay in the cluster; its own page shows them.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from slipway.adapters import pipeline_spec
from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE, check_image
from slipway.adapters.kubeflow_api import KubeflowApi, filter_by_name
from slipway.adapters.kubeflow_runs import describe, run_state, spec_of
from slipway.domain.errors import InvalidInput, InvalidSetting, NotFound
from slipway.ports.pipeline_backend import (
    UNKNOWN,
    Argument,
    Artifact,
    Confusion,
    Origin,
    Parameter,
    RunState,
)
from slipway.ports.pipeline_graph import Step

EXPERIMENT = "slipway"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_ONLY_HERE = ("file:", "sqlite:")


class KubeflowPipelineBackend:
    """Port `PipelineBackend` over the v2beta1 API."""

    def __init__(
        self,
        api: KubeflowApi,
        *,
        image: str,
        namespace: str = "",
        package: str = PACKAGE,
        cache: Path | None = None,
    ) -> None:
        """`image`: what tasks run in; `namespace`: of the user, where the server has several;
        `cache`: a folder that keeps what the pipelines are compiled to."""
        self.api = api
        self._image = image
        self._namespace = namespace
        self._compiled = CompiledPipelines(package, cache)

    def pipelines(self) -> Sequence[str]:
        """See the port."""
        return self._compiled.names()

    def parameters(self, pipeline: str) -> Sequence[Parameter]:
        """See the port."""
        return self._compiled.get(pipeline).parameters

    def description(self, pipeline: str) -> str:
        """See the port."""
        return self._compiled.get(pipeline).description

    def graph(self, pipeline: str) -> Sequence[Step]:
        """See the port."""
        return self._compiled.get(pipeline).steps

    def start(
        self,
        pipeline: str,
        arguments: Mapping[str, Argument],
        origin: Origin = UNKNOWN,
        *,
        queue: bool = False,
    ) -> RunState:
        """See the port; InvalidInput for an argument that only this machine can reach,
        InvalidSetting without an image."""
        spec, runtime = self.compiled(pipeline), self.runtime(arguments)
        body = self.api.models.V2beta1Run(
            experiment_id=self.experiment(),
            display_name=f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}",
            description=describe(origin),
            pipeline_spec=spec,
            runtime_config=runtime,
        )
        return self._read(
            self.api.call(self.api.runs.run_service_create_run, f"run of {pipeline}", run=body)
        )

    def admit(self, limit: int) -> Sequence[RunState]:
        """None: the cluster has its own queue."""
        return ()

    def state(self, run_id: str) -> RunState:
        """See the port."""
        return self._read(self._get(run_id))

    def arguments(self, run_id: str) -> Mapping[str, Argument]:
        """See the port."""
        configuration = self._get(run_id).runtime_config
        given: Mapping[str, Argument] = (configuration.parameters if configuration else None) or {}
        return given

    def run_graph(self, run_id: str) -> Sequence[Step]:
        """See the port; the run carries it."""
        return pipeline_spec.steps(spec_of(self._get(run_id)))

    def log(self, run_id: str, offset: int = 0) -> tuple[str, int]:
        """NotFound: the log is the cluster's."""
        raise self._no_log(run_id)

    def log_size(self, run_id: str) -> int:
        """NotFound: the log is the cluster's."""
        raise self._no_log(run_id)

    def _no_log(self, run_id: str) -> NotFound:
        return NotFound(
            f"the log of run {run_id!r} is in the cluster",
            hint=f"Read it at {self.state(run_id).location}",
        )

    def artifacts(self, run_id: str) -> Sequence[Artifact]:
        """None: they are the cluster's."""
        self._get(run_id)
        return ()

    def open_artifact(self, run_id: str, path: str) -> BinaryIO:
        """NotFound: they are the cluster's."""
        raise NotFound(
            f"the artifact {path!r} is in the cluster",
            hint=f"Find it at {self.state(run_id).location}",
        )

    def confusions(self, run_id: str) -> Sequence[Confusion]:
        """None: they are the cluster's."""
        self._get(run_id)
        return ()

    def last_words(self, run_id: str) -> str:
        """Empty: the log is the cluster's."""
        return ""

    def runs(self) -> Sequence[RunState]:
        """See the port."""
        found = self.api.every(
            self.api.runs.run_service_list_runs,
            "list of runs",
            "runs",
            experiment_id=self.experiment(),
            sort_by="created_at desc",
        )
        states = [self._read(run) for run in found]
        return sorted(states, key=lambda state: (state.asked, state.id), reverse=True)

    def cancel(self, run_id: str) -> RunState:
        """See the port; the cluster may take a while, so the run may still be running."""
        if (state := self.state(run_id)).over:
            return state
        self.api.call(self.api.runs.run_service_terminate_run, f"run {run_id!r}", run_id=run_id)
        return self.state(run_id)

    def compiled(self, pipeline: str) -> dict[str, Any]:
        """The pipeline as the API takes it; NotFound, InvalidReference for the image."""
        if not self._image:
            raise InvalidSetting(
                "kubeflow.image is not set",
                hint="slipway pipeline-image builds one and prints its reference",
            )
        check_image(self._image)
        made = self._compiled.get(pipeline)
        spec: dict[str, Any] = copy.deepcopy(dict(made.spec))
        for executor in spec["deploymentSpec"]["executors"].values():
            if "container" in executor:
                executor["container"]["image"] = self._image
        if made.platform is None:
            return spec
        return {"pipeline_spec": spec, "platform_spec": made.platform}

    def runtime(self, arguments: Mapping[str, Argument]) -> Any:
        """Arguments as the API takes them; InvalidInput for what a cluster cannot reach."""
        for name, value in arguments.items():
            if str(value).startswith(_ONLY_HERE):
                raise InvalidInput(
                    f"parameter {name} is {value!r}, which a cluster cannot reach",
                    hint=f"Give --param {name}=…, or set buckets.model_output and "
                    "mlflow.tracking_uri to what it reaches",
                )
        return self.api.models.V2beta1RuntimeConfig(parameters=dict(arguments))

    def experiment(self) -> str:
        """The id of our experiment, which is made when it is not there."""
        where = {"namespace": self._namespace} if self._namespace else {}
        service, what = self.api.experiments, f"experiment {EXPERIMENT!r}"
        answer = self.api.call(
            service.experiment_service_list_experiments,
            what,
            filter=filter_by_name(EXPERIMENT),
            **where,
        )
        if answer.experiments:
            found = answer.experiments[0]
        else:
            body = self.api.models.V2beta1Experiment(display_name=EXPERIMENT, **where)
            found = self.api.call(
                service.experiment_service_create_experiment, what, experiment=body
            )
        if not found.experiment_id:
            raise self.api.odd(what)
        experiment_id: str = found.experiment_id
        return experiment_id

    def _get(self, run_id: str) -> Any:
        if not _RUN_ID.fullmatch(run_id):
            raise NotFound(f"there is no run {run_id!r}", hint="slipway runs lists them")
        return self.api.call(self.api.runs.run_service_get_run, f"run {run_id!r}", run_id=run_id)

    def _read(self, run: Any) -> RunState:
        if not run.run_id:
            raise self.api.odd("run")
        return run_state(run, self.api.host)
