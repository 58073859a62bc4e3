"""A device whose bucket an attacker holds: what they are told, and what reaches the device."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slipway_agent.errors import AgentError

from agent_testing.pods import strict_pod
from agent_testing.pollers import Poller
from agent_testing.repository import Repository
from agent_testing.web import Site, serve

GOOD = {"m-pod.yaml": strict_pod("m")}
NEWER = {"m-pod.yaml": strict_pod("m", "2")}
EVIL = strict_pod("m", "e")


class Attacked:
    """The repository, the device that follows it, and what the device runs."""

    def __init__(self, root: Path, url: str = "") -> None:
        self.root = root
        self.repository = Repository(root / "bucket")
        self.repository.publish(GOOD)
        self.repository.pin(root / "trust")
        self.poller = Poller(root, url or f"file://{root}/bucket")

    def runs(self) -> dict[str, bytes]:
        """Poll, and name files as the repository does."""
        return {f"{slot}-pod.yaml": data for slot, data in self.poller.files().items()}

    def refuses(self, kind: type[AgentError] | tuple[type[AgentError], ...], match: str) -> None:
        """The attack is noticed: by the running agent each time, and by one started anew."""
        for _ in range(2):
            with pytest.raises(kind, match=match):
                self.poller.poll()
            with pytest.raises(kind, match=match):
                self.poller.poll()
            self.poller.restart()

    def keep(self, name: str) -> Path:
        """A copy of the bucket as it is now."""
        copy = self.root / name
        self.repository.copy(copy)
        return copy

    def lose(self, *names: str) -> None:
        """A power cut has damaged these files of the device's metadata, or all of them."""
        folder = self.poller.state / "trust"
        for path in folder.rglob("*.json"):
            if path.name in names or not names:
                path.write_bytes(path.read_bytes()[:7])

    def forget(self) -> None:
        """A device that was never switched on before."""
        shutil.rmtree(self.poller.state, ignore_errors=True)
        self.poller.restart()


@contextmanager
def attacked(root: Path, kind: str) -> Iterator[Attacked]:
    """A device that reads the bucket from a folder or over http."""
    if kind == "folder":
        yield Attacked(root)
        return
    with serve(Site(root / "bucket")) as url:
        device = Attacked(root, url)
        yield device
        device.poller.close()
