"""The data steps on the command line, from photographs to a restored set."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from slipway.cli.data import command
from slipway.domain.errors import InvalidDataset, SlipwayError


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=True)
    if isinstance(result.exception, SlipwayError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_from_photographs_to_a_restored_set(tmp_path: Path) -> None:
    for label in ("fork", "knife"):
        (tmp_path / "in" / label).mkdir(parents=True)
        for index in range(4):
            image = Image.new("RGB", (16, 16), (50 * index, len(label), 7))
            image.save(tmp_path / "in" / label / f"{index}.jpg")
    (tmp_path / "bucket").mkdir()
    store = f"file://{tmp_path / 'bucket'}"
    record = tmp_path / "snapshot.json"
    _run("ingest", tmp_path / "in", tmp_path / "set")
    digest = json.loads(_run("snapshot", tmp_path / "set", record, "--store", store, "--json"))
    assert _run("verify", tmp_path / "set", record).strip().endswith(digest["digest"])
    _run("split", record, tmp_path / "split.json", "--seed", 3)
    assert json.loads((tmp_path / "split.json").read_bytes())["seed"] == 3
    _run("restore", digest["digest"], store, tmp_path / "back")
    _run("restore", record, tmp_path / "set", tmp_path / "copy")
    _run("verify", tmp_path / "back", record)
    _run("verify", tmp_path / "copy", record)
    (tmp_path / "back" / "fork" / "0.png").unlink()
    with pytest.raises(InvalidDataset, match=r"missing fork/0\.png"):
        _run("verify", tmp_path / "back", record)


def test_help_names_the_steps() -> None:
    text = _run("--help")
    for step in ("render", "ingest", "snapshot", "verify", "restore", "split"):
        assert step in text
