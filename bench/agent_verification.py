"""What it costs a device to verify its channel: seconds, CPU, memory and bytes over http."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import percentile, report

_AGENT = Path(__file__).parents[1] / "edge-agent"
FILES = (10, 1000)
TIMES = 5
IDLE_POLLS = 500
INTERVAL = 5  # seconds, the agent's default
_MONTH = 30 * 86400  # seconds


def main() -> None:
    """Measure a channel with few and with many files."""
    sys.path.insert(0, str(_AGENT))
    for files in FILES:
        with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
            _measure(Path(scratch), files)


def _measure(folder: Path, files: int) -> None:
    from agent_testing.pods import strict_pod
    from agent_testing.relay import relayed
    from agent_testing.repository import Repository
    from agent_testing.web import Site, serve
    from slipway_agent.next_root import PAUSE

    manifests = {f"m{number}-pod.yaml": strict_pod(f"m{number}") for number in range(files)}
    repository = Repository(folder / "bucket")
    repository.publish(manifests)
    repository.pin(folder / "trust")
    with (
        serve(Site(folder / "bucket")) as url,
        relayed(urlsplit(url).port or 0) as relay,
        _Agent(folder, f"http://127.0.0.1:{relay.port}") as agent,
    ):
        first = agent.ask("1")
        restarts = [agent.ask("restart")["seconds"] for _ in range(TIMES)]
        signed, moved, moved_bytes = [], [], []
        for turn in range(TIMES):
            repository.resign()
            signed.append(agent.ask("1")["seconds"])
            repository.publish({**manifests, "m0-pod.yaml": strict_pod("m0", str(turn + 2))})
            before = relay.bytes
            moved.append(agent.ask("1")["seconds"])
            moved_bytes.append(relay.bytes - before)
        before = relay.bytes
        idle = agent.ask(str(IDLE_POLLS))
        idle_bytes = (relay.bytes - before) / IDLE_POLLS
        before = relay.bytes
        agent.ask("look")
        look_bytes = relay.bytes - before - idle_bytes
    report(
        "agent-verification",
        files=files,
        seconds_first=round(first["seconds"], 3),
        seconds_restart_p50=round(percentile(restarts, 0.5), 3),
        seconds_timestamp_signed_anew_p50=round(percentile(signed, 0.5), 4),
        seconds_one_file_moved_p50=round(percentile(moved, 0.5), 3),
        bytes_one_file_moved=round(percentile(moved_bytes, 0.5)),
        idle_poll_seconds=round(idle["seconds"] / IDLE_POLLS, 6),
        idle_poll_cpu_seconds=round(idle["cpu_seconds"] / IDLE_POLLS, 6),
        idle_cpu_seconds_per_hour=round(idle["cpu_seconds"] / IDLE_POLLS * 3600 / INTERVAL, 2),
        idle_poll_bytes=round(idle_bytes),
        root_look_bytes=round(look_bytes),
        idle_bytes_per_month=round(idle_bytes * _MONTH / INTERVAL + look_bytes * _MONTH / PAUSE),
        pss_bytes=round(idle["memory"]),
        interval=INTERVAL,
    )


class _Agent:
    """The agent's reading side in a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agent_testing.measured", folder, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_AGENT)},
        )

    def ask(self, command: str) -> dict[str, float]:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        print(command, file=self._process.stdin, flush=True)
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> "_Agent":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)


if __name__ == "__main__":
    main()
