"""Seconds from a git push until the pusher was told of its run, and until that began."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.report import percentile, report
from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.local import functions, stack
from slipway.services.git_push import hooks
from slipway.settings import Settings, load
from tests.fixtures.free_ports import free_port
from tests.fixtures.git_clone import Clone

PUSHES = 10
_TINY = Path(__file__).parents[1] / "tests" / "pipelines" / "tiny.py"
_PACKAGE = "pipelines/slipway_pipelines"


def main() -> None:
    """Push one change after another, each when the run before is over."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        folder = Path(scratch)
        trigger = {"pipeline": "tiny", "branches": ["main"], "params": {"text": "x"}}
        repositories = {"bench": {"url": "./bench.git", "triggers": [trigger]}}
        document = {
            "git": {"repositories": repositories},
            "local": {"git_push_port": free_port()},
        }
        (folder / "slipway.yaml").write_text(json.dumps(document))
        os.chdir(folder)  # where the function reads its settings
        settings = load(folder, {})
        functions.start(settings, "git_push")
        runner = [sys.executable, "-c", "from slipway.cli import main; main()", "runner"]
        stack.runner(settings).start(runner)
        try:
            _measure(folder, settings)
        finally:
            stack.down(settings, lambda _: None)


def _measure(folder: Path, settings: Settings) -> None:
    clone = Clone(folder / "clone", folder / "bench.git")
    url = f"http://127.0.0.1:{settings.local.git_push_port}/bench"
    hooks.install(folder / "bench.git", "bench", url, settings.home / "git" / "bench.secret")
    backend = LocalPipelineBackend(settings.home / "runs")
    told_after, begun_after = [], []
    for number in range(PUSHES):
        text = f"{_TINY.read_text()}\n# {number}\n"
        pushed = time.time()
        told = clone.push({f"{_PACKAGE}/__init__.py": "", f"{_PACKAGE}/tiny.py": text})
        told_after.append(time.time() - pushed)
        run = backend.runs()[0]
        if run.id not in told:
            raise SystemExit(f"error: the push started nothing: {told}")
        while not backend.state(run.id).over:
            time.sleep(0.1)
        begun_after.append(backend.state(run.id).started - pushed)
    report(
        "push-to-run-started",
        told_seconds_p50=round(percentile(told_after, 0.5), 2),
        told_seconds_p95=round(percentile(told_after, 0.95), 2),
        begun_seconds_p50=round(percentile(begun_after, 0.5), 2),
        begun_seconds_p95=round(percentile(begun_after, 0.95), 2),
        pushes=PUSHES,
    )
