"""What a task tells a log while it works."""

from collections.abc import Iterator

import pytest
from slipway_components import progress


def test_lines_tell_count_rate_and_remaining_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    def work() -> Iterator[int]:
        nonlocal now
        for item in range(40):
            now += 4.0
            yield item

    assert list(progress.track(work(), "render", total=40, unit="images")) == list(range(40))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "render: 2/40 images, 0.2 images/s, 2 min 32 s left"
    assert lines[-1] == "render: 40/40 images in 2 min 40 s, 0.2 images/s"
    assert len(lines) == 20  # every second item, the last of them told by the closing line


def test_nothing_to_do_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track([], "store", total=0, unit="files")) == []
    assert capsys.readouterr().err == "store: 0/0 files in 0.0 s\n"


def test_who_asks_for_quiet_is_told_the_end_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter(range(100, 1000, 60))
    monkeypatch.setattr("time.monotonic", lambda: float(next(now)))
    with progress.quiet():
        list(progress.track(range(3), "render", total=3, unit="images"))
    assert capsys.readouterr().err.startswith("render: 3/3 images in ")
    list(progress.track(range(3), "render", total=3, unit="images"))
    assert capsys.readouterr().err.startswith("render: 1/3 images, ")
