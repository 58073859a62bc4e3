"""The demo itself, small: all stages, twice, the second one on what the first has left."""

import json
import platform
from pathlib import Path

import pytest

from slipway.demo.chain import STAGES
from tests.fixtures.installation import Installation

pytestmark = [pytest.mark.system, pytest.mark.slow]

SMALL = {
    "render_sources": "4",
    "render_views": "1",
    "render_size": "32",
    "render_samples": "4",
    "image_size": "32",
    "blocks": "2",
    "epochs": "2",
    "gate_floor": "0",
    "gate_drop": "1",
}


def run_demo(installation: Installation) -> dict[str, object]:
    parameters = [f"--param={key}={value}" for key, value in SMALL.items()]
    installation.slipway("demo", *parameters)
    document: dict[str, object] = json.loads((installation.home / "demo.json").read_text())
    return document


def test_the_demo_walks_the_chain_and_a_second_one_goes_on_from_there(
    installation: Installation,
) -> None:
    first = run_demo(installation)
    assert first["ok"] is True
    assert isinstance(first["stages"], list)
    assert [stage["name"] for stage in first["stages"]] == [name for name, _ in STAGES]
    assert_told_apart(first)
    images = list((installation.home / "runs").glob("*/artifacts/*/collect/images"))
    second = run_demo(installation)
    assert second["versions"] != first["versions"]
    assert second["material"] == first["material"]
    assert_told_apart(second)
    assert Path(str(first["material"]["images"])) in images  # type: ignore[index]


def assert_told_apart(document: dict[str, object]) -> None:
    """Two versions; the last answers show the second on latest and the first on stable."""
    versions, digests = document["versions"], document["digests"]
    predictions = document["predictions"]
    assert isinstance(versions, list)
    assert isinstance(digests, dict)
    assert isinstance(predictions, list)
    latest, stable = predictions[-2:]
    assert (latest["channel"], latest["version"]) == ("latest", versions[1])
    assert (stable["channel"], stable["version"]) == ("stable", versions[0])
    assert [set(digests[version]) for version in versions] == [{"index", "x86_64"}] * 2
    arch = platform.machine()
    assert latest["digest"] == digests[versions[1]][arch]
    assert stable["digest"] == digests[versions[0]][arch]
    assert latest["digest"] != stable["digest"]
