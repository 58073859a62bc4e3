"""The channel: what it remembers, what a failing disk costs, and lists that are malformed."""

import errno
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, NEWER, Attacked
from agent_testing.disks import ERRORS, CountingDisk, fail_with
from agent_testing.repository import DAY, FOLDER
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError, Refused, Untrusted
from slipway_agent.listing import MOST_FILES, read_index
from slipway_agent.signed_time import Seen, SignedTime


@pytest.fixture
def device(tmp_path: Path) -> Attacked:
    device = Attacked(tmp_path)
    assert device.runs() == GOOD
    return device


def test_what_is_wanted_tells_the_timestamp_it_rests_on(device: Attacked) -> None:
    wanted = device.poller.poll()
    assert wanted.version == device.repository.timestamp.version
    assert wanted.signed == int(device.repository.now)
    assert wanted.expires == int(device.repository.now) + 3 * DAY
    assert wanted.manifests["m"].folder == FOLDER


def test_an_idle_poll_changes_nothing_on_the_disk(device: Attacked) -> None:
    disk = CountingDisk()
    device.poller.disk = disk
    device.poller.restart()
    wanted = device.poller.poll()
    begun = disk.count  # the folder for the metadata is made, where it is not there
    assert begun <= 1
    for _ in range(3):
        assert device.poller.poll() is wanted
    assert disk.count == begun


def test_what_is_wanted_no_more_leaves_the_cache(device: Attacked) -> None:
    before = set((device.poller.state / "targets").iterdir())
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    after = set((device.poller.state / "targets").iterdir())
    assert (len(before), len(after), before & after) == (2, 2, set())


def _steps(device: Attacked) -> int:
    """How many calls change the disk when the channel moves."""
    copy = device.root / "copy"
    shutil.copytree(device.poller.state, copy)
    disk = device.poller.disk = CountingDisk()
    device.poller.restart()
    device.poller.poll()
    device.poller.disk = Disk()
    _back(device, copy)
    return disk.count


def _back(device: Attacked, copy: Path) -> None:
    shutil.rmtree(device.poller.state)
    shutil.copytree(copy, device.poller.state)
    device.poller.restart()


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.__getitem__)
def test_a_failing_disk_at_every_step_is_one_clear_error_and_heals(
    device: Attacked, number: int
) -> None:
    device.repository.publish(NEWER)
    steps = _steps(device)
    assert steps > 20
    for step in range(1, steps + 1):
        device.poller.disk = CountingDisk(step, fail_with(number))
        device.poller.restart()
        with pytest.raises(AgentError, match="agent"):
            device.poller.poll()
        device.poller.disk = Disk()
        assert device.runs() == NEWER, step
        _back(device, device.root / "copy")


def test_killed_at_every_step_it_goes_on_and_is_not_rolled_back(device: Attacked) -> None:
    old = device.keep("old")
    device.repository.publish(NEWER)
    new = device.keep("new")
    for step in range(1, _steps(device) + 1):
        child = os.fork()
        if child == 0:
            try:
                device.poller.disk = CountingDisk(step)
                device.poller.restart()
                device.poller.poll()
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, step
        device.poller.restart()
        assert device.runs() == NEWER, step
        device.repository.replace_with(old)
        device.refuses(Untrusted, "timestamp version")
        device.repository.replace_with(new)
        _back(device, device.root / "copy")


@pytest.mark.parametrize("signed", ["soon", -1, 2**40, True, None])
def test_a_signed_time_that_is_none_is_refused(device: Attacked, signed: object) -> None:
    device.repository.timestamp.unrecognized_fields["x-slipway-signed"] = signed
    device.repository.timestamp.version += 1
    device.repository.write("timestamp")
    device.refuses(Untrusted, "x-slipway-signed")


def test_a_signed_time_that_is_not_told_is_no_time(device: Attacked) -> None:
    del device.repository.timestamp.unrecognized_fields["x-slipway-signed"]
    device.repository.timestamp.version += 1
    device.repository.write("timestamp")
    assert device.poller.poll().signed == 0


def test_the_trusted_now_goes_on_while_the_clock_stands(tmp_path: Path) -> None:
    clock = SignedTime(tmp_path / "seen.json", Disk(), lambda: 0.0)
    clock.under(("key",))
    clock.saw(1_000_000)
    first = clock.now()
    time.sleep(0.02)
    assert 1_000_000 <= first < clock.now() < 1_000_100
    clock.saw(5)
    assert clock.now() > first
    clock.keep()
    assert SignedTime(tmp_path / "seen.json", Disk(), lambda: 0.0).now() >= 1_000_000
    assert SignedTime(tmp_path / "seen.json", Disk(), lambda: 2e6).now() == 2e6
    clock.under(("another",))
    assert clock.seen == Seen(("another",))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("text", "has not schema 1"),
        ({"schema": 2, "files": []}, "has not schema 1"),
        ({"schema": 1}, "has no list of files"),
        ({"schema": 1, "files": ["m.yaml"]}, "lists 'None'"),
        ({"schema": 1, "files": [{"name": 5}]}, "lists '5'"),
        ({"schema": 1, "files": [{"name": "../m.yaml"}]}, "lists '../m.yaml'"),
        ({"schema": 1, "files": [{"name": ".m.yaml"}]}, "lists '.m.yaml'"),
        ({"schema": 1, "files": [{"name": "m m.yaml"}]}, "lists 'm m.yaml'"),
        (
            {"schema": 1, "files": [{"name": f"m{n}.yaml"} for n in range(MOST_FILES + 1)]},
            "more than 2000",
        ),
    ],
)
def test_a_malformed_list_is_refused_as_a_whole(
    device: Attacked, document: object, reason: str
) -> None:
    role = device.repository.roles["x86_64.latest"]
    device.repository.add_target(f"{FOLDER}/index.json", json.dumps(document).encode(), role)
    device.repository.release("x86_64.latest")
    device.refuses(Refused, re.escape(reason))


def test_a_list_of_nested_lists_is_refused() -> None:
    with pytest.raises(Refused, match="is not JSON"):
        read_index(b"[" * 100_000, "index.json")


def test_names_that_are_no_yaml_are_passed_over() -> None:
    names = [{"name": name} for name in ("b.yml", "a.yaml", "index.json", "README.md")]
    document = json.dumps({"schema": 1, "files": names}).encode()
    assert read_index(document, "index.json") == ("a.yaml", "b.yml")


def test_a_manifest_larger_than_one_may_be_is_refused_unread(device: Attacked) -> None:
    large = b"# " + b"x" * 300_000
    device.repository.publish({**GOOD, "n-pod.yaml": large})
    device.repository.target(f"{FOLDER}/n-pod.yaml", large).unlink()
    wanted = device.poller.poll()
    assert list(wanted.manifests) == ["m"]
    assert "n-pod.yaml has more than 262144 bytes" in wanted.refused["n"].message
