"""A device whose clock is behind, and that starts again and again: how old is what it has seen?"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, Attacked, attacked
from agent_testing.disks import CountingDisk
from agent_testing.repository import DAY
from slipway_agent import signed_time
from slipway_agent.errors import Stale
from slipway_agent.signed_time import SignedTime

SIGNED = 1_800_000_000
HOUR = 3600


class Uptime:
    """The monotonic clock, and a system clock that always says 1970."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return 0.0


@pytest.fixture
def uptime(monkeypatch: pytest.MonkeyPatch) -> Uptime:
    uptime = Uptime()
    monkeypatch.setattr(signed_time, "time", uptime)
    return uptime


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Attacked]:
    with attacked(tmp_path, "folder") as device:
        yield device


@pytest.mark.parametrize("life", [150, HOUR // 2, 5 * HOUR])
def test_time_goes_on_over_restarts(tmp_path: Path, uptime: Uptime, life: int) -> None:
    """Killed at the worst moment, a process loses half of its life at most, and an hour."""
    path, disk = tmp_path / "seen.json", CountingDisk()
    told = float(SIGNED)
    for restart in range(20):
        seen = SignedTime(path, disk, uptime.time)
        seen.under(("key",))
        seen.saw(SIGNED)
        now = seen.now()
        assert now >= told, "it went back"
        if restart:
            assert told + life / 2 - 5 <= now <= told + life
            assert now >= told + life - HOUR - 5
        told = now
        for _ in range(life // 5):
            seen.keep()
            uptime.seconds += 5


def test_a_quiet_device_writes_once_an_hour(tmp_path: Path, uptime: Uptime) -> None:
    disk = CountingDisk()
    seen = SignedTime(tmp_path / "seen.json", disk, uptime.time)
    seen.saw(SIGNED)
    counts = []
    for _ in range(24):
        for _ in range(HOUR // 5):
            seen.keep()
            uptime.seconds += 5
        counts.append(disk.count)
    once = counts[-1] - counts[-2]
    assert counts[0] <= 8 * once
    assert counts[-1] - counts[0] <= 23 * once


def test_what_has_seen_nothing_keeps_nothing(tmp_path: Path, uptime: Uptime) -> None:
    """A new device without a network has no folder for it yet."""
    seen = SignedTime(tmp_path / "no-folder" / "seen.json", CountingDisk(), uptime.time)
    uptime.seconds += 2 * HOUR
    seen.keep()
    assert not (tmp_path / "no-folder").exists()


def test_a_newer_signature_begins_anew(tmp_path: Path, uptime: Uptime) -> None:
    seen = SignedTime(tmp_path / "seen.json", CountingDisk(), uptime.time)
    seen.saw(SIGNED)
    uptime.seconds += 2 * HOUR
    seen.keep()
    seen.saw(SIGNED + HOUR)
    seen.keep()
    again = SignedTime(tmp_path / "seen.json", CountingDisk(), uptime.time)
    assert again.now() == SIGNED + HOUR


def test_a_freeze_is_noticed_by_a_device_that_is_switched_on_for_an_hour_a_day(
    device: Attacked, uptime: Uptime
) -> None:
    device.poller.skew = -time.time()
    hours = 0
    while hours < 3 * 24:
        device.poller.restart()
        assert device.runs() == GOOD
        for _ in range(12):
            uptime.seconds += HOUR / 12
            device.poller.poll()
        hours += 1
    device.poller.restart()
    with pytest.raises(Stale, match=r"timestamp\.json is expired"):
        for _ in range(3 * 24):
            device.poller.restart()
            for _ in range(12):
                device.poller.poll()
                uptime.seconds += HOUR / 12
    device.repository.now += 8 * DAY
    device.repository.release("x86_64.latest")
    device.poller.restart()
    assert device.runs() == GOOD
