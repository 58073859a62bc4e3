"""Reports and predictions, into a folder and to a web server, with and without an answer."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from slipway_agent.channel import Wanted
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError, Denied, InvalidOption, NotFound, Stale, Unavailable
from slipway_agent.log import Log
from slipway_agent.report import Identity, instance_of
from slipway_agent.reporter import Reporter
from slipway_agent.shipping import backlog, ship
from slipway_agent.sinks import open_sink
from slipway_agent.slot_state import SlotState
from slipway_agent.status import ChannelState

IDENTITY = Identity("press-7", "x86_64", "stable", "slipway-agent-1a2b3c4d")
SLOT = SlotState("parts", "a" * 64, "a" * 64, "running", "", "parts_1_7", "sha256:f", "", 2, 1000)
SIGNED = ChannelState(Wanted({}, {}, 4, 4_000_000_000, 4_000_100_000), None)


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder


def reporter(tmp_path: Path, bucket: Path) -> Reporter:
    return Reporter(
        lambda: open_sink(f"file://{bucket}"),
        IDENTITY,
        state=tmp_path,
        spool=tmp_path / "spool",
        disk=Disk(),
        log=Log(),
    )


def reports(bucket: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in bucket.glob("devices/press-7/*.json")]


def test_a_report_says_what_runs(tmp_path: Path, bucket: Path) -> None:
    here = reporter(tmp_path, bucket)
    here.tell((SLOT,), SIGNED, None)
    here.report()
    (told,) = reports(bucket)
    assert told["instance"] == instance_of(tmp_path, Disk())
    assert told["time"] == 4_000_000_000  # a clock that is behind what was signed is not believed
    assert told["agent"] == {"version": "0.1.0", "pod": IDENTITY.pod}
    (pod,) = told["pods"]
    assert pod["running"] == {"version": "parts_1_7", "digest": "sha256:f"}
    assert (pod["state"], pod["restarts"], pod["since"]) == ("running", 2, 1000)
    assert told["trust"]["state"] == "fresh"


@pytest.mark.parametrize(
    ("error", "state"), [(Stale("expired"), "stale"), (Unavailable("away"), "unreachable")]
)
def test_a_report_says_what_is_wrong_with_the_bucket(
    tmp_path: Path, bucket: Path, error: AgentError, state: str
) -> None:
    here = reporter(tmp_path, bucket)
    here.tell((SLOT,), ChannelState(SIGNED.wanted, error), error)
    here.report()
    trust = reports(bucket)[0]["trust"]
    assert (trust["state"], trust["reason"]) == (state, error.message)


def test_a_change_is_reported_at_once_and_predictions_go_along(
    tmp_path: Path, bucket: Path
) -> None:
    segment = tmp_path / "spool" / "parts" / "0000000000001-aaaaaaaa.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_text('{"id": "1"}\n')
    here = reporter(tmp_path, bucket)
    here.start()
    here.tell((SLOT,), SIGNED, None)
    wait(lambda: bool(reports(bucket)) and not segment.exists())
    here.tell((SLOT._replace(state="failing"),), SIGNED, None)
    wait(lambda: "failing" in json.dumps(reports(bucket)))


def test_what_could_not_be_told_is_told_when_the_bucket_is_back(
    tmp_path: Path, bucket: Path
) -> None:
    bucket.rmdir()
    here = reporter(tmp_path, bucket)
    here.start()
    here.tell((SLOT,), SIGNED, None)
    time.sleep(1)
    bucket.mkdir()
    wait(lambda: bool(reports(bucket)))


def test_segments_are_sent_oldest_first_and_gone_when_they_are_there(
    tmp_path: Path, bucket: Path
) -> None:
    spool = tmp_path / "spool"
    for slot, name in (("b", "0000000000001-x"), ("a", "0000000000002-x"), ("b", "current-x")):
        (spool / slot).mkdir(parents=True, exist_ok=True)
        (spool / slot / f"{name}.jsonl").write_text(f"{name}\n")
    (spool / "b" / "dropped").write_text("7\n")
    assert backlog(spool).dropped == 7
    sent: list[str] = []

    class Failing:
        url = "nowhere:"

        def write(self, path: str, data: bytes) -> None:
            if sent:
                raise Unavailable("away")
            sent.append(path)

    with pytest.raises(Unavailable):
        ship(spool, Failing(), "d")
    assert sent == ["predictions/d/b/0000000000001-x.jsonl.gz"]
    assert ship(spool, open_sink(f"file://{bucket}"), "d") == 1
    stored = bucket / "predictions" / "d" / "a" / "0000000000002-x.jsonl.gz"
    assert gzip.decompress(stored.read_bytes()) == b"0000000000002-x\n"
    assert [file.name for file in spool.glob("*/*.jsonl")] == ["current-x.jsonl"]


@contextmanager
def endpoint(status: int, got: dict[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            got[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            got["authorization"] = self.headers.get("Authorization", "").encode()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}/r"
        server.shutdown()
        thread.join()


def test_an_endpoint_gets_a_put_with_the_credentials_of_the_url() -> None:
    got: dict[str, bytes] = {}
    with endpoint(201, got) as address:
        sink = open_sink(f"http://me:secret@{address}")
        sink.write("devices/d/1.json", b"{}")
    assert got["/r/devices/d/1.json"] == b"{}"
    assert got["authorization"].startswith(b"Basic ")
    assert "secret" not in sink.url


@pytest.mark.parametrize(
    ("status", "error"), [(401, Denied), (404, NotFound), (500, Unavailable), (302, Unavailable)]
)
def test_an_endpoint_that_refuses(status: int, error: type[AgentError]) -> None:
    with endpoint(status, {}) as address, pytest.raises(error, match="devices"):
        open_sink(f"http://{address}").write("devices/d/1.json", b"{}")


@pytest.mark.parametrize("url", ["ftp://x/y", "nothing", "file://", "http://x:y", "s3://"])
def test_a_url_that_nothing_can_be_sent_to(url: str) -> None:
    with pytest.raises(InvalidOption, match="URL"):
        open_sink(url)


def wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
