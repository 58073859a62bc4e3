"""The folder of one local run: `parameters.json`, `state.json`, `graph.json`, `log`, `artifacts/`.

Who runs holds a lock on the file `lock`, so that a run whose process was killed is known as such.
A run that waits is nobody's; who takes its lock may start or cancel it. Only the run's own process
writes that it runs, so one that was being started when its starter was killed still waits, or runs.
"""

import fcntl
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from slipway.adapters.files import replacing
from slipway.domain.errors import NotFound
from slipway.domain.system_errors import os_errors
from slipway.ports.pipeline_backend import (
    Argument,
    Commit,
    RunError,
    RunState,
    Status,
    TaskState,
)
from slipway.ports.pipeline_graph import Step, StepKind

_TAIL = 8192  # bytes of the log's end that hold its last line
_PROGRESS = re.compile(r"[a-z][a-z -]*: ")


class RunFolder:
    """One run on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "log"
        self.artifacts = path / "artifacts"
        self._parameters = path / "parameters.json"
        self._state = path / "state.json"
        self._graph = path / "graph.json"
        self._lock = path / "lock"
        self._pid = path / "pid"

    def write_parameters(self, arguments: Mapping[str, Argument]) -> None:
        """Keep the run's arguments."""
        with replacing(self._parameters) as file:
            file.write((json.dumps(arguments, indent=2) + "\n").encode())

    def read_parameters(self) -> dict[str, Argument]:
        """The run's arguments."""
        document: dict[str, Argument] = json.loads(self._parameters.read_bytes())
        return document

    def write_state(self, state: RunState) -> None:
        """Replace the state; a reader sees the old or the new one."""
        with replacing(self._state) as file:
            file.write((json.dumps(asdict(state), indent=2) + "\n").encode())

    def read_state(self) -> RunState:
        """The state as last written; NotFound when there is no such run."""
        try:
            document = json.loads(self._state.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(
                f"there is no run {self.path.name!r}", hint="slipway runs lists them"
            ) from None
        tasks = tuple(
            TaskState(**{**task, "status": Status(task["status"])})
            for task in document.pop("tasks")
        )
        error, commit = document.pop("error"), document.pop("commit", None)
        return RunState(
            **{**document, "status": Status(document["status"])},
            tasks=tasks,
            error=RunError(**error) if error else None,
            commit=Commit(**commit) if commit else None,
        )

    def write_graph(self, steps: Sequence[Step]) -> None:
        """Keep the steps of the run's pipeline."""
        with replacing(self._graph) as file:
            file.write((json.dumps([asdict(step) for step in steps], indent=2) + "\n").encode())

    def read_graph(self) -> tuple[Step, ...]:
        """The steps of the run's pipeline; none where it was never looked at."""
        with suppress(FileNotFoundError):
            return tuple(_step(document) for document in json.loads(self._graph.read_bytes()))
        return ()

    def hold(self) -> BinaryIO:
        """Take the lock that says that the run is alive; it goes with the last process that has
        the file open."""
        file = self._lock.open("wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def try_hold(self) -> BinaryIO | None:
        """Take the lock if nobody has it now."""
        file = self._lock.open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    @property
    def alive(self) -> bool:
        """Whether the run's process is there."""
        with self._lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def write_pid(self, pid: int) -> None:
        """Keep the process group of the run."""
        with os_errors(str(self._pid)):
            self._pid.write_text(f"{pid}\n")

    def read_pid(self) -> int:
        """The process group of the run, meaningful while it is alive."""
        return int(self._pid.read_text())

    def last_words(self) -> str:
        """The last line in the log that tells the last task's progress, `NAME: …`."""
        with self.log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            tail = file.read().decode(errors="replace")
        tail = tail.rpartition("Executing task")[2]  # what kfp.local says before a task's output
        lines = [line.strip() for line in tail.replace("\r", "\n").splitlines()]
        return next((line for line in reversed(lines) if _PROGRESS.match(line)), "")


def _step(document: dict[str, Any]) -> Step:
    return Step(
        document["name"],
        tuple(document["after"]),
        StepKind(document["kind"]),
        document["detail"],
        tuple(_step(inner) for inner in document["steps"]),
    )


def ended(state: RunState, status: Status, when: float, error: RunError | None) -> RunState:
    """The state of a run that is over; tasks that ran end with it."""
    tasks = tuple(
        replace(task, status=status, ended=when) if task.status is Status.RUNNING else task
        for task in state.tasks
    )
    return replace(state, status=status, ended=when, tasks=tasks, error=error)
