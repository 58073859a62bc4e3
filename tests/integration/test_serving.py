"""The serving app as a device runs it: a process, real sockets, good and bad clients."""

import base64
import ctypes
import http.client
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from slipway_serving.server import DRAIN

from tests.fixtures.free_ports import free_port
from tests.fixtures.serving import (
    VERSION,
    Answer,
    Serving,
    png,
    running_serving,
    serving_environment,
)

DIGEST = "sha256:" + "0" * 64


def _error(answer: Answer, status: int, code: str) -> str:
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer.body
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert answer.headers["Content-Type"] == "application/json"
    message: str = answer.json["error"]["message"]
    assert message
    assert "Traceback" not in message
    return message


@pytest.fixture(scope="module")
def shared(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for all tests that leave it as it was."""
    with running_serving(tiny_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


@contextmanager
def _connected(serving: Serving) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as connection:
        yield connection


def _raw(serving: Serving, data: bytes) -> bytes:
    """What comes back, until the server closes the connection."""
    with _connected(serving) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_health_and_version(shared: Serving) -> None:
    assert shared.ask("GET", "/healthz").status == 200
    for path in ("/version/", "/version", "/version/?x=1"):
        assert shared.ask("GET", path).json == {"version": DIGEST, "model": VERSION}
    head = shared.ask("HEAD", "/version/")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) > 50


def test_every_way_to_give_an_image_gives_the_same_answer(
    serving: Serving, tiny_version: Path, tmp_path: Path
) -> None:
    card = json.loads((tiny_version / "model.json").read_text())
    for sample in card["golden"]:
        image = base64.b64decode(sample["input"])
        (tmp_path / "images" / "part.png").write_bytes(image)
        form = b'--B\r\nContent-Disposition: form-data; name="i"; filename="i.png"\r\n\r\n'
        answers = [
            serving.ask("POST", "/predict/", image, "image/png"),
            serving.ask("POST", "/predict", image, "application/octet-stream"),
            serving.ask("POST", "/predict/", image),
            serving.ask("POST", "/predict/", b'{"path": "part.png"}', "application/json"),
            serving.ask(
                "POST", "/predict/", form + image + b"\r\n--B--", "multipart/form-data; boundary=B"
            ),
        ]
        assert [answer.status for answer in answers] == [200] * 5
        documents = [answer.json for answer in answers]
        assert all(document.pop("latency_ms") > 0 for document in documents)
        assert all(document == documents[0] for document in documents)
        assert (documents[0]["model"], documents[0]["version"]) == ("equipmentparts", VERSION)
        scale, zero = (card["outputs"][0]["quantisation"][k] for k in ("scale", "zero_point"))
        expected = dict(zip(card["labels"], sample["output"][0], strict=True))
        predictions = documents[0]["predictions"]
        assert [p["score"] for p in predictions] == sorted(
            (p["score"] for p in predictions), reverse=True
        )
        assert {p["label"]: p["score"] for p in predictions} == pytest.approx(
            {label: (stored - zero) * scale for label, stored in expected.items()}, abs=1e-6
        )


def test_below_the_threshold_the_answer_is_unknown(tiny_version: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(tiny_version, tmp_path / "model"))
    card = json.loads((model / "model.json").read_text())
    card["thresholds"] = {"unknown": 1.1}
    (model / "model.json").write_text(json.dumps(card))
    with running_serving(model, tmp_path) as serving:
        predictions = serving.ask("POST", "/predict/", png(), "image/png").json["predictions"]
    assert predictions[0] == {"label": "unknown", "score": predictions[1]["score"]}
    assert sorted(p["label"] for p in predictions[1:]) == sorted(card["labels"])


def test_bad_requests_get_one_clear_error(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "images" / "link.png").symlink_to(tmp_path / "secret.png")
    ask = serving.ask
    json_kind = "application/json"
    _error(ask("GET", "/"), 404, "not-found")
    assert "/nothing" in _error(ask("GET", "/nothing"), 404, "not-found")
    _error(ask("POST", "/nothing", b"x"), 404, "not-found")
    _error(ask("GET", "/version/extra"), 404, "not-found")
    for method, path, allowed in (
        ("GET", "/predict/", "POST"),
        ("PUT", "/predict/", "POST"),
        ("POST", "/version/", "GET, HEAD"),
        ("DELETE", "/healthz", "GET, HEAD"),
    ):
        answer = ask(method, path, b"x" if method in ("PUT", "POST") else None)
        assert answer.headers["Allow"] == allowed
        assert method in _error(answer, 405, "method-not-allowed")
    _error(ask("POST", "/predict/", b"", "image/png"), 400, "no-image")
    _error(ask("POST", "/predict/", b"rubbish", "image/png"), 400, "not-an-image")
    _error(ask("POST", "/predict/", png()[:100], "image/png"), 400, "not-an-image")
    _error(ask("POST", "/predict/", b"x", "text/plain"), 415, "unsupported-media-type")
    curls_own = "application/x-www-form-urlencoded"
    _error(ask("POST", "/predict/", png(), curls_own), 415, "unsupported-media-type")
    for body in (b"", b"{", b"\xff", b'{"path": NaN}', b"[" * 200_000):
        _error(ask("POST", "/predict/", body, json_kind), 400, "bad-json")
    for body in (b"[]", b"null", b'"nut.png"', b"{}", b'{"image": "nut.png"}'):
        _error(ask("POST", "/predict/", body, json_kind), 400, "bad-request")
    for name in ("../secret.png", "/etc/passwd", "link.png", "", "a/../../secret.png", 5, None):
        body = json.dumps({"path": name}).encode()
        _error(ask("POST", "/predict/", body, json_kind), 400, "bad-path")
    _error(ask("POST", "/predict/", b'{"path": "no.png"}', json_kind), 404, "no-such-image")
    _error(ask("POST", "/predict/", b"x", "multipart/form-data"), 400, "bad-form")
    long = _error(
        ask("POST", "/predict/", b'{"path": "../' + b"x" * 5000 + b'"}', json_kind), 400, "bad-path"
    )
    assert len(long) < 400
    assert ask("POST", "/predict/", png(), "image/png").status == 200
    assert "Traceback" not in serving.log.read_text()


def test_a_body_that_is_too_large_is_refused(tiny_version: Path, tmp_path: Path) -> None:
    with running_serving(tiny_version, tmp_path, "--max-body", "100000") as serving:
        assert serving.ask("POST", "/predict/", png(20, 20), "image/png").status == 200
        for extra in ({}, {"Expect": "100-continue"}):
            answer = serving.ask("POST", "/predict/", bytes(3_000_000), "image/png", **extra)
            assert "100000" in _error(answer, 413, "too-large")
        (tmp_path / "images" / "big.png").write_bytes(bytes(100_001))
        answer = serving.ask("POST", "/predict/", b'{"path": "big.png"}', "application/json")
        _error(answer, 413, "image-too-large")
        announced = b"POST /predict/ HTTP/1.1\r\nContent-Length: 9999999\r\n"
        answer_now = _raw(serving, announced + b"Expect: 100-continue\r\n\r\n")
        assert answer_now.startswith(b"HTTP/1.1 413 ")
        assert b"100 Continue" not in answer_now


def test_a_client_that_waits_for_100_is_asked_for_the_body(shared: Serving) -> None:
    image = png()
    with _connected(shared) as connection:
        head = f"POST /predict/ HTTP/1.1\r\nContent-Length: {len(image)}\r\n"
        connection.sendall((head + "Expect: 100-continue\r\n\r\n").encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(image)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"GET /version/ HTTP/9.9\r\n\r\n", 505),
        (b"BREW /pot HTTP/1.1\r\n\r\n", 501),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"POST /predict/ HTTP/1.1\r\n\r\n", 411),
        (b"POST /predict/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /predict/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /predict/ HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST /predict/ HTTP/1.1\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", 400),
        (b"POST /predict/ HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /predict/ HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", 400),
        (b"GET /\xff\xfe\x00 HTTP/1.1\r\n\r\n", 404),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_is_no_http_is_answered_and_the_connection_ends(
    shared: Serving, data: bytes, status: int
) -> None:
    answer = _raw(shared, data)
    assert answer.split(b" ")[1] == str(status).encode(), answer
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert status == 200 or set(document["error"]) == {"code", "message"}
    assert shared.ask("GET", "/healthz").status == 200
    assert "Traceback" not in shared.log.read_text()


def test_one_connection_carries_many_requests(shared: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=20)
    connection.connect()
    port = connection.sock.getsockname()[1]
    for number in range(20):
        if number % 2:
            connection.request("POST", "/predict/", png(seed=number), {"Content-Type": "image/png"})
        else:
            connection.request("POST", "/predict/", b"no", {"Content-Type": "image/png"})
        response = connection.getresponse()
        response.read()
        assert response.status == (200 if number % 2 else 400)
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_many_clients_at_once_get_right_answers(shared: Serving) -> None:
    images = [png(seed=seed) for seed in range(4)]

    def predict(number: int) -> Any:
        answer = shared.ask("POST", "/predict/", images[number % 4], "image/png")
        assert answer.status == 200
        return answer.json["predictions"]

    alone = [predict(number) for number in range(4)]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(predict, range(160)))
    assert together == [alone[number % 4] for number in range(160)]


def test_probes_are_answered_when_clients_hold_all_connections(
    tiny_version: Path, tmp_path: Path
) -> None:
    with running_serving(tiny_version, tmp_path, "--private", "127.77.1.3") as serving:
        held = [socket.create_connection(("127.0.0.1", serving.port)) for _ in range(64)]
        deadline = time.monotonic() + 60
        while serving.ask("GET", "/readyz").status != 503:
            assert time.monotonic() < deadline
        with urllib.request.urlopen(f"http://127.77.1.3:{serving.port}/readyz", timeout=5) as told:
            assert told.status == 200
        for connection in held:
            connection.close()


def test_too_many_connections_are_turned_away_and_the_rest_served(shared: Serving) -> None:
    held = [socket.create_connection(("127.0.0.1", shared.port)) for _ in range(64)]
    try:
        deadline = time.monotonic() + 60
        while shared.ask("GET", "/healthz").status != 503:
            assert time.monotonic() < deadline
        held[0].sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert held[0].recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 60
    while shared.ask("GET", "/healthz").status != 200:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server(serving: Serving, number: signal.Signals) -> None:
    with _connected(serving) as kept_alive, _connected(serving):
        kept_alive.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert kept_alive.recv(1000).startswith(b"HTTP/1.1 200 ")
        serving.process.send_signal(number)
        assert serving.process.wait(DRAIN - 1) == 0


def test_a_signal_ends_a_server_whichever_thread_gets_it(serving: Serving) -> None:
    """It may also come in the instant before the main thread begins to wait."""
    pid = serving.process.pid
    others = {int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    assert ctypes.CDLL(None).tgkill(pid, others.pop(), signal.SIGTERM) == 0
    assert serving.process.wait(60) == 0


def test_a_request_under_way_gets_its_answer_after_sigterm(serving: Serving) -> None:
    image = png()
    head = f"POST /predict/ HTTP/1.1\r\nContent-Length: {len(image)}\r\n\r\n".encode()
    with _connected(serving) as connection:
        connection.sendall(head + image[:100])
        time.sleep(0.3)  # until the server reads the body
        serving.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while True:  # nothing new is taken
            try:
                socket.create_connection(("127.0.0.1", serving.port), timeout=5).close()
            except OSError:
                break
            assert time.monotonic() < deadline
        connection.sendall(image[100:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"Connection: close" in answer
        assert b'"predictions"' in answer
    assert serving.process.wait(60) == 0


def test_a_client_that_never_ends_its_request_does_not_hold_the_server(serving: Serving) -> None:
    with _connected(serving) as connection:
        connection.sendall(b"POST /predict/ HTTP/1.1\r\nContent-Length: 1000\r\n\r\nabc")
        time.sleep(0.3)
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(60) == 0


def test_of_two_servers_on_a_port_the_last_answers_and_the_first_when_it_is_gone(
    tiny_version: Path, tmp_path: Path
) -> None:
    port = free_port()
    with running_serving(tiny_version, tmp_path, port=port, digest="sha256:old") as old:
        assert old.ask("GET", "/version/").json["version"] == "sha256:old"
        with running_serving(tiny_version, tmp_path, port=port, digest="sha256:new"):
            seen = [old.ask("GET", "/version/").json["version"] for _ in range(100)]
            assert set(seen) == {"sha256:new"}
        seen = [old.ask("GET", "/version/").json["version"] for _ in range(20)]
        assert set(seen) == {"sha256:old"}


def test_readiness_is_told_at_an_address_of_its_own(tiny_version: Path, tmp_path: Path) -> None:
    port = free_port()
    private = "127.77.1.2"
    with running_serving(tiny_version, tmp_path, "--private", private, port=port) as serving:
        assert serving.ask("GET", "/readyz").json == {"status": "ok"}
        for path in ("/readyz", "/healthz", "/version/"):
            with urllib.request.urlopen(f"http://{private}:{port}{path}", timeout=10) as answer:
                assert answer.status == 200
        other = free_port()
        with socket.create_server((private, other)):
            done = _run("--model", tiny_version, "--private", private, "--port", other)
        assert done.returncode == 1
        assert f"cannot listen on {private}:{other}: another program listens" in done.stderr
        with pytest.raises(OSError, match="refused"):  # it did not get as far as the shared address
            socket.create_connection(("127.0.0.1", other))


def test_a_model_that_answers_otherwise_is_not_served(tiny_version: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(tiny_version, tmp_path / "model"))
    card = json.loads((model / "model.json").read_text())
    assert len(card["golden"]) > 1
    card["golden"][-1]["output"][0][0] += card["golden_tolerance"] + 1
    (model / "model.json").write_text(json.dumps(card))
    done = _run("--model", model, "--port", free_port())
    assert done.returncode == 1
    assert f"golden sample {len(card['golden'])} is off by" in done.stderr


def _run(*options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "slipway_serving", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=60,
        env=serving_environment(),
        check=False,
    )


def test_the_self_test_prints_one_line_of_json(tiny_version: Path, tmp_path: Path) -> None:
    done = _run("--model", tiny_version, "--self-test")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    assert report["ok"] is True
    assert report["samples"] > 0
    assert report["max_distance"] <= report["tolerance"]
    assert "litert" in report["runtime"] or "tflite" in report["runtime"]
    done = _run("--model", tmp_path, "--self-test")
    assert done.returncode == 1
    assert json.loads(done.stdout)["ok"] is False
    assert str(tmp_path) in json.loads(done.stdout)["error"]


def test_what_cannot_start_says_why_in_one_line(tiny_version: Path, tmp_path: Path) -> None:
    done = _run("--model", tmp_path / "none")
    assert done.returncode == 1
    assert "none/model.json" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run("--model", tiny_version, "--port", taken.getsockname()[1])
    assert done.returncode == 1
    assert "another program listens" in done.stderr
    assert "Traceback" not in done.stderr
    for options in (["--port", "70000"], ["--threads", "0"], ["--port", "x"]):
        assert _run(*options).returncode == 2


def test_the_log_is_short_and_clean(serving: Serving) -> None:
    serving.ask("GET", "/healthz")
    serving.ask("GET", "/version/")
    _raw(serving, b"GET /\x1b[31m\xff?secret=1 HTTP/1.0\r\n\r\n")
    serving.process.send_signal(signal.SIGTERM)
    serving.process.wait(60)
    lines = [line for line in serving.log.read_text().splitlines() if "XNNPACK" not in line]
    assert lines[0].startswith(f"{VERSION} on ")
    assert [line.rpartition(" ")[0] for line in lines[1:]] == [
        "GET /version/ 200",
        "GET /?[31mÿ 404",
    ]


@pytest.mark.slow
def test_the_largest_images_fit_the_memory_of_the_pod(tiny_version: Path, tmp_path: Path) -> None:
    """As many at once as are taken: the pod's limit is 256 MiB."""
    with running_serving(tiny_version, tmp_path) as serving:

        def status_of(body: bytes) -> int:
            while True:  # it asks to try again when its turn does not come in time
                status = serving.ask("POST", "/predict/", body, "image/x").status
                if status != 503:
                    return status

        rows = np.tile(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), (1, 64, 1))
        for kind, height in (("PNG", 4096), ("JPEG", 4096), ("WEBP", 2048)):
            file = io.BytesIO()
            image = Image.fromarray(np.tile(rows, (height // 64, 1, 1)))
            image.save(file, kind, **({"method": 0} if kind == "WEBP" else {}))
            with ThreadPoolExecutor(6) as pool:
                statuses = list(pool.map(status_of, [file.getvalue()] * 6))
            assert statuses == [200] * 6
            status = Path(f"/proc/{serving.process.pid}/status").read_text()
            (peak,) = (line.split()[1] for line in status.splitlines() if "VmHWM" in line)
            assert int(peak) * 1024 < 240 * 2**20, kind
