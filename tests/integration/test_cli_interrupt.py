"""Ctrl-C ends every command at once, with one line and its own exit code."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CONNECTED = 60.0  # seconds until the command has come as far as asking


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """A server that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(CONNECTED)
        yield server


@pytest.mark.parametrize(
    "arguments",
    [
        ("channels",),
        ("channels", "--json"),
        ("doctor",),
        ("promote", "parts", "parts_1_7", "beta"),
        ("predict", "image.png", "--url", "http://{server}", "--timeout", "60"),
        ("monitor",),
    ],
)
def test_while_a_server_does_not_answer(
    arguments: tuple[str, ...], hanging: socket.socket, tmp_path: Path
) -> None:
    address = f"localhost:{hanging.getsockname()[1]}"
    (tmp_path / "image.png").write_bytes(b"image")
    words = [word.format(server=address) for word in arguments]
    environment = {
        **os.environ,
        "SLIPWAY_REGISTRY_ADDRESS": address,
        "SLIPWAY_HOME": str(tmp_path / "home"),
        "SLIPWAY_MLFLOW_TRACKING_URI": f"http://{address}",
    }
    with subprocess.Popen(
        [sys.executable, "-c", "from slipway.cli import main; main()", *words],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        connection, _ = hanging.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.strip().endswith('"hint": ""}}' if "--json" in words else "error: interrupted")
