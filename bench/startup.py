"""Seconds until the command line has answered, beside the time that processors worked for it: where
a machine is busy with other things only the latter tells of the program."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import percentile, report
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.names import ModelVersion
from tests.fixtures.oci import package
from tests.fixtures.registry import running_registry

COMMANDS = (
    ("--help",),
    ("promote", "--help"),
    ("channels",),
    ("runs",),
    ("devices",),
    ("status",),
)
TIMES = 10
_MODELS = [ModelVersion.parse(f"model-{n}_1_1501089026") for n in range(3)]


def main() -> None:
    """Measure whole processes, the interpreter's own start included, in an installation with a
    registry that runs and three models in two channels."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        folder = Path(scratch)
        (folder / "registry").mkdir()
        with running_registry(folder / "registry") as address:
            registry = OciImageRegistry(address)
            for version in _MODELS:
                index = package(address, version)
                for channel in ("latest", "beta"):
                    registry.tag(version.name.repository, index, channel)
            environment = {"SLIPWAY_HOME": scratch, "SLIPWAY_REGISTRY_ADDRESS": address}
            for command in COMMANDS:
                _report(command, {**os.environ, **environment}, folder)


def _report(command: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
    _measure(command, environment, folder)  # writes bytecode
    measured = [_measure(command, environment, folder) for _ in range(TIMES)]
    seconds, worked = zip(*measured, strict=True)
    report(
        "startup",
        command=" ".join(command),
        seconds_p50=round(percentile(seconds, 0.5), 3),
        seconds_p95=round(percentile(seconds, 0.95), 3),
        cpu_seconds_p50=round(percentile(worked, 0.5), 3),
        cpu_seconds_p95=round(percentile(worked, 0.95), 3),
        load=round(os.getloadavg()[0], 1),
        runs=TIMES,
    )


def _measure(
    command: tuple[str, ...], environment: dict[str, str], folder: Path
) -> tuple[float, float]:
    """Seconds by the clock, and of processors."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    program = "from slipway.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", program, *command],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
    )
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, worked
