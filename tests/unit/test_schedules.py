"""Schedules, kept here or on a server: made, paused, fired once for each of their times."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.adapters.kubeflow_api import KubeflowApi
from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
from slipway.adapters.kubeflow_schedules import KubeflowSchedules
from slipway.adapters.schedule_folder import ScheduleFolder
from slipway.domain.errors import AlreadyExists, InvalidInput, InvalidName, NotFound
from slipway.ports.pipeline_backend import Kind, Parameter, PipelineBackend, Status
from slipway.ports.schedules import Schedule, Schedules
from slipway.services.schedules import add, fire_due, next_time, pause, remove
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.pipeline_backend import FakePipelineBackend
from tests.fixtures.kubeflow_server import kubeflow_server
from tests.fixtures.tiny_pipelines import PACKAGE

HOUR = 3600.0
NIGHTLY = "0 3 * * *"


@pytest.fixture
def log() -> FakeAuditLog:
    return FakeAuditLog()


@pytest.fixture
def backend() -> FakePipelineBackend:
    return FakePipelineBackend(
        {"tiny": [Parameter("text", Kind.TEXT, None, ""), Parameter("number", Kind.INTEGER, 3, "")]}
    )


@pytest.fixture
def folder(tmp_path: Path) -> ScheduleFolder:
    return ScheduleFolder(tmp_path / "schedules")


@pytest.fixture(params=["here", "kubeflow"])
def kept(
    request: pytest.FixtureRequest,
    folder: ScheduleFolder,
    backend: FakePipelineBackend,
    tiny_pipelines: Path,
) -> Iterator[tuple[Schedules, PipelineBackend]]:
    """Each way of keeping schedules, and the backend that belongs to it."""
    if request.param == "here":
        yield folder, backend
        return
    with kubeflow_server() as server:
        kubeflow = KubeflowPipelineBackend(
            KubeflowApi(server.host), image="tiny", package=PACKAGE, cache=tiny_pipelines
        )
        yield KubeflowSchedules(kubeflow), kubeflow


def added(
    schedules: Schedules,
    backend: PipelineBackend,
    log: FakeAuditLog,
    *,
    name: str,
    pipeline: str = "tiny",
    cron: str = NIGHTLY,
    given: Sequence[str] = ("text=x",),
) -> Schedule:
    return add(
        schedules,
        backend,
        {},
        name=name,
        pipeline=pipeline,
        cron=cron,
        given=given,
        trail=log.trail(),
    )


def test_a_schedule_is_kept_until_it_is_removed(
    kept: tuple[Schedules, PipelineBackend], log: FakeAuditLog
) -> None:
    schedules, backend = kept
    assert list(schedules.schedules()) == []
    for name in ("nightly", "a-second"):
        added(schedules, backend, log, name=name)
    second, nightly = schedules.schedules()
    assert (nightly.name, second.name) == ("nightly", "a-second")
    assert (nightly.pipeline, nightly.cron, nightly.actor) == ("tiny", NIGHTLY, "ann")
    assert (dict(nightly.given), nightly.paused) == ({"text": "x"}, False)
    with pytest.raises(AlreadyExists, match="nightly"):
        added(schedules, backend, log, name="nightly")
    pause(schedules, "nightly", paused=True, trail=log.trail())
    assert [each.paused for each in schedules.schedules()] == [False, True]
    pause(schedules, "nightly", paused=False, trail=log.trail())
    remove(schedules, "nightly", trail=log.trail())
    assert [each.name for each in schedules.schedules()] == ["a-second"]
    with pytest.raises(NotFound, match="nightly"):
        remove(schedules, "nightly", trail=log.trail())
    with pytest.raises(NotFound, match="nightly"):
        pause(schedules, "nightly", paused=True, trail=log.trail())
    assert [action for action, target, _ in log.told() if target == "nightly"] == [
        "schedule.add",
        "schedule.pause",
        "schedule.resume",
        "schedule.remove",
    ]


@pytest.mark.parametrize(
    ("name", "pipeline", "cron", "given", "kind"),
    [
        ("", "tiny", NIGHTLY, ["text=x"], InvalidName),
        ("../x", "tiny", NIGHTLY, ["text=x"], InvalidName),
        ("x", "other", NIGHTLY, ["text=x"], NotFound),
        ("x", "tiny", NIGHTLY, [], InvalidInput),
        ("x", "tiny", NIGHTLY, ["text"], InvalidInput),
        ("x", "tiny", NIGHTLY, ["text=x", "text=y"], InvalidInput),
        ("x", "tiny", "at night", ["text=x"], InvalidInput),
    ],
)
def test_a_mistake_keeps_nothing(
    kept: tuple[Schedules, PipelineBackend],
    log: FakeAuditLog,
    *,
    name: str,
    pipeline: str,
    cron: str,
    given: list[str],
    kind: type[Exception],
) -> None:
    schedules, backend = kept
    with pytest.raises(kind):
        added(schedules, backend, log, name=name, pipeline=pipeline, cron=cron, given=given)
    assert list(schedules.schedules()) == []
    assert log.entries == []


def test_a_file_that_is_no_schedule_is_named(folder: ScheduleFolder, tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    for text in ("{", "[]", '{"name": "x"}'):
        (tmp_path / "schedules" / "x.json").write_text(text)
        with pytest.raises(InvalidInput, match=r"x\.json is no schedule"):
            folder.schedules()


@pytest.mark.parametrize(
    "cron", ["", "@daily", "0 3 * *", "0 0 3 * * *", "61 * * * *", "0 3 31 2 *", "H * * * *"]
)
def test_what_is_no_time(cron: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time"):
        next_time(cron, 0.0)


def test_times_are_in_utc() -> None:
    after = datetime(2026, 1, 31, 3, 0, tzinfo=UTC).timestamp()
    assert next_time(NIGHTLY, after) == after + 24 * HOUR
    assert next_time("0 0 1 * mon", after - 10) == datetime(2026, 2, 1, tzinfo=UTC).timestamp()


class Fired:
    """A schedule that is due every hour, and what comes of it."""

    def __init__(
        self, folder: ScheduleFolder, backend: FakePipelineBackend, log: FakeAuditLog
    ) -> None:
        self.folder, self.backend, self.log = folder, backend, log
        self.said: list[str] = []
        made = added(folder, backend, log, name="hourly", cron="0 * * * *")
        self.first = next_time(made.cron, made.since)

    def at(self, hours: float) -> int:
        """Look so long after the first of its times; how many runs there are."""
        fire_due(
            self.folder,
            self.backend,
            defaults=lambda: {"number": 7},
            log=self.log,
            now=self.first + hours * HOUR,
            say=self.said.append,
        )
        return len(self.backend.runs())


@pytest.fixture
def fired(folder: ScheduleFolder, backend: FakePipelineBackend, log: FakeAuditLog) -> Fired:
    return Fired(folder, backend, log)


def test_each_time_starts_one_run(fired: Fired) -> None:
    assert [fired.at(hours) for hours in (-0.1, 0, 0.1, 0.9, 1, 1.5)] == [0, 1, 1, 1, 2, 2]
    [newest, *_] = fired.backend.runs()
    assert (newest.status, newest.actor) == (Status.WAITING, "ann")
    assert fired.backend.arguments(newest.id) == {"text": "x", "number": 7}
    [schedule] = fired.folder.schedules()
    assert schedule.last_run == newest.id
    assert [entry.via for entry in fired.log.entries] == ["cli", "schedule", "schedule"]


def test_of_missed_times_one_is_made_good(fired: Fired) -> None:
    assert [fired.at(hours) for hours in (48.5, 48.6, 49)] == [1, 1, 2]


def test_while_it_is_paused_no_time_counts(fired: Fired, monkeypatch: pytest.MonkeyPatch) -> None:
    pause(fired.folder, "hourly", paused=True, trail=fired.log.trail())
    assert fired.at(5.5) == 0
    monkeypatch.setattr("time.time", lambda: fired.first + 5.5 * HOUR)
    pause(fired.folder, "hourly", paused=False, trail=fired.log.trail())
    monkeypatch.undo()
    assert [fired.at(hours) for hours in (5.6, 6)] == [0, 1]


def test_two_runners_start_one_run(fired: Fired, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second looked before the first had marked the schedule."""
    before = list(fired.folder.schedules())
    assert fired.at(0) == 1
    monkeypatch.setattr(fired.folder, "schedules", lambda: before)
    assert fired.at(0) == 1


def test_what_cannot_be_started_is_said_and_the_next_time_counts(fired: Fired) -> None:
    fired.backend.declare("tiny", [Parameter("texts", Kind.TEXT, None, "")])
    assert fired.at(0) == 0
    [schedule] = fired.folder.schedules()
    assert "no parameter 'text'" in schedule.problem
    [said] = fired.said
    assert "hourly" in said
    fired.backend.declare("tiny", [Parameter("text", Kind.TEXT, None, "")])
    assert [fired.at(0.5), fired.at(1)] == [0, 1]
    [schedule] = fired.folder.schedules()
    assert schedule.problem == ""
    assert schedule.last_run
