"""Updates in a row, and an agent killed at random moments, under constant requests on the real
kubelet: requests sent and failed, and seconds from a tag move until the new version answers.

`SLIPWAY_BENCH_MOVES` and `SLIPWAY_BENCH_KILLS` say how many.
"""

import os
import tempfile
import time
from pathlib import Path

from bench.report import percentile, report
from slipway import wiring
from slipway.domain.image import Digest
from slipway.domain.names import Channel
from tests.fixtures.agent_kills import kill_again_and_again
from tests.fixtures.fleet import HELLO, Edge
from tests.fixtures.installation import new_installation

_VERSIONS = 5
_MOVES = int(os.environ.get("SLIPWAY_BENCH_MOVES", "40"))
_KILLS = int(os.environ.get("SLIPWAY_BENCH_KILLS", "500"))


def main() -> None:
    """Make an installation of its own with one device, and take it down again."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        installation = new_installation(Path(scratch), archs=("x86_64",))
        edge = Edge(installation, "bench")
        try:
            installation.slipway("up")
            installation.slipway("publish-agent")
            made = [installation.ask("hello") for _ in range(_VERSIONS)]
            installation.slipway("device", "up", edge.name)
            edge.wait_slot(HELLO, "running", str(made[-1]["version"]))
            digests = [Digest.parse(one["digest"]) for one in made]
            images = [str(one["images"]["x86_64"]) for one in made]
            _updates(edge, digests, images)
            begun = time.monotonic()
            figures, _ = kill_again_and_again(edge, digests, _KILLS, seed=_KILLS)
            report("agent-killed", **figures, seconds=round(time.monotonic() - begun))
        finally:
            installation.run("down")


def _updates(edge: Edge, digests: list[Digest], images: list[str]) -> None:
    registry = wiring.image_registry(edge.settings)
    seconds = []
    with edge.asked() as asked:
        for move in range(_MOVES):
            number = move % _VERSIONS
            begun = time.monotonic()
            registry.tag(HELLO, digests[number], Channel.LATEST)
            while images[number] not in asked.latest:
                time.sleep(0.01)
            seconds.append(time.monotonic() - begun)
            edge.wait_answers(asked, images[number])
    report(
        "updates-in-a-row",
        moves=len(seconds),
        seconds_p50=round(percentile(seconds, 0.5), 2),
        seconds_p95=round(percentile(seconds, 0.95), 2),
        monitor_interval=edge.settings.monitor.interval,
        agent_interval=edge.settings.agent.interval,
        **asked.figures(),
    )


if __name__ == "__main__":
    main()
