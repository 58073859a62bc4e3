"""Processes of the local installation are found again, stopped for good, and never mistaken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.domain.errors import DiskFull, Failed, MissingTool
from slipway.local.process import Identity, LocalProcess, keep_short

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True);"
    "time.sleep(600)",
]


def test_it_is_found_by_another_instance_and_stopped(tmp_path: Path) -> None:
    identity = LocalProcess(tmp_path, "sleeper").start(SLEEPER)
    again = LocalProcess(tmp_path, "sleeper")
    assert again.find() == identity
    assert again.start(SLEEPER) == identity, "a second start leaves the running one alone"
    assert again.stop()
    assert not identity.alive
    assert again.find() is None
    assert not again.stop()


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = LocalProcess(tmp_path, "stubborn")
    identity = process.start(STUBBORN)
    process.wait_ready(lambda: "up" in process.log.read_text(), 20)
    assert process.stop(seconds=0.2)
    assert not identity.alive


def test_a_pid_given_to_another_process_is_not_ours(tmp_path: Path) -> None:
    other = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    try:
        (tmp_path / "x.json").write_text(json.dumps({"pid": other.pid, "started": 1}))
        assert LocalProcess(tmp_path, "x").find() is None
        assert not LocalProcess(tmp_path, "x").stop()
        assert other.poll() is None, "the stranger lives on"
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("record", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_record_counts_as_not_running(tmp_path: Path, record: str) -> None:
    (tmp_path / "x.json").write_text(record)
    assert LocalProcess(tmp_path, "x").find() is None


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="no-such-program"):
        LocalProcess(tmp_path, "x").start(["no-such-program"])


def test_one_that_nobody_could_find_again_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def full(path: Path, text: str) -> None:
        started.append(json.loads(text)["pid"])
        raise DiskFull(f"no space left to write {path}")

    monkeypatch.setattr("slipway.local.process.write_whole", full)
    with pytest.raises(DiskFull):
        LocalProcess(tmp_path, "x").start(SLEEPER)
    (pid,) = started
    os.waitpid(pid, 0)  # hangs if it runs


def test_one_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = LocalProcess(tmp_path, "x")
    process.start([sys.executable, "-c", "print('no such storage')"])
    with pytest.raises(Failed, match="x ended: no such storage"):
        process.wait_ready(lambda: False, 20)


def test_a_long_log_begins_anew_under_its_process(tmp_path: Path) -> None:
    """Its end is kept once, and the process goes on at the beginning, not behind a hole."""
    log, kept = tmp_path / "x.log", tmp_path / "x.log.1"
    with log.open("ab", buffering=0) as process:
        for line in (b"first\n", b"second\n"):
            process.write(line * 300)
            keep_short(log, longest=1000)
            assert kept.read_bytes() == (line * 300)[-1000:]
            assert log.read_bytes() == b""
        process.write(b"third\n")
        keep_short(log, longest=1000)
    assert log.read_bytes() == b"third\n"
    assert kept.read_bytes().endswith(b"second\n")


def test_this_process_is_alive_by_its_own_identity() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert Identity(os.getpid(), int(fields[19])).alive
    assert not Identity(os.getpid(), int(fields[19]) + 1).alive
