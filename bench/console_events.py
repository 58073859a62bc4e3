"""How long it takes until a change of a run is on a hundred open pages.

The console runs as it always does, over an installation in a folder of its own, without a runner. A
run is queued, a hundred browsers follow its page, it is cancelled, and each notes when it is told.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path

from bench.report import percentile, report
from slipway import wiring
from slipway.ports.pipeline_backend import RunState
from slipway.services.start_run import cancel, start
from slipway.settings import Settings, load
from tests.fixtures.browser import serving
from tests.fixtures.installation import new_installation

BROWSERS = 100
TIMES = 10


def main() -> None:
    """Measure from just before the change, since cancelling is what a page would do."""
    with tempfile.TemporaryDirectory() as name:
        installation = new_installation(Path(name), archs=("x86_64",))
        settings = load(installation.folder, installation.environment)
        with serving(installation):
            seconds, spreads = asyncio.run(_measure(settings))
    report(
        "console_events",
        browsers=BROWSERS,
        changes=TIMES,
        seconds_p50=round(percentile(seconds, 0.5), 3),
        seconds_p95=round(percentile(seconds, 0.95), 3),
        first_to_last_seconds_p50=round(percentile(spreads, 0.5), 3),
        first_to_last_seconds_p95=round(percentile(spreads, 0.95), 3),
    )


async def _measure(settings: Settings) -> tuple[list[float], list[float]]:
    """Seconds until each browser had each change, and from the first to the last of each."""
    seconds: list[float] = []
    spreads = []
    for _ in range(TIMES):
        run = await asyncio.to_thread(_queued, settings)
        browsers = [await _open(settings, f"/runs/{run.id}/events") for _ in range(BROWSERS)]
        await asyncio.gather(*(_state(reader) for reader, _ in browsers))
        await asyncio.sleep(random.random())  # noqa: S311  looks are once a second
        told = [asyncio.create_task(_state(reader)) for reader, _ in browsers]
        begun = time.perf_counter()
        await asyncio.to_thread(_cancelled, settings, run)
        after = [when - begun for when in await asyncio.gather(*told)]
        seconds += after
        spreads.append(max(after) - min(after))
        for _, writer in browsers:
            writer.close()
    return seconds, spreads


def _queued(settings: Settings) -> RunState:
    backend, trail = wiring.pipeline_backend(settings), wiring.command_trail(settings)
    return start(backend, wiring.run_defaults(settings), "parts", {}, trail=trail, queue=True)


def _cancelled(settings: Settings, run: RunState) -> None:
    cancel(wiring.pipeline_backend(settings), run.id, trail=wiring.command_trail(settings))


async def _open(settings: Settings, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    console = settings.console
    reader, writer = await asyncio.open_connection(console.host, console.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {console.host}:{console.port}\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"{path}: {status!r}")
    return reader, writer


async def _state(reader: asyncio.StreamReader) -> float:
    """When the next state has come, whole."""
    await reader.readuntil(b"event: state\n")
    await reader.readuntil(b"\n\n")
    return time.perf_counter()


if __name__ == "__main__":
    main()
