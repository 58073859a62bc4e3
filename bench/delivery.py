"""Seconds from a tag move to the new version's answer on a device, bytes pulled, memory."""

import json
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.report import percentile, report
from slipway.domain.errors import SlipwayError
from slipway.local import devices, netns
from slipway.settings import Settings, load
from tests.fixtures.installation import Installation, new_installation
from tests.fixtures.tiny_model import make_tiny_model

NAME, DEVICE = "benchmodel", "bench-device"
# Every move is to another version: a kubelet starts a pod that it had before again with a back-off
# that doubles each time, so moving to and fro would measure that.
VERSIONS = tuple(f"{NAME}_1_{1501089026 + number}" for number in range(22))


def main() -> None:
    """Move a channel from version to version under a real kubelet."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        installation = new_installation(Path(scratch), archs=("x86_64",))
        settings = load(installation.folder, installation.environment)
        try:
            _prepare(installation)
            _measure(installation, settings)
        finally:
            installation.run("down")


def _prepare(installation: Installation) -> None:
    installation.slipway("up")
    installation.slipway("publish-agent")
    for version in VERSIONS:
        make_tiny_model(installation.home / "buckets" / "model-output", version)
    logs = installation.home / "run" / "events.log"
    last = f"{VERSIONS[-1]}/TRAINER-DONE is done"  # they are taken in order
    installation.wait(last, lambda: last in logs.read_text() or None, 600)
    installation.slipway("device", "up", DEVICE, "--channel", "stable")


def _measure(installation: Installation, settings: Settings) -> None:
    first = _move(installation, settings, VERSIONS[0])
    before = _content(settings)
    _move(installation, settings, VERSIONS[1])
    pulled = _content(settings) - before
    seconds = [_move(installation, settings, version) for version in VERSIONS[2:]]
    report(
        "tag-move-to-answer",
        seconds_p50=round(percentile(seconds, 0.5), 2),
        seconds_p95=round(percentile(seconds, 0.95), 2),
        seconds_first=round(first, 2),
        moves=len(seconds),
        monitor_interval=settings.monitor.interval,
        agent_interval=settings.agent.interval,
    )
    report("bytes-pulled-for-a-new-version", bytes=pulled)
    memory = devices.resident_memory(settings, DEVICE)
    report("resident-memory", bytes_by_program=memory, bytes_together=sum(memory.values()))


def _move(installation: Installation, settings: Settings, version: str) -> float:
    """Promote, and ask the device until it is that version that answers."""
    begun = time.perf_counter()
    installation.slipway("promote", NAME, version, "stable")
    while _answering(settings) != version:
        if time.perf_counter() - begun > 120:
            raise TimeoutError(f"{version} does not answer on the device")
        time.sleep(0.02)
    return time.perf_counter() - begun


def _answering(settings: Settings) -> str:
    def ask() -> str:
        with urllib.request.urlopen("http://127.0.0.1:8080/version/", timeout=2) as answer:
            return str(json.load(answer)["model"])

    try:
        return netns.inside(netns.running(settings, DEVICE), ask)
    except (OSError, SlipwayError):
        return ""


def _content(settings: Settings) -> int:
    """Bytes of all blobs that the device's containerd has pulled."""
    device = next(d for d in devices.list_devices(settings) if d.name == DEVICE)
    blobs = device.disk.rglob("io.containerd.content.v1.content/blobs/sha256/*")
    return sum(blob.stat().st_size for blob in blobs)
