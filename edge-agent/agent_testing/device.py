"""A device of a test: its folders, a signed bucket, a kubelet, and ways to run the agent on it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent_testing.forker import Forker
from agent_testing.pods import strict_pod
from agent_testing.pods_seen import visible
from agent_testing.repository import ARCH, CHANNEL, Repository

AGENT = Path(__file__).parents[1]  # the folder that holds the package


def version(slot: str, mark: str) -> bytes:
    """A manifest whose probation is over at once."""
    return strict_pod(slot, mark).replace(b'probation: "30"', b'probation: "0"')


class Device:
    """`root/pods`, `root/agent` and `root/trust`; the agent reads `url` and asks `kubelet`."""

    def __init__(self, root: Path, forker: Forker, kubelet: str, url: str = "") -> None:
        self.root = root
        self._forker = forker
        self.pods = root / "pods"
        self.state = root / "agent"
        self.kubelet = kubelet
        self.repository = Repository(root / "bucket")
        self.repository.pin(root / "trust")
        self.url = url or f"file://{root}/bucket"

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Have the bucket's owner want these, by slot."""
        self.repository.publish({f"{slot}-pod.yaml": data for slot, data in files.items()})

    def arguments(self, *more: str) -> list[str]:
        return [
            *("--bucket", self.url, "--arch", ARCH, "--channel", CHANNEL),
            *("--pods", str(self.pods), "--state", str(self.state)),
            *("--trust", str(self.root / "trust"), "--spool", str(self.root / "spool")),
            *("--kubelet", self.kubelet, *more),
        ]

    def once(self, **how: Any) -> int:
        """One poll and one step in a process of its own; its exit code, or minus its signal."""
        return self._forker.run(self.arguments("--once"), **how).code

    def steps(self) -> int:
        """The same; how many calls changed the disk."""
        return self._forker.run(self.arguments("--once")).steps

    def start(self, *more: str, **environment: str) -> "subprocess.Popen[str]":
        """The real process; its log is in `root/log`."""
        with (self.root / "log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "slipway_agent", *self.arguments(*more)],
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(AGENT), **environment},
            )

    def log(self) -> str:
        return (self.root / "log").read_text()

    def shows(self, files: Mapping[str, bytes]) -> bool:
        """Whether the kubelet sees exactly these versions, holds aside."""
        if not self.pods.exists():
            return False
        seen = visible(self.pods)
        held = [name for name in seen if name.startswith("slipway-hold-")]
        return sorted(data for name, data in seen.items() if name not in held) == sorted(
            files.values()
        )


def until(what: Callable[[], bool], seconds: float = 60.0, pause: float = 0.01) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(pause)
