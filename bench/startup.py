"""Seconds until the command line has answered."""

import subprocess
import sys
import time

from bench.report import percentile, report

COMMANDS = (("--help",), ("status", "--json"))
TIMES = 10


def main() -> None:
    """Measure whole processes, the interpreter's own start included."""
    for command in COMMANDS:
        seconds = [_measure(command) for _ in range(TIMES)]
        report(
            "startup",
            command=" ".join(command),
            seconds_p50=round(percentile(seconds, 0.5), 3),
            seconds_p95=round(percentile(seconds, 0.95), 3),
            runs=TIMES,
        )


def _measure(command: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    program = "from slipway.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True)
    return time.perf_counter() - begun
