"""`slipway status` over a real registry, real runs and real reports."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.names import ModelVersion
from slipway.local import registry, stack
from slipway.ports.pipeline_backend import UNKNOWN, RunError
from slipway.settings import load
from tests.fixtures.command_line import slipway_command
from tests.fixtures.free_ports import free_port
from tests.fixtures.oci import package
from tests.fixtures.reports import report

pytestmark = pytest.mark.system

VERSION = ModelVersion.parse("parts_1_1501089026")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An installation of which only the registry runs: a release that nobody delivers, a run that
    failed, a device that is silent."""
    address = f"127.0.0.1:{free_port()}"
    environment = {"SLIPWAY_HOME": str(tmp_path / "home"), "SLIPWAY_REGISTRY_ADDRESS": address}
    settings = load(tmp_path, environment)
    registry.start(settings)
    try:
        OciImageRegistry(address).tag("parts", package(address, VERSION), "beta")
        backend = LocalPipelineBackend(settings.home / "runs", "tests.pipelines")
        backend.refuse("tiny", {}, UNKNOWN, RunError("invalid-input", "text is missing"))
        device = settings.home / "buckets" / "reports" / "devices" / "press-7" / "aaaaaaaa.json"
        device.parent.mkdir(parents=True)
        device.write_text(json.dumps({**report(), "time": int(time.time()) - 86_400}))
        yield environment
    finally:
        stack.down(settings, print)


def test_everything_that_is_wrong_is_told_with_what_to_do(
    here: dict[str, str], tmp_path: Path
) -> None:
    done = slipway_command("status", "--json", folder=tmp_path, environment=here)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["releases"]["undelivered"][0]["version"] == str(VERSION)
    assert found["devices"]["worst"][0]["device"] == "press-7"
    assert {part["name"]: part["running"] for part in found["parts"]}["registry"]
    told = {problem["code"]: problem for problem in found["problems"]}
    assert {"stopped", "undelivered", "run-failed", "silent"} <= told.keys()
    assert "text is missing" in told["run-failed"]["message"]
    assert all(problem["hint"] for problem in found["problems"])
    people = slipway_command("status", folder=tmp_path, environment=here).stdout
    assert len(people.splitlines()) <= 40
    assert "is not delivered for x86_64, armv7l, aarch64" in people
    assert "slipway up" in people
