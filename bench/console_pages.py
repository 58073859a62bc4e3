"""Milliseconds until a page of the console is there: 10,000 devices that report, 5,000 versions.

A server process and a browser that asks for one page after the other on loopback, while the index
follows the devices' heartbeats. `processor` is what the server process used meanwhile, for a page,
the following of the devices included: a machine with other work changes it less. The image registry
is one in memory: what its answers take is not measured, and only the pages of a promotion ask it.
"""

import http.client
import multiprocessing
import os
import tempfile
import threading
import time
from pathlib import Path

from bench import made_up
from bench.report import percentile, report
from slipway.settings import Settings, load
from tests.fakes.bucket import FakeBucket
from tests.fakes.image_registry import FakeImageRegistry
from tests.fixtures.free_ports import free_port

ROUNDS = 30
_HEARTBEATS = made_up.DEVICES / 300  # a second
_MODEL, _VERSION = "model01", made_up.version(1, 200)
PAGES = (
    "/devices",
    "/devices?page=150&sort=reported",
    "/devices?q=press-04",
    "/devices?health=trouble&channel=stable",
    "/devices?behind=1&sort=health",
    f"/devices?version={made_up.version(1, 240)}&arch=armv7l",
    "/devices/press-00042",
    "/channels",
    f"/channels/{_MODEL}/stable/progress",
    f"/channels/{_MODEL}/stable/promote",
    f"/channels/{_MODEL}/stable/promote?version={_VERSION}",
    "/models",
    f"/models/{_MODEL}",
    f"/models/{_MODEL}?q=0.9&page=3",
    f"/models/{_MODEL}/versions/{_VERSION}",
    f"/models/{_MODEL}/compare?a={_VERSION}&b={made_up.version(1, 201)}",
    "/audit",
    "/",
)


def main() -> None:
    """Make the installation up, serve it and ask."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        port = free_port()
        environment = {
            "SLIPWAY_HOME": f"{scratch}/.slipway",
            "SLIPWAY_CONSOLE_PORT": str(port),
            "SLIPWAY_REGISTRY_ADDRESS": f"127.0.0.1:{free_port()}",
        }
        settings = load(Path(scratch), environment)
        images = made_up.registry()
        reports = Path(settings.reports_url.removeprefix("file://"))
        made_up.write_reports(reports, images)
        made_up.write_models(Path(settings.model_output_url.removeprefix("file://")))
        fork = multiprocessing.get_context("fork")
        server = fork.Process(target=_serve, args=(settings, images), daemon=True)
        begun = time.monotonic()
        server.start()
        stop = threading.Event()
        try:
            _wait(port, f"of {made_up.DEVICES} devices", "/devices")
            report("console_pages", what="all devices known", seconds=_since(begun))
            _wait(port, f"of {made_up.VERSIONS // made_up.MODELS} versions", f"/models/{_MODEL}")
            report("console_pages", what="all versions known", seconds=_since(begun))
            beats = threading.Thread(target=_beat, args=(reports, images, stop), daemon=True)
            beats.start()
            _measure(port, server.pid or 0)
        finally:
            stop.set()
            server.terminate()
            server.join()


def _serve(settings: Settings, images: FakeImageRegistry) -> None:
    import uvicorn

    from slipway.adapters.sqlite_version_index import SqliteVersionIndex
    from slipway.console.app import create_app
    from slipway.services.version_catalogue import VersionCatalogue
    from slipway.wiring import model_output_bucket
    from slipway.wiring.registries import index_file

    app = create_app(settings)
    site = app.state.site
    site.registry, site.deploy = images, FakeBucket()
    site.catalogue = VersionCatalogue(
        SqliteVersionIndex(index_file(settings)),
        model_output_bucket(settings),
        lambda: None,
        site.registry,
    )
    uvicorn.run(app, port=settings.console.port, log_level="warning")


def _beat(reports: Path, images: FakeImageRegistry, stop: threading.Event) -> None:
    number = 0
    while not stop.wait(1 / _HEARTBEATS):
        made_up.write_report(reports, images, number % made_up.DEVICES)
        number += 1


def _measure(port: int, server: int) -> None:
    for page in PAGES:
        size = len(_ask(port, page))
        milliseconds, used = [], _processor(server)
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            _ask(port, page)
            milliseconds.append((time.perf_counter() - begun) * 1000)
        report(
            "console_pages",
            page=page,
            milliseconds_p50=round(percentile(milliseconds, 0.5), 1),
            milliseconds_p95=round(percentile(milliseconds, 0.95), 1),
            processor_milliseconds=round((_processor(server) - used) * 1000 / ROUNDS, 1),
            kilobytes=round(size / 1000),
            requests=ROUNDS,
        )


def _processor(pid: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ask(port: int, page: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", page)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"error: {page} answers {answer.status}: {body[-2000:].decode()}")
    connection.close()
    return body


def _wait(port: int, text: str, page: str) -> None:
    while True:
        try:
            if text.encode() in _ask(port, page):
                return
        except (OSError, SystemExit):
            pass
        time.sleep(0.5)


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 1)
