"""What Kubeflow Pipelines says of a run, in our words."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from slipway.adapters.pipeline_spec import steps
from slipway.domain.errors import RunFailed
from slipway.ports.pipeline_backend import (
    Commit,
    Origin,
    RunError,
    RunState,
    Status,
    TaskState,
)
from slipway.ports.pipeline_graph import tasks_of

_LOUDEST = (
    Status.RUNNING,
    Status.FAILED,
    Status.CANCELLED,
    Status.WAITING,
    Status.SUCCEEDED,
)
_STATUS = {
    "PENDING": Status.WAITING,
    "RUNNING": Status.RUNNING,
    "PAUSED": Status.RUNNING,
    "CANCELING": Status.RUNNING,
    "SUCCEEDED": Status.SUCCEEDED,
    "SKIPPED": Status.SUCCEEDED,
    "FAILED": Status.FAILED,
    "CANCELED": Status.CANCELLED,
}


def describe(origin: Origin) -> str:
    """Where a run comes from, as the run's description."""
    return json.dumps({name: part for name, part in asdict(origin).items() if part})


def run_state(run: Any, host: str) -> RunState:
    """A V2beta1Run as ours."""
    origin = origin_of(run.description)
    status = _status(run.state)
    return RunState(
        run.run_id,
        str(spec_of(run).get("pipelineInfo", {}).get("name", "")),
        status,
        _seconds(run.created_at),
        _seconds(run.finished_at) if status not in (Status.WAITING, Status.RUNNING) else 0.0,
        tasks=_tasks(run),
        error=_error(run) if status is Status.FAILED else None,
        location=f"{host}/#/runs/details/{run.run_id}",
        actor=origin.actor,
        commit=origin.commit,
    )


def _status(state: str | None) -> Status:
    return _STATUS.get(state or "", Status.WAITING)


def _seconds(when: datetime | None) -> float:
    """Unix seconds; what has no time yet has none, or the year 0001 or 1970."""
    return max(when.timestamp(), 0.0) if when and when.year > 1970 else 0.0


def spec_of(run: Any) -> Mapping[str, Any]:
    """The pipeline's specification of a run; beside a platform's it is one level deeper."""
    document = run.pipeline_spec or {}
    spec: Mapping[str, Any] = document.get("pipeline_spec", document)
    return spec


def _tasks(run: Any) -> Sequence[TaskState]:
    """The pipeline's own tasks in the order of their start; Kubeflow lists its drivers and
    executors beside them, a task in a loop several times, and only what it came to so far."""
    states = {name: TaskState(name) for name in tasks_of(steps(spec_of(run)))}
    for task in (run.run_details.task_details if run.run_details else None) or ():
        if before := states.get(task.display_name):
            seen = TaskState(
                task.display_name,
                _status(task.state),
                _seconds(task.start_time),
                _seconds(task.end_time),
            )
            states[seen.name] = _together(before, seen) if before.started else seen
    return sorted(states.values(), key=lambda task: (not task.started, task.started))


def _together(one: TaskState, other: TaskState) -> TaskState:
    """A task in a loop, whose times are those of all its turns."""
    status = min(one.status, other.status, key=_LOUDEST.index)
    ends = (one.ended, other.ended)
    return TaskState(
        one.name,
        status,
        min(one.started, other.started or one.started),
        0.0 if 0.0 in ends else max(ends),
    )


def _error(run: Any) -> RunError:
    """Why a run failed: what the first failed task says, else what the run says."""
    planned = set(tasks_of(steps(spec_of(run))))
    for task in (run.run_details.task_details if run.run_details else None) or ():
        if task.error and task.error.message and task.display_name in planned:
            return RunError(RunFailed.code, f"task {task.display_name}: {task.error.message}")
    said = run.error.message if run.error and run.error.message else "it gave no reason"
    return RunError(RunFailed.code, f"the run failed: {said}")


def origin_of(description: str | None) -> Origin:
    """What `describe` wrote; others' descriptions say nothing."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        document = json.loads(description or "")
        commit = document.get("commit")
        return Origin(str(document.get("actor", "")), Commit(**commit) if commit else None)
    return Origin()
