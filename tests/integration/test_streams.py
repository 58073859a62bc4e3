"""From a sensor's readings to predictions and actions, through the real broker."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.authority import make_certificate
from tests.fixtures.cable import cabled
from tests.fixtures.free_ports import free_port
from tests.fixtures.mosquitto import Mosquitto, listening, make_passwords
from tests.fixtures.serving import running_serving
from tests.fixtures.signals import make_signal
from tests.fixtures.streaming import (
    BEARING,
    MOTIONS,
    readings,
    status,
    streaming,
    write_streams,
)
from tests.fixtures.waiting import wait_for

pytestmark = pytest.mark.system


def test_a_reading_becomes_a_prediction_and_an_action(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    rules = (
        '[[rule]]\nname = "hurry"\nclass = "fast"\nabove = 0.5\nwindows = 3\n'
        'publish = {topic = "line/$sensor/alarm", payload = {what = "$class", p = "$probability"}}'
    )
    file = write_streams(tmp_path / "streams", mosquitto, rules=rules)
    with (
        streaming(motions, tmp_path, file),
        listening(mosquitto.port, "slipway/predictions/+", "line/#") as client,
    ):
        for reading in [*readings("slow", 2), *readings("fast", 5)]:
            client.send("slipway/readings/arm", reading)
        # The two signals follow one another, so one window more lies over both.
        predictions = client.wait("slipway/predictions/arm", 8)
        (alarm,) = client.wait("line/arm/alarm", 1)
    assert [one["class"] for one in predictions[:2]] == ["slow", "slow"]
    assert [one["class"] for one in predictions[3:]] == ["fast"] * 5
    assert {key: predictions[0][key] for key in ("device", "sensor", "model", "version")} == {
        "device": "press-7",
        "sensor": "arm",
        "model": "motions",
        "version": MOTIONS,
    }
    assert 0.5 < predictions[0]["probability"] <= 1.0
    assert alarm["what"] == "fast"
    assert alarm["p"] in [one["probability"] for one in predictions]


def test_a_score_for_every_tumbling_window(
    bearing: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    file = write_streams(tmp_path / "streams", mosquitto, "[windows]\ntumbling = 160\n")
    with (
        streaming(bearing, tmp_path, file),
        listening(mosquitto.port, "slipway/predictions/+") as client,
    ):
        for motion in ("slow", "fast"):
            for piece in np.array_split(make_signal(motion, 160, 3), 7):
                client.send("slipway/readings/axle", {"values": piece.tolist()})
        healthy, broken = client.wait("slipway/predictions/axle", 2)
    assert (healthy["class"], healthy["anomaly"]) == ("healthy", False)
    assert (broken["class"], broken["anomaly"]) == ("anomaly", True)
    assert healthy["score"] < healthy["threshold"] < broken["score"]
    assert healthy["version"] == BEARING


def test_readings_by_http_need_no_broker(motions: Path, tmp_path: Path) -> None:
    file = write_streams(tmp_path / "streams", None)
    with streaming(motions, tmp_path, file) as serving:
        body = json.dumps({"values": make_signal("fast", 24, 1).tolist()}).encode()
        answer = serving.ask("POST", "/readings/arm", body, "application/json")
        bad = serving.ask("POST", "/readings/arm", b'{"values": [[1, 2]]}', "application/json")
    assert answer.status == 202
    assert [one["class"] for one in answer.json["predictions"]] == ["fast", "fast"]
    assert (bad.status, bad.json["error"]["code"]) == (400, "wrong-axes")


def test_messages_that_are_none_are_counted_and_the_stream_goes_on(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    bad: list[tuple[bytes, str]] = [
        (b"\xff\x00 no JSON", "not-json"),
        (b"[" * 1900, "not-json"),
        (b'{"values": [[1, 2], [3, 4]]}', "wrong-axes"),
        (b'{"values": [[1, 2, NaN]]}', "not-finite"),
        (b'{"values": [["1", "2", "3"]]}', "no-values"),
        (b'{"values": [[1, 2, 3]], "rate": 99}', "wrong-rate"),
        (b'{"values": [[1, 2, 3]], "t": "now"}', "bad-time"),
        (b"{" + b" " * 2000, "too-large"),
    ]
    file = write_streams(tmp_path / "streams", mosquitto, "[bounds]\nmessage_bytes = 2000\n")
    with (
        streaming(motions, tmp_path, file) as serving,
        listening(mosquitto.port, "slipway/predictions/+") as client,
    ):
        good = readings("fast", 4)
        for number, (body, _) in enumerate(bad):
            client.send("slipway/readings/arm", body)
            client.send("slipway/readings/arm", good[number % len(good)])
        client.send("slipway/readings/a b", good[0])
        client.wait("slipway/predictions/arm", len(bad) - 1)
        wait_for(
            lambda: "bad-sensor" in status(serving)["counts"]["rejected"], "the last to be counted"
        )
        rejected = status(serving)["counts"]["rejected"]
    expected = {reason: 0 for _, reason in bad} | {"bad-sensor": 1}
    for _, reason in bad:
        expected[reason] += 1
    assert rejected == expected


def test_a_flood_is_counted_and_the_streams_go_on(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """What is sent takes far longer to answer than to send, and two messages of it may wait."""
    flood = json.dumps({"values": make_signal("fast", 800, 1).round(4).tolist()}).encode()
    most = len(flood) + 1000
    bounds = f"[bounds]\nmessage_bytes = {most}\nincoming_bytes = {10 * most}\n"
    bounds += "[windows]\nvotes = 1\nstep = 1\n"
    file = write_streams(tmp_path / "streams", mosquitto, bounds)
    with (
        streaming(motions, tmp_path, file) as serving,
        listening(mosquitto.port, "slipway/predictions/calm") as client,
    ):
        for _ in range(40):
            client.client.publish("slipway/readings/mad", flood, qos=1)
        for reading in readings("slow", 3):
            client.send("slipway/readings/calm", reading)
        calm = client.wait("slipway/predictions/calm", 17)
        client.send("slipway/readings/mad", readings("fast", 1)[0])
        wait_for(lambda: _come(status(serving)["counts"]) == 40 + 4 + 1, "all to be counted")
        counts = status(serving)["counts"]
    assert {one["class"] for one in calm} == {"slow"}
    assert counts["rejected"].keys() == {"flood"}
    assert _come(counts) == 40 + 4 + 1
    assert counts["taken"]["gaps"] >= 1, "what follows a loss begins a window anew"


def _come(counts: Any) -> int:
    """How many readings came, taken or rejected."""
    return int(counts["rejected"].get("flood", 0) + counts["taken"]["readings"])


def test_an_outage_loses_nothing_that_the_bound_allows(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    topics = ("slipway/predictions/+", "slipway/status/+")
    bodies = [json.dumps(reading).encode() for reading in readings("slow", 101)]
    with cabled(mosquitto.port) as cable, listening(mosquitto.port, *topics) as client:
        file = write_streams(tmp_path / "streams", cable, "[bounds]\noutgoing = 30\n")
        with streaming(motions, tmp_path, file) as serving:
            cable.pull()
            wait_for(lambda: status(serving)["predictions"] != "ok", "the outage to be seen")
            told = []
            for body in bodies:
                told += serving.ask("POST", "/readings/arm", body).json["predictions"]
            dropped = status(serving)["counts"]["dropped"]["predictions"]
            assert client.of("slipway/predictions/") == []
            cable.put_in()
            client.wait("slipway/predictions/arm", len(told) - dropped)
            (said, *_) = client.wait("slipway/status/press-7", 1)
            wait_for(lambda: status(serving)["waiting"] == 0, "all to be acknowledged")
            came = client.of("slipway/predictions/arm")
    assert len(told) == 101
    # 30 wait, and those that had been given to the line before: the oldest of all.
    ahead = len(told) - dropped - 30
    assert 0 < ahead <= 21
    assert came == told[:ahead] + told[-30:]
    assert said["counts"]["dropped"] == {"predictions": dropped}


def test_a_broker_that_forgot_everything_is_told_again(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    file = write_streams(tmp_path / "streams", mosquitto)
    with streaming(motions, tmp_path, file) as serving:
        mosquitto.stop()
        wait_for(lambda: status(serving)["readings"] != "ok", "the outage to be seen")
        mosquitto.start()
        wait_for(lambda: status(serving)["readings"] == "ok", "the connection to come back")
        with listening(mosquitto.port, "slipway/predictions/+") as client:
            for reading in readings("slow", 3):
                client.send("slipway/readings/arm", reading)
            client.wait("slipway/predictions/arm", 3)


def test_a_broker_with_tls_and_a_password(motions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    certificate, key = make_certificate(folder)
    passwords = make_passwords(folder, "edge", "open sesame")
    options = f"password_file {passwords}\ncertfile {certificate}\nkeyfile {key}\n"
    broker = Mosquitto(free_port(), folder, options)
    file = write_streams(tmp_path / "streams", broker)
    (tmp_path / "streams" / "ca.pem").write_bytes(certificate.read_bytes())
    (tmp_path / "streams" / "password").write_text("open window\n")
    with file.open("a") as text:
        text.write('tls = true\nca_file = "ca.pem"\nusername = "edge"\npassword_file = "password"')
    broker.start()
    try:
        with streaming(motions, tmp_path, file, well=False) as serving:
            wait_for(lambda: "refuses" in status(serving).get("readings", ""), "a refusal")
            (tmp_path / "streams" / "password").write_text("open sesame\n")
            file.touch()
            wait_for(
                lambda: status(serving).get("readings") == "ok", "the right password to be read"
            )
            assert "open" not in serving.log.read_text()
    finally:
        broker.stop()


class _Hook(BaseHTTPRequestHandler):
    """Never answers until the test is over, or answers what it is to."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/slow":
            server.over.wait(60)
        server.calls.append((self.path, body))
        status = server.answers.pop(0) if self.path == "/shaky" and server.answers else 204
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    server.calls, server.over, server.answers = [], threading.Event(), [503, 503]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def test_a_slow_webhook_holds_up_nothing(motions: Path, tmp_path: Path, hook: Any) -> None:
    address = f"http://127.0.0.1:{hook.server_address[1]}"
    rule = '[[rule]]\nname = "{0}"\nclass = "slow"\nwebhook = {{url = "{1}/{0}", timeout = 60}}\n'
    rules = rule.format("slow", address) + rule.format("shaky", address)
    file = write_streams(tmp_path / "streams", None, rules=rules)
    with streaming(motions, tmp_path, file) as serving:
        for reading in readings("slow", 20):
            body = json.dumps(reading).encode()
            assert serving.ask("POST", "/readings/arm", body).status == 202
        wait_for(lambda: status(serving)["counts"].get("actions"), "the other webhook")
        calls = list(hook.calls)
        counted = status(serving)["counts"]
    # Twice it was told to come again; a run of predictions is one action.
    assert [path for path, _ in calls] == ["/shaky"] * 3
    assert calls[0][1]["rule"] == "shaky"
    assert calls[0][1]["class"] == "slow"
    assert (counted["actions"], counted["taken"]["predictions"]) == ({"webhooks": 1}, 20)


def test_redirections_are_not_followed(motions: Path, tmp_path: Path, hook: Any) -> None:
    hook.answers = [302]
    url = f"http://127.0.0.1:{hook.server_address[1]}/shaky"
    rules = f'[[rule]]\nname = "r"\nclass = "slow"\nwebhook = {{url = "{url}"}}\n'
    file = write_streams(tmp_path / "streams", None, rules=rules)
    with streaming(motions, tmp_path, file) as serving:
        for reading in readings("slow", 1):
            serving.ask("POST", "/readings/arm", json.dumps(reading).encode())
        wait_for(lambda: status(serving)["counts"].get("dropped"), "the call to be given up")
        assert status(serving)["counts"]["dropped"] == {"webhooks": 1}
    assert [path for path, _ in hook.calls] == ["/shaky"]


def test_changed_files_are_read_again_and_broken_ones_change_nothing(
    motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    folder = tmp_path / "streams"
    rule = '[[rule]]\nname = "{0}"\nclass = "slow"\npublish = {{topic = "{0}"}}\n'
    file = write_streams(folder, mosquitto, rules=rule.format("one"))
    with (
        streaming(motions, tmp_path, file) as serving,
        listening(mosquitto.port, "one", "two") as client,
    ):
        (folder / "rules.toml").write_text("[[rule]]\nname = 7\n")
        wait_for(lambda: status(serving)["rules_problem"], "the broken rules to be seen")
        problem = status(serving)["rules_problem"]
        for reading in readings("slow", 1):
            client.send("slipway/readings/a", reading)
        client.wait("one", 1)
        (folder / "rules.toml").write_text(rule.format("two"))
        wait_for(lambda: not status(serving)["rules_problem"], "the new rules to be read")
        for reading in readings("slow", 1):
            client.send("slipway/readings/b", reading)
        client.wait("two", 1)
        file.write_text("[broker]\nport = 0\n")
        wait_for(lambda: status(serving)["problem"], "the broken settings to be seen")
        for reading in readings("slow", 1):
            client.send("slipway/readings/c", reading)
        client.wait("two", 2)
        log = serving.log.read_text()
    assert "name is 7, not a text" in problem
    assert log.count("name is 7") == 1
    assert len(client.of("one")) == 1


def test_a_rule_for_a_class_that_is_never_told_is_named_and_the_others_hold(
    motions: Path, tmp_path: Path
) -> None:
    rule = '[[rule]]\nname = "{0}"\nclass = "{0}"\nwebhook = {{url = "http://127.0.0.1:9/"}}\n'
    rules = "".join(map(rule.format, ("slow", "unknown", "slwo")))
    file = write_streams(tmp_path / "streams", None, rules=rules)
    with streaming(motions, tmp_path, file) as serving:
        problem = status(serving)["rules_problem"]
        log = serving.log.read_text()
    assert problem == f"rule 'slwo' waits for 'slwo'; {MOTIONS} tells fast, slow, unknown"
    assert f"3 rules; {problem}" in log


def test_no_file_is_no_streams(motions: Path, tmp_path: Path) -> None:
    file = tmp_path / "streams.toml"
    with running_serving(motions, tmp_path, "--streams", str(file)) as serving:
        wait_for(lambda: status(serving)["problem"], "the file to be looked for")
        answer = serving.ask("POST", "/readings/arm", b"{}")
        assert (answer.status, answer.json["error"]["code"]) == (404, "no-streams")
        assert "there is no" in serving.log.read_text()
        write_streams(tmp_path, None)
        wait_for(lambda: status(serving)["running"], "the streams to begin")
