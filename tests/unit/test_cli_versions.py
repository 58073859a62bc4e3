"""`slipway versions` and `slipway compare` over a bucket, without MLflow and a registry."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slipway.cli import compare, versions
from slipway.domain.errors import InvalidName, NotFound
from slipway.settings import load
from tests.fixtures.free_ports import free_port
from tests.fixtures.model_shop import publish

OLD, NEW = "parts_1_100", "parts_1_200"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path / ".slipway"))
    monkeypatch.setenv("SLIPWAY_REGISTRY_ADDRESS", f"127.0.0.1:{free_port()}")
    settings = load()
    publish(settings, OLD, accuracy=0.5)
    publish(settings, NEW, accuracy=0.75, images=5)


def _versions(*arguments: str) -> Result:
    return CliRunner().invoke(versions.command, arguments)


def test_versions_in_a_table() -> None:
    done = _versions("parts")
    assert done.exit_code == 0
    header, first, second = done.stdout.splitlines()
    assert header.split()[:2] == ["version", "accuracy"]
    assert first.split()[:3] == [NEW, "0.7500", "0.7600"]
    assert second.split()[0] == OLD
    assert "750.0 kB" in first
    assert "the image registry was not read" in done.stderr, "channels may be old"


def test_versions_for_machines() -> None:
    found = json.loads(_versions("--sort", "accuracy", "--reverse", "--json").stdout)
    assert [each["version"] for each in found] == [OLD, NEW]
    assert found[1]["metrics"]["accuracy"] == 0.75
    assert found[1]["size"] == 750_000
    assert found[1]["labels"] == ["bolt", "nut", "washer"]
    assert found[1]["channels"] == []
    assert found[1]["run"] is None
    assert json.loads(_versions("--search", NEW, "--json").stdout)[0]["version"] == NEW
    assert json.loads(_versions("--channel", "beta", "--json").stdout) == []
    assert len(json.loads(_versions("--limit", "1", "--json").stdout)) == 1


def test_what_there_is_not() -> None:
    assert "no such version" in _versions("motion").stdout
    assert isinstance(_versions("no_name_").exception, InvalidName)
    assert isinstance(_versions("--channel", "nightly").exception, InvalidName)
    missing = CliRunner().invoke(compare.command, [OLD, "parts_1_9"])
    assert isinstance(missing.exception, NotFound)


def test_two_compared() -> None:
    done = CliRunner().invoke(compare.command, [OLD, NEW])
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["accuracy", "0.5000", "0.7500", "+0.2500", "better"] in lines
    assert ["size", "500.0", "kB", "750.0", "kB", "+250000", "B", "worse"] in lines
    assert "dataset: another one" in done.stdout
    assert "bolt: 4 → 5 files; 1 added, 0 removed, 0 changed" in done.stdout
    assert "parameters: not known of both" in done.stdout


def test_two_compared_for_machines() -> None:
    found = json.loads(CliRunner().invoke(compare.command, [NEW, OLD, "--json"]).stdout)
    assert found["metrics"]["accuracy"] == {
        **{"a": 0.75, "b": 0.5, "difference": -0.25, "better": False}
    }
    assert found["dataset"]["same"] is False
    assert found["dataset"]["labels"]["nut"] == {
        **{"before": 5, "after": 4, "added": 0, "removed": 1, "changed": 0}
    }
    assert found["parameters"] is None
    assert found["breaks"] == []
