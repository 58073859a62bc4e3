"""The serving program as a process on this machine, with the model in a folder."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.errors import Failed

_PATIENCE = 120.0  # seconds until it listens
_STEP = 0.02


@contextmanager
def serving(model: Path, packages: Sequence[Path]) -> Iterator[str]:
    """Run it at a free port of the loopback and give its URL; `packages`: the folders of the app
    and of what it imports. Raises Failed with its own words when it does not start."""
    paths = dict.fromkeys(str(package.parent) for package in packages)
    command = [sys.executable, "-m", "slipway_serving", "--model", str(model)]
    with tempfile.TemporaryDirectory() as scratch, (Path(scratch) / "log").open("w+") as log:
        process = subprocess.Popen(
            [*command, "--images", scratch, "--listen", "127.0.0.1", "--port", "0"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            yield _url(process, Path(log.name))
        finally:
            process.terminate()
            process.wait()


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What it says when it serves."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        lines = log.read_text(errors="replace").splitlines()
        for line in lines:
            before, found, address = line.partition(": http://")
            if found and " on " in before:
                return f"http://{address}"
        if ended:
            raise Failed(
                f"the serving program ended: {lines[-1] if lines else 'without a word'}",
                hint="slipway package tries the model on every arch and says more",
            )
        time.sleep(_STEP)
    raise Failed(
        f"the serving program did not start in {_PATIENCE:g} s",
        hint="Try again when the machine has less to do",
    )
