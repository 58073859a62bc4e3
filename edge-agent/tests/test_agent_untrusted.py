"""The real process on a bucket that is not to be trusted: what it says, and that the pods stay."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, NEWER, Attacked
from agent_testing.device import AGENT
from agent_testing.pods_seen import visible
from agent_testing.repository import ARCH, CHANNEL, DAY, FOLDER

(MANIFEST,) = GOOD


def _once(device: Attacked) -> "subprocess.CompletedProcess[str]":
    root = device.root
    folders = [(f"--{name}", root / name) for name in ("pods", "trust", "spool")]
    return subprocess.run(
        [
            *(sys.executable, "-m", "slipway_agent", "--once", "--bucket", device.poller.url),
            *("--arch", ARCH, "--channel", CHANNEL, "--state", root / "agent"),
            *(part for pair in folders for part in pair),
            *("--kubelet", "http://127.0.0.1:1"),
        ],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=False,
    )


def _tampered(device: Attacked) -> None:
    path = device.repository.metadata / "timestamp.json"
    path.write_bytes(path.read_bytes().replace(b'"version":', b'"version": 9'))


def _swapped(device: Attacked) -> None:
    device.repository.publish(NEWER)
    path = device.repository.target(f"{FOLDER}/m-pod.yaml", NEWER["m-pod.yaml"])
    path.write_bytes(path.read_bytes().replace(b"r/m@", b"r/e@"))


def _expired(device: Attacked) -> None:
    device.repository.now -= 4 * DAY
    device.repository.resign()


def _root_lost(device: Attacked) -> None:
    (device.poller.trust / "root.json").unlink()


def _policy_mistaken(device: Attacked) -> None:
    (device.poller.trust / "policy.toml").write_text("registry = 'r'\n")


def _unsigned(device: Attacked) -> None:
    device.repository.metadata.rename(device.root / "away")


@pytest.mark.parametrize(
    ("change", "code", "name", "said"),
    [
        (_tampered, 11, "untrusted", "bucket/metadata/timestamp.json: "),
        (_swapped, 11, "untrusted", f".{MANIFEST}: "),
        (_expired, 12, "stale", "timestamp.json is expired"),
        (_root_lost, 2, "invalid-option", "trust/root.json cannot be read"),
        (_policy_mistaken, 2, "invalid-option", "policy.toml has an unknown key 'registry'"),
        (_unsigned, 3, "not-found", "holds no metadata/timestamp.json"),
    ],
)
def test_it_is_one_clear_line_and_the_pods_stay(
    tmp_path: Path, change: Callable[[Attacked], None], code: int, name: str, said: str
) -> None:
    device = Attacked(tmp_path)
    first = _once(device)
    assert first.returncode == 0, first.stderr
    before = visible(tmp_path / "pods")
    assert list(before.values()) == list(GOOD.values())
    change(device)
    for _ in range(2):
        run = _once(device)
        assert run.returncode == code, run.stderr
        (line,) = [line for line in run.stderr.splitlines() if "level=error" in line]
        assert f"code={name}" in line
        assert said in line
        assert "hint=" in line
        assert "Traceback" not in run.stderr
        assert visible(tmp_path / "pods") == before
