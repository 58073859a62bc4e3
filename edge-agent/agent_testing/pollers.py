"""The agent's own reading side in the test's process: a source, a channel, a device's folders."""

import io
import time
from pathlib import Path

from slipway_agent.channel import Channel, Wanted
from slipway_agent.disk import Disk
from slipway_agent.log import Log
from slipway_agent.sources import open_source

from agent_testing.repository import ARCH, CHANNEL


class Poller:
    """A device at `root` that reads `url`; its clock is `skew` seconds ahead."""

    def __init__(self, root: Path, url: str) -> None:
        self.trust = root / "trust"
        self.state = root / "agent"
        self.url = url
        self.skew = 0.0
        self.out = io.StringIO()
        self.disk = Disk()
        self.source = open_source(url)
        self.restart()

    def restart(self, channel: str = CHANNEL) -> None:
        """A new process, as far as the reading side can tell."""
        self.source.close()
        self.source = open_source(self.url)
        self.channel = Channel(
            self.source,
            self.trust,
            self.state,
            self.disk,
            Log(self.out),
            arch=ARCH,
            channel=channel,
            clock=lambda: time.time() + self.skew,
        )

    def poll(self) -> Wanted:
        return self.channel.poll()

    def files(self) -> dict[str, bytes]:
        """What the device is to run: slot → manifest."""
        return {slot: manifest.data for slot, manifest in self.poll().manifests.items()}

    def close(self) -> None:
        self.source.close()
