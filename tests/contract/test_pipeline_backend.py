"""What every pipeline backend does alike, and how runs on this machine go."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from slipway.adapters.kubeflow_api import KubeflowApi
from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.adapters.run_folder import RunFolder
from slipway.domain.errors import DiskFull, InvalidInput, NotFound
from slipway.ports.pipeline_backend import (
    Argument,
    Commit,
    Confusion,
    Kind,
    Origin,
    Parameter,
    PipelineBackend,
    RunState,
    Status,
)
from slipway.ports.pipeline_graph import Step, StepKind, tasks_of
from tests.fakes.pipeline_backend import FakePipelineBackend
from tests.fixtures.kubeflow_server import kubeflow_server
from tests.fixtures.tiny_pipelines import PACKAGE

SECONDS = 120  # until a run that does nothing has to be over

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_pipelines: Path) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def backend(runs: Path, compiled: Path) -> PipelineBackend:
    return LocalPipelineBackend(runs, package=PACKAGE, cache=compiled)


DECLARED = [
    Parameter("text", Kind.TEXT, None, "Any text."),
    Parameter("number", Kind.INTEGER, 3, "Any number."),
    Parameter("rate", Kind.NUMBER, 0.5, ""),
    Parameter("flag", Kind.BOOLEAN, False, ""),
    Parameter("items", Kind.LIST, ["a", "b"], ""),
    Parameter("how", Kind.TEXT, "well", "well, refuse, crash, die or hang."),
]
DECLARED_BRANCHING = [
    Parameter("which", Kind.TEXT, "left", "left, or another way."),
    Parameter("numbers", Kind.LIST, ["1", "2", "3"], ""),
]
STEPS = (Step("first"), Step("second", ("first",)))
LEFT = Step("condition-3", (), StepKind.CONDITION, "say == 'left'", (Step("say-2"),))
INNER = Step("inner", kind=StepKind.GROUP, steps=(Step("mumble"),))
RIGHT = Step("condition-4", (), StepKind.CONDITION, "!(say == 'left')", (INNER,))
BODY = (
    Step("say"),
    Step("condition-branches-2", ("say",), StepKind.GROUP, steps=(LEFT, RIGHT)),
    Step("for-loop-5", ("say",), StepKind.LOOP, "numbers", (Step("count"),)),
)
BRANCHING = (
    Step("exit-handler-1", kind=StepKind.GROUP, steps=BODY),
    Step("tidy", ("exit-handler-1",)),
)
COMMIT = Commit("a" * 40, "factory", "refs/heads/main")


@pytest.fixture(params=["local", "kubeflow", "fake"])
def each(request: pytest.FixtureRequest, runs: Path, compiled: Path) -> Iterator[PipelineBackend]:
    """Every backend."""
    match request.param:
        case "local":
            yield LocalPipelineBackend(runs, package=PACKAGE, cache=compiled)
        case "kubeflow":
            with kubeflow_server() as server:
                api = KubeflowApi(server.host)
                yield KubeflowPipelineBackend(api, image="tiny", package=PACKAGE, cache=compiled)
        case _:
            yield FakePipelineBackend(
                {"tiny": DECLARED, "branching": DECLARED_BRANCHING},
                {"tiny": STEPS, "branching": BRANCHING},
            )


def _until(backend: PipelineBackend, run_id: str, wanted: Callable[[RunState], bool]) -> RunState:
    deadline = time.monotonic() + SECONDS
    while not wanted(state := backend.state(run_id)):
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def _run(backend: PipelineBackend, arguments: Mapping[str, Argument]) -> RunState:
    state = backend.start("tiny", arguments)
    assert state.status is Status.RUNNING
    return _until(backend, state.id, lambda state: state.over)


def test_pipelines_and_their_parameters_are_known(each: PipelineBackend) -> None:
    assert each.pipelines() == ["branching", "tiny"]
    assert list(each.parameters("tiny")) == DECLARED
    assert list(each.parameters("branching")) == DECLARED_BRANCHING
    assert each.description("tiny") != each.description("branching")


def test_which_step_comes_after_which_is_known(each: PipelineBackend) -> None:
    assert each.graph("tiny") == STEPS
    assert each.graph("branching") == BRANCHING


def test_a_run_has_the_steps_of_its_pipeline(each: PipelineBackend) -> None:
    run_id = each.start("branching", {}, queue=True).id
    assert each.run_graph(run_id) == BRANCHING
    assert list(each.confusions(run_id)) == []
    each.cancel(run_id)
    assert each.run_graph(run_id) == BRANCHING


def test_a_run_is_known_from_its_start_until_it_is_ended(each: PipelineBackend) -> None:
    assert each.runs() == []
    before = time.time() if not isinstance(each, FakePipelineBackend) else 0
    given: dict[str, Argument] = {"text": "ü", "number": 4, "items": ["it's"], "how": "hang"}
    started = each.start("tiny", given, Origin("ann", COMMIT))
    assert (started.pipeline, started.actor, started.commit) == ("tiny", "ann", COMMIT)
    assert not started.over
    assert started.started >= before
    assert each.arguments(started.id) == given
    assert [state.id for state in each.runs()] == [started.id]
    each.cancel(started.id)
    state = _until(each, started.id, lambda state: state.over)
    assert state.status is Status.CANCELLED
    assert (state.actor, state.commit, state.error) == ("ann", COMMIT, None)
    assert each.cancel(started.id) == state
    assert each.runs() == [state]


def test_a_run_that_goes_well(backend: PipelineBackend, runs: Path) -> None:
    text = "quotes ' \" and __import__('os').abort() {} \\ ü"
    before = time.time()
    state = _run(backend, {"text": text, "number": 4, "items": ["it's"], "flag": True})
    assert state.status is Status.SUCCEEDED, (runs / state.id / "log").read_text()
    assert [(task.name, task.status) for task in state.tasks] == [
        ("first", Status.SUCCEEDED),
        ("second", Status.SUCCEEDED),
    ]
    times = [before, state.started, *(t for s in state.tasks for t in (s.started, s.ended))]
    assert times == sorted(times)
    assert state.tasks[-1].ended <= state.ended <= time.time()
    assert state.version == "parts_1_7"
    assert state.metrics == {"accuracy": 0.5, "count": 3.0}
    assert state.error is None
    [given] = (runs / state.id / "artifacts").rglob("given.json")
    assert json.loads(given.read_text()) == [text, 4, 0.5, True, ["it's"]]
    [artifact] = backend.artifacts(state.id)
    assert (artifact.name, artifact.kind) == ("first/folder/given.json", "application/json")
    with backend.open_artifact(state.id, artifact.path) as file:
        assert file.read() == given.read_bytes()
    assert artifact.size == given.stat().st_size
    assert backend.confusions(state.id) == [
        Confusion("second/confusion", ["good", "bad"], [[7, 1], [0, 8]])
    ]
    log, offset = backend.log(state.id)
    assert "Executing task" in log
    assert backend.log(state.id, offset) == ("", offset)
    assert backend.log_size(state.id) == offset
    assert not list((runs.parent / "scratch").iterdir()), "nothing is left in the temporary folder"
    assert not (runs / state.id / "workspace").exists()


def test_text_that_kfp_would_replace_is_refused(backend: PipelineBackend, runs: Path) -> None:
    with pytest.raises(InvalidInput, match="text"):
        backend.start("tiny", {"text": "{{$.inputs.parameters['how']}}"})
    assert not runs.exists()


def test_a_task_that_refuses_says_why(backend: PipelineBackend) -> None:
    state = _run(backend, {"text": "x", "how": "refuse"})
    assert state.status is Status.FAILED
    assert state.error
    assert state.error.code == "gate-closed"
    assert state.error.message == "task second: accuracy 0.5 is 0.2 below 0.7"
    assert state.error.hint == "Train longer"
    assert [task.status for task in state.tasks] == [Status.SUCCEEDED, Status.FAILED]
    assert state.version == "parts_1_7", "what was allocated stays known"


@pytest.mark.parametrize(
    ("how", "words"), [("crash", "ValueError: something nobody thought of"), ("die", "second")]
)
def test_a_task_that_breaks_is_named(backend: PipelineBackend, how: str, words: str) -> None:
    state = _run(backend, {"text": "x", "how": how})
    assert state.status is Status.FAILED
    assert state.error
    assert state.error.code == "run-failed"
    assert words in state.error.message


def test_cancelling_ends_every_process_of_the_run(backend: PipelineBackend, runs: Path) -> None:
    run_id = backend.start("tiny", {"text": "x", "how": "hang"}).id
    _until(backend, run_id, lambda _: "grandchild" in backend.last_words(run_id))
    grandchild = int(backend.last_words(run_id).split()[-1])
    assert _runs(grandchild)
    state = backend.cancel(run_id)
    assert state.status is Status.CANCELLED
    assert [task.status for task in state.tasks] == [Status.SUCCEEDED, Status.CANCELLED]
    deadline = time.monotonic() + 60
    while _runs(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(grandchild)
    assert backend.state(run_id) == state
    assert backend.cancel(run_id) == state
    assert not list((runs.parent / "scratch").iterdir())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_run_whose_process_was_killed_is_failed(backend: PipelineBackend, runs: Path) -> None:
    run_id = backend.start("tiny", {"text": "x", "how": "hang"}).id
    _until(backend, run_id, lambda _: "grandchild" in backend.last_words(run_id))
    os.killpg(int((runs / run_id / "pid").read_text()), signal.SIGKILL)
    state = _until(backend, run_id, lambda state: state.over)
    assert state.status is Status.FAILED
    assert state.error
    assert "went away" in state.error.message


@pytest.mark.parametrize("step", ["write_parameters", "write_state", "write_pid"])
@pytest.mark.parametrize("error", [DiskFull("no space left"), KeyboardInterrupt()])
def test_a_run_that_cannot_be_started_leaves_nothing(
    backend: PipelineBackend,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: BaseException,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(RunFolder, step, fail)
    with pytest.raises(type(error)):
        backend.start("tiny", {"text": "x", "how": "hang"})
    assert not list(runs.iterdir())


def test_runs_are_listed_newest_first_also_by_another_process(
    backend: PipelineBackend, runs: Path, compiled: Path
) -> None:
    assert backend.runs() == []
    ids = [backend.start("tiny", {"text": "x"}, Origin("ann", COMMIT)).id for _ in range(2)]
    assert len(set(ids)) == 2
    assert [state.id for state in backend.runs()] == ids[::-1]
    for run_id in ids:
        _until(backend, run_id, lambda state: state.over)
    other = LocalPipelineBackend(runs, package=PACKAGE, cache=compiled)
    assert [state.status for state in other.runs()] == [Status.SUCCEEDED] * 2
    assert [(state.actor, state.commit) for state in other.runs()] == [("ann", COMMIT)] * 2
    assert other.arguments(ids[0]) == {"text": "x"}


@pytest.mark.parametrize("run_id", ["missing", "", "..", "a/b"])
def test_a_run_that_there_is_not(each: PipelineBackend, run_id: str) -> None:
    for ask in (
        each.state,
        each.cancel,
        each.arguments,
        each.log,
        each.log_size,
        each.artifacts,
        each.run_graph,
        each.confusions,
        lambda missing: each.open_artifact(missing, "x"),
    ):
        with pytest.raises(NotFound, match="no run"):
            ask(run_id)


def test_a_pipeline_that_there_is_not(each: PipelineBackend, runs: Path) -> None:
    with pytest.raises(NotFound, match="no pipeline 'x'"):
        each.start("x", {})
    with pytest.raises(NotFound, match="no pipeline 'x'"):
        each.parameters("x")
    with pytest.raises(NotFound, match="no pipeline 'x'"):
        each.graph("x")
    assert not runs.exists()
    assert each.runs() == []


def _tasks(state: RunState) -> dict[str, Status]:
    return {task.name: task.status for task in state.tasks}


def _run_branching(backend: PipelineBackend, arguments: Mapping[str, Argument]) -> RunState:
    run_id = backend.start("branching", arguments).id
    return _until(backend, run_id, lambda state: state.over)


def test_tasks_in_branches_and_loops_have_their_states(backend: PipelineBackend) -> None:
    state = _run_branching(backend, {"which": "left"})
    assert state.status is Status.SUCCEEDED, backend.log(state.id)
    assert list(_tasks(state)) == list(tasks_of(backend.run_graph(state.id)))
    done = ("say", "say-2", "count", "tidy")
    assert _tasks(state) == dict.fromkeys(done, Status.SUCCEEDED) | {"mumble": Status.WAITING}
    times = {task.name: (task.started, task.ended) for task in state.tasks}
    assert 0 < times["say"][1] <= times["count"][0] <= times["count"][1] <= times["tidy"][0]


def test_what_is_done_at_the_end_is_done_after_a_failure_too(backend: PipelineBackend) -> None:
    state = _run_branching(backend, {"which": "right", "numbers": ["1", "13", "2", "3"]})
    assert state.status is Status.FAILED
    assert state.error
    assert "13 brings bad luck" in state.error.message
    states = _tasks(state)
    assert (states["mumble"], states["say-2"]) == (Status.SUCCEEDED, Status.WAITING)
    assert (states["count"], states["tidy"]) == (Status.FAILED, Status.SUCCEEDED)
