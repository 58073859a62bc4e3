"""Fixtures of the agent's tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from slipway_agent import lying, manifest_store
from slipway_agent.manifest import read_manifest

from agent_testing.device import AGENT, Device
from agent_testing.forker import Forker
from agent_testing.kubelets import Image, RunningKubelet, serve_kubelet

_READ = cache(read_manifest)


@pytest.fixture
def manifests_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that restart agents by the thousand, which would parse the same few manifests most
    of the time. To read one depends on nothing but its bytes and name."""
    for module in (lying, manifest_store):
        monkeypatch.setattr(module, "read_manifest", _READ)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB and 256 inodes in memory; needs root."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=256", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def device(tmp_path: Path, forker: Forker) -> Iterator[Device]:
    """A device with a kubelet that finds every version ready at once."""
    (tmp_path / "pods").mkdir()
    with serve_kubelet(RunningKubelet(tmp_path / "pods", Image(ready=0))) as url:
        yield Device(tmp_path, forker, url)


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """One process for the whole session; it keeps nothing from run to run."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent_testing.forker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(AGENT)},
    )
    with process:
        yield Forker(process)
        process.stdin.close()  # type: ignore[union-attr]
