"""The loop that lets waiting runs begin."""

import pytest

from slipway.domain.errors import DiskFull
from slipway.ports.pipeline_backend import Kind, Parameter, Status
from slipway.services.runner import Runner
from slipway.services.start_run import start
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.pipeline_backend import FakePipelineBackend


@pytest.fixture
def backend() -> FakePipelineBackend:
    return FakePipelineBackend({"parts": [Parameter("started", Kind.INTEGER, 0, "")]})


def test_a_run_waits_for_its_turn(backend: FakePipelineBackend) -> None:
    said: list[str] = []
    runner = Runner(backend, 1, lambda: None, said.append)
    log = FakeAuditLog()
    ids = [
        start(backend, {"started": 5}, "parts", [], trail=log.trail(), queue=True).id
        for _ in range(2)
    ]
    assert {backend.state(run_id).status for run_id in ids} == {Status.WAITING}
    assert backend.arguments(ids[0]) == {}, "when it starts is not known yet"
    runner.look()
    runner.look()
    assert [backend.state(run_id).status for run_id in ids] == [Status.RUNNING, Status.WAITING]
    backend.cancel(ids[0])
    runner.look()
    assert backend.state(ids[1]).status is Status.RUNNING
    assert said == [f"{run_id}: running" for run_id in ids]
    assert [action for action, *_ in log.told()] == ["run.start"] * 2


def test_a_schedule_that_fails_holds_up_no_run(backend: FakePipelineBackend) -> None:
    def broken() -> None:
        raise DiskFull("no space left", hint="Free some")

    said: list[str] = []
    run_id = backend.start("parts", {}, queue=True).id
    Runner(backend, 1, broken, said.append).look()
    assert said == [f"{run_id}: running", "no space left; Free some"]


def test_a_problem_is_said_once_and_its_end_too(
    backend: FakePipelineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    runner = Runner(backend, 1, lambda: None, said.append)

    def full(_limit: int) -> None:
        raise DiskFull("no space left", hint="Free some")

    with monkeypatch.context() as patched:
        patched.setattr(backend, "admit", full)
        runner.look()
        runner.look()
    runner.look()
    runner.look()
    assert said == ["no space left; Free some", "works again"]
