"""Markers reach the function as Cloud Storage's events do: each at least once, none for ever."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from slipway.domain.errors import DiskFull
from slipway.local import markers
from slipway.local.events import given_up, hand_over, tick
from slipway.local.markers import ATTEMPTS, Watcher
from slipway.settings import LocalSettings, Settings, load

KEY = "parts/parts_1_1501089026/TRAINER-DONE"


@dataclass
class Function:
    """A function that notes what it is sent and answers as it is told."""

    port: int = 0
    status: int = 200
    received: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def function() -> Iterator[Function]:
    notes = Function()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            notes.received.append((headers, body))
            self.send_response(notes.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        notes.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield notes
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path, function: Function) -> Settings:
    return replace(load(tmp_path, {}), local=LocalSettings(model_done_port=function.port))


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    marker = tmp_path / "bucket" / KEY
    marker.parent.mkdir(parents=True)
    marker.touch()
    return Watcher(tmp_path / "bucket", tmp_path / "seen.json")


def deliver(watcher: Watcher, settings: Settings) -> int:
    """One look, as the loop does it; how many markers were pending."""
    pending = watcher.pending()
    for key, stamp in pending:
        hand_over(watcher, key, stamp, settings)
    return len(pending)


def test_a_marker_is_handed_over_once_as_a_cloud_event(
    watcher: Watcher, settings: Settings, function: Function
) -> None:
    assert [deliver(watcher, settings) for _ in range(3)] == [1, 0, 0]
    ((headers, body),) = function.received
    assert body == {"bucket": "bucket", "name": KEY}
    assert headers["ce-type"] == "google.cloud.storage.object.v1.finalized"
    assert headers["ce-subject"] == f"objects/{KEY}"


def test_a_restart_remembers_and_a_rewritten_marker_is_new(
    watcher: Watcher, settings: Settings, function: Function
) -> None:
    deliver(watcher, settings)
    restarted = Watcher(watcher.bucket, watcher.memory)
    assert deliver(restarted, settings) == 0
    new = watcher.bucket / "new"
    new.touch()
    new.replace(watcher.bucket / KEY)
    assert deliver(restarted, settings) == 1
    assert len(function.received) == 2


def test_a_refusal_is_tried_again_and_then_left(
    watcher: Watcher,
    settings: Settings,
    function: Function,
    capsys: pytest.CaptureFixture[str],
) -> None:
    function.status = 500
    assert [deliver(watcher, settings) for _ in range(ATTEMPTS + 2)] == [1] * ATTEMPTS + [0, 0]
    assert len(function.received) == ATTEMPTS
    lines = capsys.readouterr().out.splitlines()
    assert [given_up("parts_1_1501089026", line) for line in lines].count(True) == 1


def test_a_function_that_is_down_loses_nothing(
    watcher: Watcher,
    settings: Settings,
    function: Function,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(markers, "_LONGEST_PAUSE", 0.0)
    nowhere = replace(settings, local=LocalSettings(model_done_port=1))
    for _ in range(ATTEMPTS + 2):
        assert deliver(watcher, nowhere) == 1
    function.status = 503
    assert deliver(watcher, settings) == 1
    function.status = 200
    assert [deliver(watcher, settings) for _ in range(2)] == [1, 0]
    assert not any(given_up("parts_1_1501089026", line) for line in capsys.readouterr().out)


def test_it_is_asked_ever_more_seldom(watcher: Watcher) -> None:
    pauses = [watcher.put_off(KEY, "stamp") for _ in range(11)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    ((_, stamp),) = watcher.pending()
    watcher.put_off(KEY, stamp)
    assert watcher.pending() == []


def test_a_full_disk_ends_no_delivery_and_repeats_none(
    watcher: Watcher, settings: Settings, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: str) -> None:
        raise DiskFull(f"no space left to write {path}")

    with monkeypatch.context() as patch:
        patch.setattr(markers, "write_whole", full)
        assert [deliver(watcher, settings) for _ in range(2)] == [1, 0]
    other = watcher.bucket / KEY.replace("026", "027")
    other.parent.mkdir()
    other.touch()
    assert [deliver(watcher, settings) for _ in range(2)] == [1, 0]
    assert deliver(Watcher(watcher.bucket, watcher.memory), settings) == 0


def test_what_is_wrong_with_the_tag_monitor_is_said_once(
    settings: Settings, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    local = LocalSettings(tag_monitor_port=function.port)
    problem = None
    for status in (200, 503, 503, 503, 500, 200, 200):
        function.status = status
        problem = tick(replace(settings, local=local), problem)
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["tag_monitor: 503 ", "tag_monitor: 500 ", "tag_monitor: answers again"]


def test_a_damaged_memory_hands_over_again(
    watcher: Watcher, settings: Settings, function: Function
) -> None:
    deliver(watcher, settings)
    watcher.memory.write_text("{")
    assert deliver(Watcher(watcher.bucket, watcher.memory), settings) == 1
