"""The log of a local run in parts, and the files of its tasks."""

import json
from pathlib import Path

import pytest

from slipway.adapters.run_output import artifacts, confusions, log_part, open_artifact
from slipway.domain.errors import InvalidInput, NotFound
from slipway.ports.pipeline_backend import Artifact, Confusion


def test_a_log_is_read_in_parts_and_no_character_is_torn(tmp_path: Path) -> None:
    log = tmp_path / "log"
    text = "épochs ✓\n" * 20_000
    data = text.encode()
    log.write_bytes(data)
    told, offset = "", 0
    while (part := log_part(log, offset))[0]:
        told += part[0]
        offset = part[1]
    assert told == text
    assert offset == len(data)


def test_a_character_that_is_half_written_comes_with_the_next_part(tmp_path: Path) -> None:
    log = tmp_path / "log"
    whole = "ok ✓".encode()
    log.write_bytes(whole[:-1])
    assert log_part(log, 0) == ("ok ", 3)
    log.write_bytes(whole)
    assert log_part(log, 3) == ("✓", len(whole))
    log.write_bytes(b"a\xffb")
    assert log_part(log, 0) == ("a�b", 3)


def test_an_offset_that_makes_no_sense(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("abc")
    assert log_part(log, 99) == ("", 99)
    with pytest.raises(InvalidInput, match="-1"):
        log_part(log, -1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("not for everybody")
    folder = tmp_path / "artifacts"
    for name in ("evaluate/evaluation/matrix.png", "evaluate/executor_output.json", "train/model"):
        file = folder / "parts-2026" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (folder / "parts-2026" / "train" / "link").symlink_to(tmp_path / "secret")
    (folder / "parts-2026" / "away").symlink_to(tmp_path)
    return folder


def test_artifacts_are_the_files_of_the_tasks(folder: Path) -> None:
    assert artifacts(folder) == [
        Artifact(
            "evaluate/evaluation/matrix.png",
            "parts-2026/evaluate/evaluation/matrix.png",
            30,
            "image/png",
        ),
        Artifact("train/model", "parts-2026/train/model", 11, "application/octet-stream"),
    ]
    with open_artifact(folder, "parts-2026/train/model") as file:
        assert file.read() == b"train/model"
    assert artifacts(folder / "nothing") == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../secret",
        "/etc/passwd",
        "parts-2026/train/link",
        "parts-2026/away/secret",
        "parts-2026/train/../train/model",
        "parts-2026/train",
        "nothing\0",
    ],
)
def test_what_is_no_artifact_cannot_be_read(folder: Path, path: str) -> None:
    with pytest.raises(NotFound):
        open_artifact(folder, path)


def test_confusion_matrices_are_read_and_nothing_else_is_taken_for_one(tmp_path: Path) -> None:
    matrix = {
        "annotationSpecs": [{"displayName": "good"}, {"displayName": "bad"}],
        "rows": [{"row": [3, 1]}, {"row": [0, 4]}],
    }
    notes: dict[str, dict[str, object]] = {
        "measure": {"matrix": {"confusionMatrix": matrix}, "other": {"accuracy": 0.5}},
        "odd": {"matrix": {"confusionMatrix": "drawn by hand"}},
    }
    for task, outputs in notes.items():
        note = tmp_path / "parts-2026" / task / "executor_output.json"
        note.parent.mkdir(parents=True)
        made = {name: {"artifacts": [{"metadata": data}]} for name, data in outputs.items()}
        note.write_text(json.dumps({"artifacts": made}))
    torn = tmp_path / "parts-2026" / "torn" / "executor_output.json"
    torn.parent.mkdir()
    torn.write_text('{"artifacts": {"matr')
    assert confusions(tmp_path) == [Confusion("measure/matrix", ["good", "bad"], [[3, 1], [0, 4]])]
    assert confusions(tmp_path / "nothing") == []
