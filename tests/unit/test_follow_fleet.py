"""The index of the fleet follows the bucket and the channels; over the sqlite file that is used."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from slipway.adapters.sqlite_fleet_index import KEPT, SqliteFleetIndex
from slipway.domain.device_report import Health
from slipway.domain.errors import Failed, Unavailable
from slipway.domain.fleet import ChangeKind, DeviceQuery, Outcome, Sort, Target
from slipway.services.device_reports import device_reports
from slipway.services.follow_fleet import FleetFollower
from slipway.services.overview.fleet import fleet_health, indexed_health
from tests.fakes.bucket import CountingBucket
from tests.fixtures.reports import NOW, pod, put, report

OLD, NEW = ("parts_1_7", "sha256:f"), ("parts_1_8", "sha256:e")


def target(version: str = OLD[0], digest: str = OLD[1], **more: Any) -> Target:
    given = Target(
        *("parts", "stable", "armv7l", "parts", version, "sha256:i", digest),
        **{"since": NOW, "published": True, "signatures": 0, "threshold": 0},  # type: ignore[arg-type]
    )
    return replace(given, **more)


@dataclass
class Fleet:
    """A bucket, an index and what goes between them."""

    file: Path
    bucket: CountingBucket = field(default_factory=CountingBucket)
    targets: list[Target] = field(default_factory=lambda: [target()])
    time: int = NOW
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.index = SqliteFleetIndex(self.file)
        self.follower = FleetFollower(
            self.bucket, self.index, lambda: self.targets, self, self.said.append
        )

    def now(self) -> int:
        return self.time

    def look(self, *documents: dict[str, Any]) -> None:
        put(self.bucket, *documents)
        self.follower.look_at_channels()
        self.follower.look_at_devices()

    def names(self, **query: Any) -> list[str]:
        lines, total = self.index.lines(DeviceQuery(**query), 0, 100)
        assert total == len(lines)
        return [line.device.name for line in lines]

    def health(self, name: str = "press-7") -> tuple[Health, str]:
        (found,) = self.index.devices([name])[name]
        return found.health, found.reason

    def outcomes(self) -> dict[Outcome, int]:
        return {each.outcome: each.devices for each in self.index.outcome_counts()}

    def history(self, name: str = "press-7") -> list[tuple[ChangeKind, str, str]]:
        return [(c.kind, c.before, c.after) for c in self.index.history(name, 100)]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "console" / "index.db")


def test_a_device_is_kept_as_it_reported(fleet: Fleet) -> None:
    fleet.look(report())
    ((line,), total) = fleet.index.lines(DeviceQuery(), 0, 10)
    assert total == 1
    assert (line.device.name, line.device.arch, line.device.channel) == (
        *("press-7", "armv7l"),
        "stable",
    )
    assert (line.device.health, line.device.reported, line.behind) == (Health.OK, NOW - 60, ())
    (one,) = line.device.pods
    assert (one.slot, one.running, one.state, one.since) == ("parts", OLD[0], "running", 1000)


def test_only_what_has_changed_is_read_also_after_a_restart(fleet: Fleet) -> None:
    fleet.look(report("a"), report("b"))
    fleet.bucket.asked.clear()
    fleet.look()
    fleet.restart()
    fleet.look(report("b", time=NOW))
    assert fleet.bucket.asked == ["devices/b/aaaaaaaa.json"]
    assert fleet.index.devices(["b"])["b"][0].reported == NOW


def test_a_device_becomes_silent_without_a_word_and_is_well_again(fleet: Fleet) -> None:
    fleet.look(report())
    fleet.time = NOW + 840
    fleet.look()
    assert fleet.health()[0] is Health.OK
    fleet.time += 1
    fleet.look()
    assert fleet.health() == (Health.SILENT, "it has missed three heartbeats")
    assert fleet.index.health_counts(DeviceQuery()) == {Health.SILENT: 1}
    assert fleet.index.history("press-7", 1)[0].at == NOW + 840
    fleet.look(report(time=fleet.time))
    assert fleet.health()[0] is Health.OK
    assert [after for kind, _, after in fleet.history() if kind is ChangeKind.HEALTH] == [
        "ok",
        "silent",
    ]


def test_two_that_report_as_one_are_both_shown_until_one_is_silent(fleet: Fleet) -> None:
    fleet.look(report(), report(instance="bbbbbbbb"))
    found = fleet.index.devices(["press-7"])["press-7"]
    assert [(d.instance, d.health) for d in found] == [
        ("aaaaaaaa", Health.TAKEN),
        ("bbbbbbbb", Health.TAKEN),
    ]
    fleet.time = NOW + 1000
    fleet.look(report(instance="bbbbbbbb", time=NOW + 1000))
    (left,) = fleet.index.devices(["press-7"])["press-7"]
    assert (left.instance, left.health) == ("bbbbbbbb", Health.OK)


def test_what_is_no_report_is_named_and_read_once(fleet: Fleet) -> None:
    fleet.bucket.write("devices/rubbish/1.json", b"{")
    fleet.bucket.write("devices/half/1.json", b'{"schema": "\\ud800"}')
    fleet.bucket.write("devices/deep/er/1.json", b"{}")
    fleet.bucket.write("devices/huge/1.json", b" " * 300_000)
    fleet.look(report())
    assert set(fleet.index.problems()) == {
        *("devices/rubbish/1.json", "devices/half/1.json"),
        *("devices/deep/er/1.json", "devices/huge/1.json"),
    }
    fleet.bucket.asked.clear()
    fleet.look()
    assert fleet.bucket.asked == []
    assert fleet.names() == ["press-7"]
    fleet.look(report("rubbish", "1"))
    assert fleet.names() == ["press-7", "rubbish"]
    assert "devices/rubbish/1.json" not in fleet.index.problems()


def test_a_report_with_half_a_character_is_none(fleet: Fleet) -> None:
    fleet.look(report("odd", channel="\udc80"), report("long", time=1 << 80), report())
    assert fleet.names() == ["press-7"]
    assert len(fleet.index.problems()) == 2


def test_a_device_whose_reports_are_removed_is_gone(fleet: Fleet) -> None:
    fleet.look(report(), report("other"))
    fleet.bucket.delete("devices/press-7/aaaaaaaa.json")
    fleet.look()
    assert fleet.names() == ["other"]
    assert fleet.history()[0][0] is ChangeKind.GONE
    fleet.look()
    assert fleet.outcomes() == {Outcome.HAS: 1}


@pytest.mark.parametrize(
    ("pods", "more", "outcome"),
    [
        ([pod(wanted=NEW, state="running")], {}, Outcome.COMING),
        ([pod()], {}, Outcome.UNSEEN),
        ([], {}, Outcome.UNSEEN),
        ([pod(version=NEW[0], digest=NEW[1])], {}, Outcome.HAS),
        ([pod(version=NEW[0], digest=NEW[1])], {"time": NOW - 5000}, Outcome.HAS),
        ([pod()], {"time": NOW - 5000}, Outcome.SILENT),
        ([pod(wanted=NEW, state="rolled-back", reason="it died")], {}, Outcome.ROLLED_BACK),
        ([pod(wanted=NEW, state="quarantined", reason="golden")], {}, Outcome.QUARANTINED),
        ([pod(wanted=("", ""), state="refused", reason="policy")], {}, Outcome.REFUSED),
        ([pod(version=NEW[0], digest=NEW[1], state="failing")], {}, Outcome.FAILING),
        ([pod(version=NEW[0], digest=NEW[1], state="starting")], {}, Outcome.COMING),
    ],
)
def test_how_far_a_device_is(
    fleet: Fleet, pods: list[dict[str, Any]], more: dict[str, Any], outcome: Outcome
) -> None:
    fleet.look(report(pods=pods, **more))
    fleet.targets = [target(*NEW)]
    fleet.look()
    assert fleet.outcomes() == {outcome: 1}
    ((line,), _) = fleet.index.lines(DeviceQuery(), 0, 1)
    assert line.behind == (() if outcome is Outcome.HAS else ("parts",))
    assert fleet.names(behind=True) == ([] if outcome is Outcome.HAS else ["press-7"])
    assert fleet.names(outcome=outcome, slot="parts") == ["press-7"]
    (told,) = fleet.index.progress("parts", "stable", [outcome], 10)
    assert (told.device, told.outcome) == ("press-7", outcome)
    if pods and pods[0]["reason"]:
        assert told.reason == pods[0]["reason"]


def test_an_agent_that_runs_in_no_pod_is_not_behind(fleet: Fleet) -> None:
    fleet.targets = [target(), target(slot="slipway-agent", model="slipway-agent")]
    fleet.look(report("service", agent={"version": "1", "pod": ""}), report("in-pod"))
    assert fleet.names(behind=True) == ["in-pod"]


def test_devices_of_other_channels_and_archs_do_not_count(fleet: Fleet) -> None:
    fleet.look(report("a", channel="beta"), report("b", arch="aarch64"), report("c"))
    (count,) = fleet.index.outcome_counts()
    assert (count.channel, count.arch, count.devices) == ("stable", "armv7l", 1)
    assert fleet.index.outcome_counts(slot="nuts") == []
    assert fleet.index.outcome_counts(channel="stable") == [count]


def test_devices_are_searched_filtered_sorted_and_paged(fleet: Fleet) -> None:
    fleet.look(
        report("a_1", channel="beta", time=NOW - 1),
        report("a%2", arch="x86_64", time=NOW - 2),
        report("b", pods=[pod(wanted=NEW, state="quarantined", reason="A_1 is off")]),
        report("c", pods=[pod("nuts", "nuts_1_1", "sha256:n")], time=NOW - 5000),
    )
    assert fleet.names() == ["a%2", "a_1", "b", "c"]
    assert fleet.names(text="a_1") == ["a_1", "b"]
    assert fleet.names(text="%") == ["a%2"]
    assert fleet.names(health=Health.SILENT) == ["c"]
    assert fleet.names(channel="beta") == ["a_1"]
    assert fleet.names(arch="x86_64") == ["a%2"]
    assert fleet.names(slot="nuts") == ["c"]
    assert fleet.names(version=NEW[0]) == ["b"]
    assert fleet.names(sort=Sort.HEALTH) == ["c", "b", "a%2", "a_1"]
    assert fleet.names(sort=Sort.REPORTED) == ["a_1", "a%2", "b", "c"]
    assert fleet.names(sort=Sort.NAME, descending=True) == ["c", "b", "a_1", "a%2"]
    lines, total = fleet.index.lines(DeviceQuery(), 1, 2)
    assert (total, [line.device.name for line in lines]) == (4, ["a_1", "b"])
    query = DeviceQuery(health=Health.OK, text="a_1")
    assert fleet.index.health_counts(query) == {Health.OK: 1, Health.TROUBLE: 1}


def test_how_many_run_a_version(fleet: Fleet) -> None:
    fleet.look(report("a"), report("b"), report("c", pods=[pod(wanted=NEW, state="rolled-back")]))
    counts = {(c.version, c.state): c.devices for c in fleet.index.version_counts("parts")}
    assert counts == {(OLD[0], "running"): 2, (OLD[0], "rolled-back"): 1}


def test_the_history_of_a_device(fleet: Fleet) -> None:
    fleet.look(report())
    starting = pod(wanted=NEW, state="starting", reason="pulls")
    fleet.look(report(time=NOW - 30, pods=[starting]))
    fleet.look(report(time=NOW - 20, pods=[pod(version=NEW[0], digest=NEW[1])]))
    fleet.look(report(time=NOW - 10, pods=[], channel="beta"))
    assert fleet.history() == [
        (ChangeKind.CHANNEL, "stable", "beta"),
        (ChangeKind.VERSION, NEW[0], ""),
        (ChangeKind.HEALTH, "updating", "ok"),
        (ChangeKind.STATE, "starting", "running"),
        (ChangeKind.VERSION, OLD[0], NEW[0]),
        (ChangeKind.HEALTH, "ok", "updating"),
        (ChangeKind.STATE, "running", "starting"),
        (ChangeKind.VERSION, "", OLD[0]),
        (ChangeKind.SEEN, "", "ok"),
    ]
    assert [change.at for change in fleet.index.history("press-7", 3)] == [
        *(NOW - 10, NOW - 10),
        NOW - 20,
    ]


def test_a_heartbeat_is_no_history_and_history_is_bounded(fleet: Fleet) -> None:
    fleet.look(report())
    fleet.look(report(time=NOW, disk={"total": 2, "free": 1}))
    assert len(fleet.history()) == 2
    for number in range(KEPT + 5):
        fleet.look(report(channel=("beta", "alpha")[number % 2]))
    assert len(fleet.index.history("press-7", 10_000)) == KEPT


def test_a_lost_file_loses_the_history_alone(fleet: Fleet) -> None:
    fleet.look(report())
    fleet.look(report(channel="beta"))
    for file in fleet.file.parent.iterdir():
        file.unlink()
    fleet.restart()
    fleet.look()
    assert fleet.names(channel="beta") == ["press-7"]
    assert [kind for kind, _, _ in fleet.history()] == [ChangeKind.VERSION, ChangeKind.SEEN]


def test_a_damaged_file_is_one_clear_error(fleet: Fleet) -> None:
    fleet.file.parent.mkdir()
    fleet.file.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(Failed, match=r"index\.db"):
        fleet.look(report())


def test_the_file_is_only_its_owners(fleet: Fleet) -> None:
    fleet.look(report())
    assert {file.stat().st_mode & 0o077 for file in fleet.file.parent.iterdir()} == {0}


def test_what_keeps_it_from_looking_is_said_once_and_hides_nothing_else(fleet: Fleet) -> None:
    def down() -> list[Target]:
        raise Unavailable("the registry does not answer")

    follower = FleetFollower(fleet.bucket, fleet.index, down, fleet, fleet.said.append)
    put(fleet.bucket, report())
    follower.try_to_look()
    follower.try_to_look()
    assert fleet.names() == ["press-7"]
    assert fleet.said == ["channels: the registry does not answer"]
    assert follower.problems == ["the registry does not answer"]


def test_a_look_that_failed_half_way_is_made_up_for(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fleet.bucket, report())
    with monkeypatch.context() as broken:
        broken.setattr(fleet.index, "update", _unavailable)
        with pytest.raises(Unavailable):
            fleet.look()
    fleet.look()
    assert fleet.names() == ["press-7"]


def test_it_looks_until_it_is_told_to_stop(fleet: Fleet) -> None:
    stop = threading.Event()
    put(fleet.bucket, report())
    thread = threading.Thread(target=fleet.follower.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: fleet.names() == ["press-7"])
        put(fleet.bucket, report("press-8"))
        wait_for(lambda: fleet.names() == ["press-7", "press-8"])
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert fleet.said == []


def wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_follows_a_channel(fleet: Fleet) -> None:
    fleet.look(
        report("a"),
        report("b", pods=[]),
        report("c", pods=[], agent={"version": "1", "pod": ""}, time=NOW - 5000),
        report("d", channel="beta"),
    )
    found = {(c.health, c.running): c.devices for c in fleet.index.reach("parts", "stable")}
    assert found == {(Health.OK, OLD[0]): 1, (Health.OK, ""): 1, (Health.SILENT, ""): 1}
    agents = fleet.index.reach("slipway-agent", "stable")
    assert [(c.health, c.devices) for c in agents] == [(Health.OK, 2)]


def _unavailable(*_: object) -> None:
    raise Unavailable("gone")


def test_the_overview_is_the_same_from_the_index_as_from_the_reports(fleet: Fleet) -> None:
    untrusted = {"state": "untrusted", "reason": "no root signed it", "version": 1}
    documents = [
        report("a"),
        *(report(f"silent-{number}", time=NOW - 90_000) for number in range(5)),
        report("t", trust={**report()["trust"], **untrusted}),
    ]
    fleet.look(*documents)
    read = fleet_health(device_reports(fleet.bucket, NOW, lambda _: None))
    assert indexed_health(fleet.index) == read
    assert (read.counts[Health.SILENT], len(read.worst)) == (5, 4)
