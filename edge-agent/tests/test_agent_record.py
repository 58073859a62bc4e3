"""The record and what it names, lost or damaged in every way: nothing that runs is taken down."""

from pathlib import Path

import pytest
from agent_testing.pods_seen import visible
from agent_testing.rollouts import Device, manifest, names
from slipway_agent.record import BESIDE, Bad, Record, Slot

A, B = (manifest("m", mark) for mark in "ab")


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A device in the middle of an update from A to B."""
    device = Device(tmp_path)
    device.want(A)
    device.settle()
    device.want(B)
    device.step(seconds=0)
    assert device.names() == names(A, B)
    return device


def _again(device: Device) -> None:
    """A new process that knows nothing of the bucket keeps both, and then the update ends."""
    wanted, device.wanted = device.wanted, None
    device.restart()
    device.step()
    assert device.files() == names(A, B)
    assert set(visible(device.pods).values()) == {A.data, B.data}
    device.wanted = wanted
    device.settle()
    assert device.names() == names(B)


def test_a_record_is_what_was_written() -> None:
    bad = {"c" * 64: Bad("quarantined", "it hung")}
    record = Record({"m": Slot("a" * 64, "a" * 64, "b" * 64, BESIDE, "", bad)}, "pod", ("d" * 64,))
    assert Record.decode(record.encode()) == record


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"schema": 2, "slots": {}, "handover": "", "retired": []}',
        b'{"schema": 1, "slots": [], "handover": "", "retired": []}',
        b'{"schema": 1, "slots": {"m": {}}, "handover": "", "retired": []}',
        b'{"schema": 1, "slots": {"m": 1}, "handover": "", "retired": []}',
        b'{"schema": 1, "slots": {}, "handover": null, "retired": []}',
        b'{"schema": 1, "slots": {}, "handover": "", "retired": [1]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_record_is_made_anew(device: Device, text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Record.decode(text)
    (device.state / "record.json").write_bytes(text)
    _again(device)
    assert "event=record-lost" in device.out.getvalue()


def test_a_record_cut_at_each_byte(device: Device) -> None:
    path = device.state / "record.json"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        device.restart()
        device.wanted = None
        device.step(seconds=0)
        assert visible(device.pods).keys() == names(A, B), size


def test_a_lost_record_and_a_lost_store(device: Device) -> None:
    for path in sorted(device.state.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    _again(device)


@pytest.mark.parametrize("which", [A, B])
def test_a_manifest_cut_at_each_byte_in_the_store(device: Device, which: object) -> None:
    path = device.state / "manifests" / f"{getattr(which, 'sha256', '')}.yaml"
    whole = path.read_bytes()
    device.wanted = None
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        device.restart()
        device.step(seconds=0)
        assert set(visible(device.pods).values()) == {A.data, B.data}, size
        assert path.read_bytes() == whole


def test_a_manifest_cut_at_each_byte_in_the_folder(device: Device) -> None:
    device.wanted = None
    for what in (A, B):
        (name,) = names(what)
        for size in range(len(what.data)):
            (device.pods / name).write_bytes(what.data[:size])
            device.step(seconds=0)
            assert set(visible(device.pods).values()) == {A.data, B.data}, size


def test_a_manifest_that_is_lost_everywhere_is_said_and_the_other_one_stays(device: Device) -> None:
    (device.state / "manifests" / f"{A.sha256}.yaml").unlink()
    (name,) = names(A)
    (device.pods / name).unlink()
    device.restart()
    device.step()
    assert "event=manifest-lost" in device.out.getvalue()
    device.settle()
    assert device.names() == names(B)


def test_the_first_start_adopts_what_lies_there_without_a_second_copy(tmp_path: Path) -> None:
    device = Device(tmp_path)
    (device.pods / "m-pod.yaml").write_bytes(A.data)
    device.wanted = None
    device.step()
    assert device.names() == names(A)
    device.want(A)
    device.step()
    assert device.states["m"].running == A.sha256


def test_what_somebody_did_to_the_folder_is_mended(device: Device) -> None:
    device.settle()
    (name,) = names(B)
    (device.pods / name).write_bytes(A.data)
    (device.pods / "stray.txt").write_text("no manifest")
    (device.pods / "stray.yaml").write_bytes(manifest("stray", "a").data)
    (device.pods / "link.yaml").symlink_to("/etc/hostname")
    (device.pods / ".keep").write_text("mine")
    (device.pods / "folder").mkdir()
    device.step()
    left = {path.name for path in device.pods.iterdir()}
    assert left == {name, ".keep", "folder"}
    assert (device.pods / name).read_bytes() == B.data


def test_an_idle_step_changes_nothing_on_the_disk(device: Device) -> None:
    device.settle()

    def marks() -> dict[Path, tuple[int, int]]:
        paths = (*device.pods.rglob("*"), *device.state.rglob("*"), device.pods, device.state)
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}

    before = marks()
    device.step(5)
    device.restart()
    device.step(5)
    assert marks() == before
