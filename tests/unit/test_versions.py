"""Versions rise and are unique, whatever the clocks and the other runs do."""

import multiprocessing
from pathlib import Path

import pytest

from slipway.domain.errors import Denied
from slipway.domain.names import ModelName
from slipway.services.versions import allocate
from slipway.wiring import open_bucket
from tests.fakes.bucket import FakeBucket

NAME = ModelName.parse("parts")
RACERS, ROUNDS = 4, 8


@pytest.fixture
def bucket() -> FakeBucket:
    return FakeBucket()


def test_the_timestamp_is_the_start_of_the_run(bucket: FakeBucket) -> None:
    assert str(allocate(bucket, NAME, 1, 1_501_089_026)) == "parts_1_1501089026"
    assert list(bucket.contents) == ["parts/versions/1501089026"]


def test_two_runs_in_one_second_get_rising_versions(bucket: FakeBucket) -> None:
    found = [allocate(bucket, NAME, major, 100).timestamp for major in (1, 1, 2)]
    assert found == [100, 101, 102], "of whatever MAJOR"


def test_a_clock_that_steps_back_does_not_take_versions_back(bucket: FakeBucket) -> None:
    found = [allocate(bucket, NAME, 1, start).timestamp for start in (1000, 40, 1001, 5, 2000)]
    assert found == [1000, 1001, 1002, 1003, 2000]


def test_versions_that_were_never_reserved_count_too(bucket: FakeBucket) -> None:
    bucket.write("parts/parts_1_700/model.json", b"")
    assert allocate(bucket, NAME, 1, 300).timestamp == 701


def test_other_names_and_other_objects_do_not_count(bucket: FakeBucket) -> None:
    for key in (
        "parts-x/versions/900",
        "part/versions/900",
        "parts/versions/latest",
        "parts/versions/²",
        "parts/parts_1_x/900",
        "parts/parts_x_1_900/model.json",
    ):
        bucket.write(key, b"")
    assert allocate(bucket, NAME, 1, 300).timestamp == 300


def test_a_reservation_made_meanwhile_is_skipped() -> None:
    class Meanwhile(FakeBucket):
        def create(self, key: str, data: bytes) -> None:
            if key.endswith(("/300", "/301")):
                self.contents.setdefault(key, b"another run")
            super().create(key, data)

    assert allocate(Meanwhile(), NAME, 1, 300).timestamp == 302


def test_a_bucket_that_refuses_access_says_so(bucket: FakeBucket) -> None:
    bucket.denied = True
    with pytest.raises(Denied):
        allocate(bucket, NAME, 1, 300)


def test_processes_that_race_get_different_versions_that_rise_in_each(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(RACERS) as pool:
        found = pool.map(_allocate_many, [tmp_path.as_uri()] * RACERS, chunksize=1)
    everything = [timestamp for one in found for timestamp in one]
    assert sorted(everything) == list(range(500, 500 + RACERS * ROUNDS))
    assert all(one == sorted(one) for one in found)


def _allocate_many(url: str) -> list[int]:
    bucket = open_bucket(url)
    return [allocate(bucket, NAME, 1, 500).timestamp for _ in range(ROUNDS)]
