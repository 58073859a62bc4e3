"""Schedules on a Kubeflow Pipelines server, as its recurring runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
from slipway.adapters.kubeflow_runs import describe, origin_of, spec_of
from slipway.domain.errors import AlreadyExists, NotFound
from slipway.ports.pipeline_backend import Argument, Origin
from slipway.ports.schedules import Schedule

_FIELDS = 5
_SECONDS = "0 "  # Kubeflow's cron has a field of seconds before the usual five


class KubeflowSchedules:
    """Port `Schedules` over recurring runs; the server fires them."""

    def __init__(self, backend: KubeflowPipelineBackend) -> None:
        self._backend = backend
        self._api = backend.api

    def add(self, schedule: Schedule, arguments: Mapping[str, Argument]) -> None:
        """See the port; what its runs are given stays as it is now."""
        spec = self._backend.compiled(schedule.pipeline)
        runtime = self._backend.runtime(arguments)
        if schedule.name in self._found():
            raise AlreadyExists(
                f"there is a schedule {schedule.name!r} already", hint="Remove it first"
            )
        models = self._api.models
        cron = models.V2beta1CronSchedule(cron=_SECONDS + schedule.cron)
        body = models.V2beta1RecurringRun(
            experiment_id=self._backend.experiment(),
            display_name=schedule.name,
            description=describe(Origin(schedule.actor)),
            pipeline_spec=spec,
            runtime_config=runtime,
            trigger=models.V2beta1Trigger(cron_schedule=cron),
            mode=models.RecurringRunMode.ENABLE,
            max_concurrency="1",
            no_catchup=True,
        )
        create = self._api.recurring.recurring_run_service_create_recurring_run
        self._api.call(create, f"schedule {schedule.name!r}", recurring_run=body)

    def schedules(self) -> Sequence[Schedule]:
        """See the port; recurring runs of another kind, which others made, are left out."""
        found = [_schedule(run) for _, run in sorted(self._found().items())]
        return [schedule for schedule in found if len(schedule.cron.split()) == _FIELDS]

    def remove(self, name: str) -> None:
        """See the port."""
        self._do(self._api.recurring.recurring_run_service_delete_recurring_run, name)

    def pause(self, name: str, *, paused: bool) -> None:
        """See the port."""
        service = self._api.recurring
        if paused:
            self._do(service.recurring_run_service_disable_recurring_run, name)
        else:
            self._do(service.recurring_run_service_enable_recurring_run, name)

    def _do(self, function: Any, name: str) -> None:
        found = self._found()
        if name not in found:
            raise NotFound(
                f"there is no schedule {name!r} on {self._api.host}",
                hint="slipway schedule list shows them",
            )
        run_id = found[name].recurring_run_id
        self._api.call(function, f"schedule {name!r}", recurring_run_id=run_id)

    def _found(self) -> Mapping[str, Any]:
        service = self._api.recurring
        runs = self._api.every(
            service.recurring_run_service_list_recurring_runs,
            "list of schedules",
            "recurring_runs",
            experiment_id=self._backend.experiment(),
        )
        return {run.display_name: run for run in runs}


def _schedule(run: Any) -> Schedule:
    given = (run.runtime_config.parameters if run.runtime_config else None) or {}
    cron = run.trigger.cron_schedule.cron if run.trigger and run.trigger.cron_schedule else ""
    return Schedule(
        run.display_name,
        str(spec_of(run).get("pipelineInfo", {}).get("name", "")),
        cron.removeprefix(_SECONDS),
        {name: str(value) for name, value in given.items()},
        origin_of(run.description).actor,
        paused=run.status == "DISABLED",
    )
