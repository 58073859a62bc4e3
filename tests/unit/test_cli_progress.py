"""Progress tells how far, how fast and how long still, on a terminal alone."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.cli import _progress
from slipway.domain.names import Arch

SHOWS = """
import sys, time
from pathlib import Path
from slipway.cli._progress import Count, Stages, line, note
from slipway.domain.names import Arch
with line(Count("record", "samples", 40, lambda: 10).__str__):
    time.sleep(1.2)
note("a note")
with Stages.shown(Path(sys.argv[1]), "package") as progress:
    progress("build", Arch.ARMV7L, None)
    time.sleep(0.8)
    progress("build", Arch.ARMV7L, 0.8)
"""


def test_a_count_tells_rate_and_remaining_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    count = _progress.Count("record", "samples", 400, lambda: 100)
    unknown = _progress.Count("evaluate", "answers", 0, lambda: 100)
    now = 150.0
    assert str(count) == "record: 100/400 samples, 2.0 samples/s, 2 min 30 s left"
    assert str(unknown) == "evaluate: 100 answers, 2.0 answers/s"


def test_stages_tell_what_the_last_time_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with _progress.Stages.shown(tmp_path, "package") as first:
        first("base", None, None)
        now += 4
        assert str(first) == "0 done in 4 s: base 4 s"
        first("base", None, 4.0)
        first("build", Arch.ARMV7L, None)
        now += 26
        assert str(first) == "1 done in 30 s: build armv7l 26 s"
        first("build", Arch.ARMV7L, 26.0)
    with _progress.Stages.shown(tmp_path, "package") as second:
        now += 10
        assert str(second) == "0 of 2 done in 10 s, about 20 s left: "


def test_what_fails_is_no_measure_of_the_next_time(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), _progress.Stages.shown(tmp_path, "package"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_memory_that_is_broken_is_none(tmp_path: Path) -> None:
    (tmp_path / "durations.json").write_text("[")
    with _progress.Stages.shown(tmp_path, "package") as stages:
        assert "left" not in str(stages)


def test_nothing_is_said_where_there_is_no_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOWS, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout + done.stderr == ""


def test_a_terminal_is_told_and_left_clean(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", SHOWS, str(tmp_path)], stderr=theirs, check=True)
    os.close(theirs)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "record: 10/40 samples, " in told
    assert "samples/s, " in told
    assert "a note\r\n" in told
    assert "done in " in told
    assert ": build armv7l " in told
    assert "  build          armv7l       0.8 s\r\n" in told
    assert told.endswith("\r\033[K")
