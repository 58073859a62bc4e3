"""An overview tells what is wrong and what to do, and one silent source hides nothing of others."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from slipway.domain.device_report import DeviceReport, Health
from slipway.domain.errors import Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelVersion
from slipway.domain.part import Part
from slipway.ports.pipeline_backend import RunError, RunState, Status
from slipway.services.channels import ChannelState
from slipway.services.overview.fleet import device_problems, fleet_health
from slipway.services.overview.gather import Overview, Sources, overview
from slipway.services.overview.machine import LOW, Disk
from slipway.services.overview.releases import Releases, releases
from slipway.services.trust.publication import Waiting

NOW = 2_000_000_000.0
DAY = 86_400
PARTS = tuple(
    Part(name, running=True, pid=7, where="", log=f"/run/{name}.log")
    for name in ("registry", "tag_monitor", "runner")
)
DIGEST = Digest.parse("sha256:" + "a" * 64)
VALID = {"root": int(NOW) + 300 * DAY, "timestamp": int(NOW) + 2 * DAY}


def stopped(*names: str) -> tuple[Part, ...]:
    return tuple(
        Part(part.name, running=part.name not in names, pid=0, where="", log=part.log)
        for part in PARTS
    )


def look(patience: float = 30.0, **changed: Any) -> Overview:
    sources: Mapping[str, Any] = {
        "parts": PARTS,
        "runs": {"local": lambda: []},
        "releases": lambda: Releases(0, (), ()),
        "devices": lambda: fleet_health([]),
        "disk": lambda: Disk("/home", LOW, 2 * LOW),
        "validity": lambda: VALID,
        **changed,
    }
    return overview(Sources(**sources), NOW, patience)


def run(pipeline: str, status: Status, ended: float, message: str = "") -> RunState:
    error = RunError("failed", message) if message else None
    return RunState(
        f"{pipeline}-{ended:.0f}", pipeline, status, started=ended - 5, ended=ended, error=error
    )


def report(name: str, health: Health, reason: str = "") -> DeviceReport:
    return DeviceReport(
        *(name, "aaaa", "armv7l", "stable", int(NOW), int(NOW) + 900),
        *(health, reason, (), "fresh", "", {}),
    )


def release(published: Mapping[Arch, bool]) -> ChannelState:
    version = ModelVersion.parse("parts_1_7")
    images = dict.fromkeys(published, DIGEST)
    return ChannelState(version.name, Channel.BETA, version, DIGEST, images, None, published)


def test_where_all_is_well_nothing_is_told() -> None:
    assert look().problems == ()


def test_parts_that_are_stopped_are_one_problem() -> None:
    (problem,) = look(parts=stopped("tag_monitor", "runner")).problems
    assert problem.message == "tag_monitor, runner do not run"


def test_a_part_that_is_stopped_is_told_with_its_log_and_what_starts_it() -> None:
    (problem,) = look(parts=stopped("tag_monitor")).problems
    assert problem.where == "tag_monitor"
    assert "slipway up" in problem.hint
    assert "/run/tag_monitor.log" in problem.hint


def test_an_installation_that_is_down_is_one_problem_and_its_registry_is_not_asked() -> None:
    found = look(parts=stopped("registry", "tag_monitor", "runner"), releases=pytest.fail)
    assert [problem.where for problem in found.problems] == ["stack"]
    assert found.releases is None


def test_what_fails_and_what_hangs_hides_nothing_of_the_others() -> None:
    away = threading.Event()

    def refuses() -> Releases:
        raise Unavailable("registry away", hint="start it")

    try:
        found = look(0.2, releases=refuses, devices=away.wait)
    finally:
        away.set()
    told = {problem.where: problem for problem in found.problems}
    assert (told["channels"].message, told["channels"].hint) == ("registry away", "start it")
    assert told["devices"].code == "unavailable"
    assert (found.releases, found.devices) == (None, None)
    assert found.disk
    assert found.validity == VALID


def test_a_defect_in_a_source_is_no_problem_of_the_installation() -> None:
    with pytest.raises(ZeroDivisionError):
        look(devices=lambda: 1 // 0)


def test_one_backend_that_is_away_leaves_the_runs_of_the_other() -> None:
    def away() -> list[RunState]:
        raise Unavailable("no Kubeflow")

    begun = RunState("parts-1", "parts", Status.RUNNING, NOW - 5)
    found = look(runs={"local": lambda: [begun], "kubeflow": away})
    assert found.runs
    assert found.runs.running == ("parts-1",)
    assert [problem.where for problem in found.problems] == ["kubeflow runs"]


def test_a_failed_run_is_a_problem_until_its_pipeline_succeeds() -> None:
    failed = [
        run("parts", Status.FAILED, NOW - 50, "no data"),
        run("motion", Status.FAILED, NOW - 40, "bad window"),
        run("motion", Status.SUCCEEDED, NOW - 30),
        run("sounds", Status.FAILED, NOW - 3 * DAY, "long ago"),
    ]
    found = look(runs={"local": lambda: failed})
    (problem,) = found.problems
    assert problem.where == "pipeline parts"
    assert "no data" in problem.message
    assert f"slipway runs parts-{NOW - 50:.0f}" in problem.hint
    assert found.runs
    assert found.runs.succeeded == 1
    assert [(each.pipeline, each.mended) for each in found.runs.failed] == [
        ("motion", True),
        ("parts", False),
    ]


@pytest.mark.parametrize(("runner", "problems"), [(True, 0), (False, 1)])
def test_runs_that_wait_without_a_runner(runner: bool, problems: int) -> None:
    waits = RunState("parts-1", "parts", Status.WAITING, 0.0, queued=NOW - 5)
    found = look(runs={"local": lambda: [waits]}, parts=PARTS if runner else stopped("runner"))
    assert len([each for each in found.problems if each.where == "runs"]) == problems


def test_what_is_not_delivered_is_told_and_what_waits_for_people_is_another_thing() -> None:
    state = release({Arch.X86_64: True, Arch.ARMV7L: False, Arch.AARCH64: False})
    found = look(releases=lambda: releases([state], [Waiting("aarch64.beta", 1, 2)]))
    undelivered, unsigned = found.problems
    assert "not delivered for armv7l" in undelivered.message
    assert "aarch64" not in undelivered.message
    assert "a change of beta has 1 of 2 signatures" in unsigned.message
    assert "slipway sign beta" in unsigned.hint


def test_a_change_of_keys_that_waits_is_signed_as_root() -> None:
    found = look(releases=lambda: releases([], [Waiting("root", 0, 2), Waiting("targets", 0, 2)]))
    (problem,) = found.problems
    assert "slipway sign root" in problem.hint


@pytest.mark.parametrize(
    ("role", "seconds", "told", "hint"),
    [
        ("root", 29 * DAY, "expires in 29.0 days", "slipway keys renew"),
        ("root", -1, "has expired", "slipway keys renew"),
        ("timestamp", DAY // 2, "expires in 0.5 days", "tag monitor"),
        ("armv7l.beta", 7 * DAY, "expires in 7.0 days", "tag monitor"),
        ("armv7l.beta", 10 * DAY, "", ""),
        ("timestamp", DAY, "", ""),
    ],
)
def test_signatures_are_told_of_before_they_expire(
    role: str, seconds: int, told: str, hint: str
) -> None:
    problems = look(validity=lambda: {role: int(NOW) + seconds}).problems
    assert [told in each.message and hint in each.hint for each in problems] == [True] * bool(told)


def test_a_disk_that_is_nearly_full() -> None:
    (problem,) = look(disk=lambda: Disk("/home", LOW - 1, 9 * LOW)).problems
    assert problem.code == "disk-full"


def test_the_fleet_has_the_worst_first_and_names_a_few_of_each() -> None:
    silent = [report(f"press-{n}", Health.SILENT, "missed") for n in range(5)]
    fleet = fleet_health(
        [report("mill", Health.OK), *silent, report("saw", Health.TROUBLE, "parts failed: golden")]
    )
    assert list(fleet.counts) == [Health.SILENT, Health.TROUBLE, Health.OK]
    assert fleet.total == 7
    assert [each.device for each in fleet.worst] == ["press-0", "press-1", "press-2", "saw"]
    many, one = device_problems(fleet)
    assert many.message == "5 devices silent: press-0, press-1, press-2, …"
    assert one.message == "device saw trouble: parts failed: golden"
