"""The process of one local run: `python -m THIS_MODULE RUN_FOLDER PACKAGE PIPELINE`.

kfp.local keeps its configuration in a global and says of a failure only which task it was, so
each run is a process of its own, with its own log, out of which the reason is read.
"""

import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway.adapters import pipeline_spec
from slipway.adapters.kfp_pipelines import load_pipeline
from slipway.adapters.run_folder import RunFolder, ended
from slipway.adapters.task_errors import reason
from slipway.domain.errors import RunFailed, SlipwayError
from slipway.ports.pipeline_backend import RunError, RunState, Status, TaskState
from slipway.ports.pipeline_graph import Step, tasks_of


class Recorder:
    """Writes down what happens to the run's tasks, as it happens; a loop's run in threads."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._active: Counter[str] = Counter()  # a task in a loop runs several times at once
        self.state = folder.read_state()
        self.error: RunError | None = None  # why the first task that failed did

    def begun(self) -> None:
        """The run's process is there, also when the one that started it no longer is."""
        self._folder.write_pid(os.getpid())
        if self.state.status is Status.WAITING:
            self._write(replace(self.state, status=Status.RUNNING, started=time.time()))

    def planned(self, steps: Sequence[Step]) -> None:
        """These steps will run."""
        self._folder.write_graph(steps)
        names = dict.fromkeys(tasks_of(steps))
        self._write(replace(self.state, tasks=tuple(map(TaskState, names))))

    def began(self, name: str) -> None:
        """A task begins, perhaps not for the first time."""
        with self._lock:
            self._active[name] += 1
            before = self._task(name)
            failed = before.status is Status.FAILED
            status = Status.FAILED if failed else Status.RUNNING
            self._put(replace(before, status=status, started=before.started or time.time()))

    def succeeded(self, name: str, outputs: Mapping[str, object]) -> None:
        """A task ended well; its outputs `version` and `metrics` are the run's."""
        with self._lock:
            self._ended(name, Status.SUCCEEDED)
            version, metrics = outputs.get("version"), outputs.get("metrics")
            if isinstance(version, str):
                self._write(replace(self.state, version=version))
            if isinstance(metrics, dict):
                numbers = {str(k): float(v) for k, v in metrics.items()}
                self._write(replace(self.state, metrics=numbers))

    def failed(self, name: str, error: RunError) -> None:
        """A task ended badly; others may go on, such as what is to be done at the end."""
        with self._lock:
            self._ended(name, Status.FAILED)
            self.error = self.error or error

    def over(self, status: Status, error: RunError | None) -> None:
        """The run is over."""
        self._write(ended(self.state, status, time.time(), error))

    def _ended(self, name: str, status: Status) -> None:
        self._active[name] -= 1
        before = self._task(name)
        if before.status is Status.FAILED:
            status = Status.FAILED
        elif self._active[name] and status is Status.SUCCEEDED:
            return
        self._put(replace(before, status=status, ended=time.time()))

    def _task(self, name: str) -> TaskState:
        return next(task for task in self.state.tasks if task.name == name)

    def _put(self, changed: TaskState) -> None:
        tasks = (changed if task.name == changed.name else task for task in self.state.tasks)
        self._write(replace(self.state, tasks=tuple(tasks)))

    def _write(self, state: RunState) -> None:
        self.state = state
        self._folder.write_state(state)


def run(folder: RunFolder, package: str, name: str) -> bool:
    """Run the pipeline and keep its state up to date; whether it succeeded."""
    recorder = Recorder(folder)
    try:
        recorder.begun()
        pipeline = load_pipeline(package, name)
        recorder.planned(_steps(pipeline))
        _execute(pipeline, folder, recorder)
    except SlipwayError as error:
        recorder.over(Status.FAILED, RunError(error.code, error.message, error.hint))
    except Exception as error:
        logging.exception("the run failed")
        recorder.over(
            Status.FAILED, RunError(RunFailed.code, f"{type(error).__name__}: {error}".strip())
        )
    else:
        recorder.over(Status.FAILED if recorder.error else Status.SUCCEEDED, recorder.error)
    return recorder.state.status is Status.SUCCEEDED


def _steps(pipeline: Any) -> Sequence[Step]:
    from google.protobuf import json_format

    return pipeline_spec.steps(json_format.MessageToDict(pipeline.pipeline_spec))


def _execute(pipeline: Callable[..., object], folder: RunFolder, recorder: Recorder) -> None:
    from kfp import local
    from kfp.local.orchestrator import task_executor
    from kfp.local.status import Status as KfpStatus

    # Local tasks run in this Python, not in the image, whose name kfp expects to say "python".
    warnings.filterwarnings("ignore", message=".*non-Python base image.*", category=RuntimeWarning)
    execute = task_executor.execute_single_task

    def recorded(**arguments: Any) -> tuple[Any, Any]:
        task = str(arguments["task_name"])
        sys.stdout.flush()
        start = folder.log.stat().st_size
        recorder.began(task)
        outputs, status = execute(**arguments)
        if status is KfpStatus.SUCCESS:
            recorder.succeeded(task, outputs)
        else:
            sys.stdout.flush()
            output = folder.log.read_bytes()[start:].decode(errors="replace")
            recorder.failed(task, reason(task, output))
        return outputs, status

    task_executor.execute_single_task = recorded  # the one place that knows the task's name
    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=str(folder.artifacts),
        workspace_root=str(folder.path / "workspace"),
        raise_on_error=False,
    )
    pipeline(**folder.read_parameters())


def main() -> int:
    """Run what the command line says."""
    path, package, name = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # kfp leaves a folder behind for each task; all of them go with this one.
    scratch = tempfile.mkdtemp(prefix="slipway-run-")
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    try:
        return 0 if run(RunFolder(Path(path)), package, name) else 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
