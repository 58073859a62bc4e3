"""The hand-over: everything, then the marker; again does nothing; a crash leaves no marker."""

import dataclasses
from pathlib import Path

import pytest

from slipway.domain.card import ModelCard
from slipway.domain.errors import AlreadyExists, DiskFull, InvalidCard, NotFound
from slipway.services.model_output import MARKER, complete_versions, latest_cards
from slipway.services.publish_model import publish_model
from tests.fakes.bucket import FakeBucket
from tests.fixtures.cards import make_card

CARD = make_card()
PREFIX = "parts/parts_1_100/"
FILES = ["model.json", "model.tflite", "saved_model/saved_model.pb", "saved_model/v/data-0"]


class Recorder(FakeBucket):
    """Keeps the order of the writes, and breaks at the one it is told to."""

    def __init__(self, breaks_at: int = -1) -> None:
        super().__init__()
        self.order: list[str] = []
        self.breaks_at = breaks_at

    def write(self, key: str, data: bytes) -> None:
        if len(self.order) == self.breaks_at:
            self.breaks_at = -1
            raise DiskFull("no space left")
        self.order.append(key)
        super().write(key, data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_export(tmp_path / "export", CARD)


def make_export(folder: Path, card: ModelCard) -> Path:
    (folder / "saved_model" / "v").mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(f"bytes of {name}".encode())
    (folder / "model.json").write_bytes(card.to_json())
    return folder


def test_all_files_then_the_marker(folder: Path) -> None:
    bucket = Recorder()
    assert publish_model(folder, CARD.version, bucket) == "memory://fake/parts/parts_1_100"
    assert sorted(bucket.order[:-1]) == [PREFIX + name for name in FILES]
    assert bucket.order[-1] == PREFIX + MARKER
    assert bucket.contents[PREFIX + "model.tflite"] == b"bytes of model.tflite"
    assert complete_versions(bucket, CARD.version.name) == [CARD.version]
    assert latest_cards(bucket, CARD.version.name) == {1: (CARD.version, CARD)}


def test_publishing_again_changes_nothing(folder: Path) -> None:
    bucket = Recorder()
    first = publish_model(folder, CARD.version, bucket)
    order = list(bucket.order)
    assert publish_model(folder, CARD.version, bucket) == first
    assert bucket.order == order


def test_another_model_under_the_same_version_is_refused(folder: Path, tmp_path: Path) -> None:
    bucket = Recorder()
    publish_model(folder, CARD.version, bucket)
    other = make_export(tmp_path / "other", dataclasses.replace(CARD, labels=("nut", "bolt")))
    with pytest.raises(AlreadyExists, match="parts_1_100"):
        publish_model(other, CARD.version, bucket)


@pytest.mark.parametrize("writes", range(len(FILES) + 1))
def test_a_crash_leaves_no_marker_and_the_next_attempt_mends_it(folder: Path, writes: int) -> None:
    bucket = Recorder(breaks_at=writes)
    bucket.contents[PREFIX + "saved_model/old"] = b"left by an earlier attempt"
    with pytest.raises(DiskFull):
        publish_model(folder, CARD.version, bucket)
    assert PREFIX + MARKER not in bucket.contents
    assert complete_versions(bucket, CARD.version.name) == []
    publish_model(folder, CARD.version, bucket)
    assert sorted(bucket.contents) == sorted(PREFIX + name for name in [*FILES, MARKER])


@pytest.mark.parametrize("name", FILES[:3])
def test_an_incomplete_folder_is_refused_before_anything_is_written(
    folder: Path, name: str
) -> None:
    (folder / name).unlink()
    bucket = Recorder()
    with pytest.raises(NotFound, match=name):
        publish_model(folder, CARD.version, bucket)
    assert not bucket.contents


def test_the_card_of_another_version_is_refused(folder: Path) -> None:
    bucket = Recorder()
    with pytest.raises(InvalidCard, match="parts_1_100"):
        publish_model(folder, make_card("parts_1_101").version, bucket)
    assert not bucket.contents


def test_the_last_complete_version_of_each_major_counts(tmp_path: Path) -> None:
    bucket = FakeBucket()
    for number, text in enumerate(("parts_1_100", "parts_2_150", "parts_1_200", "parts_1_300")):
        card = make_card(text)
        publish_model(make_export(tmp_path / str(number), card), card.version, bucket)
    bucket.delete("parts/parts_1_300/" + MARKER)
    name = CARD.version.name
    found = {major: str(version) for major, (version, _) in latest_cards(bucket, name).items()}
    assert found == {1: "parts_1_200", 2: "parts_2_150"}
    older = latest_cards(bucket, name, before=make_card("parts_1_200").version)
    assert str(older[1][0]) == "parts_1_100"
