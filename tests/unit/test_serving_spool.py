"""The spool: what is in it, when the agent may have it, and disks that do not play along."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from slipway_serving.segments import SEGMENT
from slipway_serving.spool import Spool

from tests.fixtures.serving import serving_environment

CAP = 16 * 2**20
PATIENCE = 60.0  # seconds for the writer, on a machine that has much to do
LONG = "x" * 900


def numbers(folder: Path) -> list[int]:
    """Those of the records in complete segments, in the agent's order."""
    found = []
    for path in sorted(folder.glob("[0-9]*.jsonl")):
        assert path.stat().st_size < SEGMENT + 2 * len(LONG)
        found += [json.loads(line)["number"] for line in path.read_text().splitlines()]
    return found


def dropped(folder: Path) -> int:
    path = folder / "dropped"
    return int(path.read_text()) if path.exists() else 0


def record(number: int) -> dict[str, Any]:
    return {"number": number, "long": LONG}


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def written(spool: Spool, start: int, count: int) -> None:
    """Add so many records, at a pace that the writer keeps up with."""
    for number in range(start, start + count):
        spool.add(record(number))
        if number % 500 == 0:
            eventually(spool._records.empty)


def test_records_are_the_agents_when_the_writer_ends(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CAP)
    written(spool, 0, 10)
    eventually(lambda: len(list(tmp_path.glob("current-*.jsonl"))) == 1)
    assert numbers(tmp_path) == []
    spool.close(PATIENCE)
    assert numbers(tmp_path) == list(range(10))
    assert [path.name for path in tmp_path.iterdir()] == [
        path.name for path in tmp_path.glob("[0-9]*.jsonl")
    ]


def test_a_writer_without_records_leaves_nothing(tmp_path: Path) -> None:
    Spool(tmp_path, CAP).close(PATIENCE)
    assert list(tmp_path.iterdir()) == []


def test_a_segment_is_complete_when_it_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CAP)
    written(spool, 0, 200)
    eventually(lambda: len(list(tmp_path.glob("[0-9]*.jsonl"))) == 2)
    spool.close(PATIENCE)
    assert numbers(tmp_path) == list(range(200))
    assert dropped(tmp_path) == 0


def test_a_segment_is_complete_when_it_is_old(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CAP, age=0.2)
    for number in range(3):
        spool.add(record(number))
        eventually(lambda number=number: numbers(tmp_path) == list(range(number + 1)))  # type: ignore[misc]
    spool.close(PATIENCE)


def test_over_the_cap_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4 * SEGMENT)
    written(spool, 0, 1000)
    spool.close(PATIENCE)
    kept = numbers(tmp_path)
    assert kept == list(range(1000 - len(kept), 1000))
    assert len(kept) + dropped(tmp_path) == 1000
    assert 2 * SEGMENT < sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4 * SEGMENT
    before = dropped(tmp_path)
    spool = Spool(tmp_path, 4 * SEGMENT)
    written(spool, 1000, 300)
    spool.close(PATIENCE)
    assert before < dropped(tmp_path)
    assert len(numbers(tmp_path)) + dropped(tmp_path) == 1300


def test_two_writers_do_not_meddle_with_each_other(tmp_path: Path) -> None:
    """As a version and the next one do while the port is handed over."""
    old, new = Spool(tmp_path, CAP), Spool(tmp_path, CAP)
    for number in range(0, 400, 2):
        old.add(record(number))
        new.add(record(number + 1))
    for spool in (old, new):
        spool.close(PATIENCE)
    assert sorted(numbers(tmp_path)) == list(range(400))


KILLED = """
import sys, time
from pathlib import Path
from slipway_serving.spool import Spool
spool = Spool(Path(sys.argv[1]), 16 << 20)
for number in range(5):
    spool.add({"number": number})
time.sleep(60)
"""


def test_what_a_killed_writer_left_the_next_one_completes(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], env=serving_environment()
    )
    try:

        def all_written() -> bool:
            return sum(p.read_bytes().count(b"\n") for p in tmp_path.glob("current-*")) == 5

        eventually(all_written)
        Spool(tmp_path, CAP).close(PATIENCE)
        assert numbers(tmp_path) == []  # it lives
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    Spool(tmp_path, CAP).close(PATIENCE)
    assert numbers(tmp_path) == list(range(5))
    assert list(tmp_path.glob("current-*")) == []


def test_a_folder_that_is_none_is_said_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spool = Spool(tmp_path / "none", CAP)
    for number in range(10):
        spool.add(record(number))
    eventually(spool._records.empty)
    (tmp_path / "none").mkdir()
    spool.add(record(10))
    spool.close(PATIENCE)
    assert numbers(tmp_path / "none") == [10]
    assert dropped(tmp_path / "none") == 10
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"predictions are not kept in {tmp_path / 'none'}: ")
    assert f"writable for user {os.geteuid()}" in line


def test_a_writer_that_cannot_keep_up_loses_records_and_counts_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CAP)
    for number in range(5000):
        spool.add({"number": number})
    eventually(spool._records.empty)
    spool.add({"number": 5000})
    spool.close(PATIENCE)
    assert len(numbers(tmp_path)) + dropped(tmp_path) == 5001


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.system
def test_a_full_disk_loses_records_and_no_more(
    small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_disk / "other").write_bytes(bytes(80 * 1024))
    spool = Spool(small_disk, CAP)
    written(spool, 0, 200)
    eventually(spool._records.empty)
    (small_disk / "other").unlink()
    written(spool, 200, 10)
    spool.close(PATIENCE)
    assert "No space left" in capfd.readouterr().err
    kept = numbers(small_disk)  # every line of them is whole
    assert kept[-10:] == list(range(200, 210))
    assert 10 < len(kept) < 100
    assert len(kept) + dropped(small_disk) == 210


@pytest.mark.system
def test_a_disk_that_becomes_read_only_loses_records_and_no_more(small_disk: Path) -> None:
    spool = Spool(small_disk, CAP, age=0.1)
    written(spool, 0, 10)
    eventually(lambda: len(numbers(small_disk)) == 10)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    written(spool, 10, 10)
    eventually(lambda: spool._lost == 10)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    written(spool, 20, 10)
    spool.close(PATIENCE)
    assert numbers(small_disk) == [*range(10), *range(20, 30)]
    assert dropped(small_disk) == 10
