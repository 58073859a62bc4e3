"""Queued runs: their order, their limit, and starters that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.ports.pipeline_backend import RunState, Status

ROOT = Path(__file__).parents[2]
SECONDS = 120
KILLED = """
import os, sys, subprocess
from pathlib import Path
from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.adapters.run_folder import RunFolder

def killed(*arguments, **options):
    os.kill(os.getpid(), 9)

owner, name = {"before": (subprocess, "Popen"), "after": (RunFolder, "write_pid")}[sys.argv[2]]
setattr(owner, name, killed)
LocalPipelineBackend(Path(sys.argv[1]), package="tests.pipelines").admit(1)
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], LocalPipelineBackend]]:
    """Makes backends of the same runs, as processes of their own would have."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "src")]))
    made: list[LocalPipelineBackend] = []

    def new() -> LocalPipelineBackend:
        made.append(LocalPipelineBackend(tmp_path / "runs", package="tests.pipelines"))
        return made[-1]

    yield new
    for state in new().runs():
        made[-1].cancel(state.id)
    for backend in made:
        backend.runs()  # lets go of the processes that it started


@pytest.fixture
def backend(new: Callable[[], LocalPipelineBackend]) -> LocalPipelineBackend:
    return new()


def _queue(backend: LocalPipelineBackend, how: str = "hang") -> str:
    state = backend.start("tiny", {"text": "x", "how": how}, queue=True)
    assert (state.status, state.started) == (Status.WAITING, 0.0)
    assert state.queued > 0
    return state.id


def _over(backend: LocalPipelineBackend, run_id: str) -> RunState:
    deadline = time.monotonic() + SECONDS
    while not (state := backend.state(run_id)).over:
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def test_waiting_runs_begin_in_order_within_the_limit(
    backend: LocalPipelineBackend, new: Callable[[], LocalPipelineBackend]
) -> None:
    assert list(backend.admit(1)) == []
    first, second, third = (_queue(backend) for _ in range(3))
    assert list(backend.admit(0)) == []
    assert [state.id for state in backend.admit(1)] == [first]
    assert backend.state(first).status is Status.RUNNING
    assert backend.state(first).started >= backend.state(first).queued
    assert list(backend.admit(1)) == []
    assert [state.id for state in backend.runs()] == [third, second, first]
    assert backend.cancel(second).status is Status.CANCELLED
    assert backend.log(second) == ("", 0)
    assert [state.id for state in new().admit(5)] == [third], "a runner that is new finds them"
    assert backend.state(second).status is Status.CANCELLED


def test_a_queued_run_goes_as_any(backend: LocalPipelineBackend) -> None:
    run_id = _queue(backend, "well")
    backend.admit(1)
    state = _over(backend, run_id)
    assert (state.status, state.version) == (Status.SUCCEEDED, "parts_1_7")
    assert list(backend.admit(1)) == []


def test_many_runners_start_each_run_once_within_the_limit(
    backend: LocalPipelineBackend, new: Callable[[], LocalPipelineBackend]
) -> None:
    ids = {_queue(backend) for _ in range(4)}

    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda one: one.admit(2), [new() for _ in range(4)])
        began = [state.id for states in found for state in states]
    assert len(began) == len(set(began)) == 2
    running = {s.id for s in backend.runs() if s.status is Status.RUNNING}
    assert running == set(began) < ids


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_starter_that_is_killed_neither_loses_a_run_nor_starts_it_twice(
    backend: LocalPipelineBackend, tmp_path: Path, moment: str
) -> None:
    """Before or after the run's process is there."""
    run_id = _queue(backend, "well")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "runs"), moment]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    deadline = time.monotonic() + SECONDS
    while not backend.state(run_id).over:
        assert time.monotonic() < deadline
        backend.admit(1)
        time.sleep(0.05)
    assert backend.state(run_id).status is Status.SUCCEEDED
    assert len(list((tmp_path / "runs").rglob("given.json"))) == 1


def test_what_cannot_begin_is_not_tried_for_ever(
    backend: LocalPipelineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = _queue(backend)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    [state] = backend.admit(1)
    assert (state.id, state.status) == (run_id, Status.FAILED)
    assert state.error
    assert "went away" in state.error.message
    assert list(backend.admit(1)) == []
