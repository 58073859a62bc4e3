"""Pipelines on this machine with kfp.local: a process and a folder for each run.

A run is the folder `RUNS/RUN_ID/` (see `run_folder`) and a process (see `local_run_processes`).
Artifacts stay in the folder.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE
from slipway.adapters.local_run_processes import RunProcesses, end
from slipway.adapters.run_folder import RunFolder, ended
from slipway.adapters.run_output import artifacts, confusions, log_part, open_artifact
from slipway.domain.errors import InvalidInput, NotFound, RunFailed
from slipway.domain.system_errors import os_errors
from slipway.ports.pipeline_backend import (
    UNKNOWN,
    Argument,
    Artifact,
    Confusion,
    Origin,
    Parameter,
    RunError,
    RunState,
    Status,
)
from slipway.ports.pipeline_graph import Step

_POLL = 0.05
_PLACEHOLDER = "{{$"
_GONE = RunError(
    RunFailed.code,
    "the run's process went away without a word",
    "It was killed, or the machine ran out of memory",
)


class LocalPipelineBackend:
    """Port `PipelineBackend` over kfp.local."""

    def __init__(
        self,
        runs: Path,
        package: str = PACKAGE,
        code: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        """`code`: a checkout of pushed code that the pipelines are taken from; `cache`: a folder
        that keeps what they are compiled to."""
        self._runs = runs.absolute()
        self._compiled = CompiledPipelines(package, cache, code)
        self._processes = RunProcesses(package)
        self._over: dict[str, tuple[int, RunState]] = {}  # when it was written, and what

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
        """See the port."""
        steps = self.graph(pipeline)
        for name, value in arguments.items():
            if _PLACEHOLDER in str(value):
                raise InvalidInput(
                    f"parameter {name} holds {_PLACEHOLDER!r}, which kfp would replace",
                    hint="Write it without",
                )
        folder, now = self._make_folder(pipeline), time.time()
        state = RunState(
            folder.path.name,
            pipeline,
            Status.WAITING if queue else Status.RUNNING,
            0.0 if queue else now,
            location=str(folder.path),
            actor=origin.actor,
            commit=origin.commit,
            queued=now if queue else 0.0,
        )
        try:
            with os_errors(str(folder.path)):
                folder.write_parameters(arguments)
                folder.write_graph(steps)
                with folder.hold() as lock:
                    folder.log.touch()
                    folder.write_state(state)  # from here on it is a run
                    if not queue:
                        self._processes.start(folder, state, lock)
        except BaseException:  # ctrl-C too
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        return state

    def refuse(
        self, pipeline: str, arguments: Mapping[str, Argument], origin: Origin, error: RunError
    ) -> RunState:
        """A run that failed before it began, for people to find with its reason."""
        folder = self._make_folder(pipeline)
        now = time.time()
        state = RunState(
            folder.path.name,
            pipeline,
            Status.FAILED,
            now,
            ended=now,
            error=error,
            location=str(folder.path),
            actor=origin.actor,
            commit=origin.commit,
        )
        with os_errors(str(folder.path)):
            folder.write_parameters(arguments)
            folder.log.write_text(f"{error.message}\n{error.hint}\n")
            folder.write_state(state)
        return state

    def admit(self, limit: int) -> Sequence[RunState]:
        """See the port; while another process does it, nothing is done."""
        if not self._runs.exists():
            return ()
        with (self._runs / "queue.lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return ()
            return self._admit(limit)

    def _admit(self, limit: int) -> Sequence[RunState]:
        open_runs = self._unfinished()
        running = sum(state.status is Status.RUNNING for state in open_runs)
        began: list[RunState] = []
        for state in sorted(open_runs, key=lambda state: (state.asked, state.id)):
            if state.status is Status.WAITING and running + len(began) < limit:
                began += self._begin(state.id)
        return began

    def _unfinished(self) -> list[RunState]:
        """The runs that are not over."""
        return [state for state in self.runs() if not state.over]

    def _begin(self, run_id: str) -> list[RunState]:
        """Start a waiting run, and wait until it says that it runs; nothing when somebody else
        starts or has cancelled it."""
        folder = self._folder(run_id)
        lock = folder.try_hold()
        if lock is None:
            return []
        with lock, os_errors(str(folder.path)):
            state = folder.read_state()
            if state.status is not Status.WAITING:
                return []
            self._processes.start(folder, state, lock)
        while (state := folder.read_state()).status is Status.WAITING:
            if not folder.alive:  # it could not even say so; it shall not be tried for ever
                state = ended(state, Status.FAILED, time.time(), _GONE)
                folder.write_state(state)
                self._processes.forget(run_id)
                break
            time.sleep(_POLL)
        return [state]

    def state(self, run_id: str) -> RunState:
        """See the port."""
        folder = self._folder(run_id)
        alive = folder.read_state().over or folder.alive
        state = folder.read_state()  # again: it may have been written before the lock went
        if state.over:
            self._processes.forget(run_id)
        if alive or state.over or state.status is Status.WAITING:
            return state
        self._processes.forget(run_id)
        state = ended(state, Status.FAILED, folder.log.stat().st_mtime, _GONE)
        folder.write_state(state)
        return state

    def arguments(self, run_id: str) -> Mapping[str, Argument]:
        """See the port."""
        return self._known(run_id).read_parameters()

    def run_graph(self, run_id: str) -> Sequence[Step]:
        """See the port; empty for a run that was refused."""
        return self._known(run_id).read_graph()

    def log(self, run_id: str, offset: int = 0) -> tuple[str, int]:
        """See the port."""
        return log_part(self._known(run_id).log, offset)

    def log_size(self, run_id: str) -> int:
        """See the port."""
        return self._known(run_id).log.stat().st_size

    def artifacts(self, run_id: str) -> Sequence[Artifact]:
        """See the port."""
        return artifacts(self._known(run_id).artifacts)

    def open_artifact(self, run_id: str, path: str) -> BinaryIO:
        """See the port."""
        return open_artifact(self._known(run_id).artifacts, path)

    def confusions(self, run_id: str) -> Sequence[Confusion]:
        """See the port."""
        return confusions(self._known(run_id).artifacts)

    def last_words(self, run_id: str) -> str:
        """See the port."""
        return self._folder(run_id).last_words()

    def runs(self) -> Sequence[RunState]:
        """See the port."""
        found = [self._seen(file) for file in self._runs.glob("*/state.json")]
        return sorted(found, key=lambda state: (state.asked, state.id), reverse=True)

    def _seen(self, file: Path) -> RunState:
        """The state in a file; that of a run that is over is read once as long as nobody writes
        it again."""
        written, run_id = file.stat().st_mtime_ns, file.parent.name
        known = self._over.get(run_id)
        if known and known[0] == written:
            return known[1]
        state = self.state(run_id)
        if state.over:
            self._over[run_id] = written, state
        return state

    def cancel(self, run_id: str) -> RunState:
        """See the port."""
        folder = self._folder(run_id)
        while (state := folder.read_state()).status is Status.WAITING:
            if lock := folder.try_hold():  # nobody is starting it
                with lock:
                    if folder.read_state().status is Status.WAITING:
                        folder.write_state(ended(state, Status.CANCELLED, time.time(), None))
            else:
                time.sleep(_POLL)
        if state.over:
            return state
        if folder.alive:
            end(folder)
        state = folder.read_state()
        if not state.over or state.status is Status.FAILED:  # the signal made it fail
            state = ended(replace(state, error=None), Status.CANCELLED, time.time(), None)
            folder.write_state(state)
        self._processes.forget(run_id)
        return state

    def _make_folder(self, pipeline: str) -> RunFolder:
        """A new folder, named after the pipeline and the time; no two runs get the same."""
        stamp = f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        with os_errors(str(self._runs)):
            self._runs.mkdir(parents=True, exist_ok=True)
            number = 1
            while True:
                path = self._runs / (stamp if number == 1 else f"{stamp}-{number}")
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return RunFolder(path)
                number += 1

    def _known(self, run_id: str) -> RunFolder:
        """The folder of a run that there is; NotFound."""
        folder = self._folder(run_id)
        folder.read_state()
        return folder

    def _folder(self, run_id: str) -> RunFolder:
        if not run_id or "/" in run_id or run_id.startswith("."):
            raise NotFound(f"there is no run {run_id!r}", hint="slipway runs lists them")
        return RunFolder(self._runs / run_id)
