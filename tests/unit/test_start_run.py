"""Starting runs: whose arguments count, and what is written down."""

from collections.abc import Mapping, Sequence

import pytest

from slipway.domain.errors import DiskFull, InvalidInput
from slipway.ports.pipeline_backend import Argument, Commit, Kind, Parameter, Status
from slipway.services.audit import Via
from slipway.services.start_run import cancel, start
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.pipeline_backend import FakePipelineBackend

DECLARED = [
    Parameter("name", Kind.TEXT, None, "The name."),
    Parameter("epochs", Kind.INTEGER, 3, ""),
    Parameter("git_commit", Kind.TEXT, "", ""),
]
COMMIT = Commit("a" * 40, "factory", "refs/heads/main")


@pytest.fixture
def backend() -> FakePipelineBackend:
    return FakePipelineBackend({"parts": DECLARED})


@pytest.fixture
def log() -> FakeAuditLog:
    return FakeAuditLog()


@pytest.mark.parametrize("given", [["epochs=7"], {"epochs": "7"}])
def test_what_is_given_goes_before_the_defaults(
    backend: FakePipelineBackend, log: FakeAuditLog, given: Sequence[str] | Mapping[str, str]
) -> None:
    defaults: dict[str, Argument] = {"name": "x", "epochs": 5, "other": "y", "git_commit": "b"}
    state = start(backend, defaults, "parts", given, trail=log.trail())
    assert backend.arguments(state.id) == {"name": "x", "epochs": 7, "git_commit": "b"}
    assert (state.actor, state.commit) == ("ann", None)
    assert log.told() == [("run.start", state.id, {"pipeline": "parts"})]


def test_a_run_carries_its_commit(backend: FakePipelineBackend, log: FakeAuditLog) -> None:
    given = ["name=x", "git_commit=of somebody else"]
    state = start(backend, {}, "parts", given, trail=log.trail("ben", Via.GIT), commit=COMMIT)
    assert backend.arguments(state.id)["git_commit"] == COMMIT.id
    assert backend.state(state.id).commit == COMMIT
    [entry] = log.entries
    assert (entry.who, entry.via, entry.details["commit"]) == ("ben", "git", COMMIT.id)


@pytest.mark.parametrize("given", [[], ["epochs=many", "name=x"], {"epoch": "3", "name": "x"}])
def test_a_mistake_starts_nothing(
    backend: FakePipelineBackend, log: FakeAuditLog, given: Sequence[str] | Mapping[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        start(backend, {}, "parts", given, trail=log.trail())
    assert backend.runs() == []
    assert log.entries == []


def test_nothing_runs_that_is_not_written_down(
    backend: FakePipelineBackend, log: FakeAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFull("no space left")

    monkeypatch.setattr(log, "append", full)
    with pytest.raises(DiskFull):
        start(backend, {}, "parts", ["name=x"], trail=log.trail())
    assert [state.status for state in backend.runs()] == [Status.CANCELLED]


def test_only_what_was_ended_is_written_down(
    backend: FakePipelineBackend, log: FakeAuditLog
) -> None:
    run_id = start(backend, {}, "parts", ["name=x"], trail=log.trail()).id
    for _ in range(2):
        assert cancel(backend, run_id, trail=log.trail()).status is Status.CANCELLED
    assert log.told()[1:] == [("run.cancel", run_id, {"pipeline": "parts"})]
