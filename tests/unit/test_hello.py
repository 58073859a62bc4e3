"""The hello server: what it answers, how it shares its port, how fast it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.free_ports import free_port

FOLDER = Path(__file__).parents[2] / "containers" / "hello"


@contextmanager
def hello(port: int, digest: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway_hello", "--port", str(port)],
        cwd=FOLDER,
        env={**os.environ, "SLIPWAY_IMAGE_DIGEST": digest},
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def version(port: int) -> str:
    """What /version/ answers, as soon as somebody listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version/", timeout=5) as answer:
                return str(json.load(answer)["version"])
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_it_tells_its_digest_and_its_health() -> None:
    port = free_port()
    with hello(port, "sha256:aa"):
        assert version(port) == "sha256:aa"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            assert json.load(answer) == {"status": "ok"}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=5)


def test_the_next_version_listens_while_this_one_answers_and_then_this_one_leaves_at_once() -> None:
    port = free_port()
    with hello(port, "old") as old:
        assert version(port) == "old"
        with hello(port, "new"):
            deadline = time.monotonic() + 60
            while version(port) != "new":
                assert time.monotonic() < deadline
            old.send_signal(signal.SIGTERM)
            assert old.wait(9) == 0  # less than a pod has
            assert {version(port) for _ in range(5)} == {"new"}
