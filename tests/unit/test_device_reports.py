"""The fleet's reports and predictions, as the control plane reads them."""

import gzip
import json
from typing import Any

import pytest

from slipway.domain.device_report import Health
from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket
from slipway.services.device_reports import device_reports
from slipway.services.predictions import Wish, newest_predictions, predictions
from tests.fakes.bucket import CountingBucket, FakeBucket
from tests.fixtures.reports import NOW, pod, put, report


def bucket_of(*documents: dict[str, Any]) -> FakeBucket:
    bucket = FakeBucket()
    put(bucket, *documents)
    return bucket


def health(document: dict[str, Any]) -> tuple[Health, str]:
    (found,) = device_reports(bucket_of(document), NOW, pytest.fail)
    return found.health, found.reason


def pod_in(state: str, reason: str) -> list[dict[str, Any]]:
    return [pod(state=state, reason=reason)]


@pytest.mark.parametrize(
    ("more", "expected", "why"),
    [
        ({}, Health.OK, ""),
        ({"time": NOW - 901}, Health.SILENT, "heartbeats"),
        ({"trust": {"state": "stale", "reason": "expired"}}, Health.STALE, "expired"),
        ({"trust": {"state": "untrusted", "reason": "forged"}}, Health.UNTRUSTED, "forged"),
        ({"trust": {"state": "unreachable", "reason": "away"}}, Health.UNREACHABLE, "away"),
        ({"pods": pod_in("quarantined", "golden")}, Health.TROUBLE, "parts quarantined: golden"),
        ({"pods": pod_in("starting", "pulls")}, Health.UPDATING, "pulls"),
    ],
)
def test_the_health_of_a_device(more: dict[str, Any], expected: Health, why: str) -> None:
    found, reason = health(report(**more))
    assert found is expected
    assert why in reason


def test_two_that_report_as_one_are_both_shown() -> None:
    bucket = bucket_of(report(), report(instance="bbbbbbbb"))
    found = device_reports(bucket, NOW, pytest.fail)
    assert [each.instance for each in found] == ["aaaaaaaa", "bbbbbbbb"]
    assert {each.health for each in found} == {Health.TAKEN}
    assert "bbbbbbbb" in found[0].reason


def test_a_device_that_was_set_up_anew_is_one_device() -> None:
    bucket = bucket_of(report(time=NOW - 10_000), report(instance="bbbbbbbb"))
    (found,) = device_reports(bucket, NOW, pytest.fail)
    assert (found.instance, found.health) == ("bbbbbbbb", Health.OK)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"{}", b"\xff", json.dumps(report("other")).encode()]
)
def test_what_is_no_report_is_named_and_passed_over(data: bytes) -> None:
    bucket = bucket_of(report())
    bucket.write("devices/rubbish/1.json", data)
    said: list[str] = []
    assert [each.device for each in device_reports(bucket, NOW, said.append)] == ["press-7"]
    assert len(said) == 1
    assert "devices/rubbish/1.json" in said[0]


def test_a_device_that_never_reported() -> None:
    with pytest.raises(NotFound, match="press-8"):
        device_reports(bucket_of(report()), NOW, pytest.fail, "press-8")


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "time": NOW, "model": "parts", "version": "parts_1_7", **more}


def batch(bucket: Bucket, key: str, *records: dict[str, Any], tail: bytes = b"") -> None:
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in records)
    bucket.write(f"predictions/{key}.jsonl.gz", gzip.compress(lines + tail))


def read(bucket: FakeBucket, wish: Wish = Wish()) -> list[tuple[str, str]]:  # noqa: B008
    return [(r["device"], r["id"]) for r in predictions(bucket, wish, pytest.fail)]


def test_a_prediction_that_came_twice_is_read_once() -> None:
    bucket = FakeBucket()
    batch(bucket, "d/parts/2000000000000000000-a", record(1), record(2), tail=b'{"id": "cut')
    batch(bucket, "d/parts/2000000000000000001-b", record(2), record(3))
    assert read(bucket) == [("d", "1"), ("d", "2"), ("d", "3")]


def test_predictions_are_chosen() -> None:
    bucket = FakeBucket()
    batch(bucket, "d/parts/2000000000000000000-a", record(1), record(2, model="nuts"))
    batch(bucket, "e/parts/2000000000000000000-a", record(3, version="parts_1_8"))
    batch(bucket, "e/parts/1000000000000000000-a", record(4, time=NOW / 2))
    assert read(bucket, Wish(device="d")) == [("d", "1"), ("d", "2")]
    assert read(bucket, Wish(model="nuts")) == [("d", "2")]
    assert read(bucket, Wish(version="parts_1_8")) == [("e", "3")]
    assert read(bucket, Wish(device="e", since=NOW - 1)) == [("e", "3")]


def newest(bucket: FakeBucket, count: int, say: Any = pytest.fail) -> list[str]:
    found = newest_predictions(bucket, "d", ["parts", "nuts"], count=count, now=NOW, say=say)
    assert {record["device"] for record in found} <= {"d"}
    return [record["id"] for record in found]


def test_the_newest_predictions_of_a_device_come_out_of_its_newest_batches() -> None:
    bucket = CountingBucket()
    for age in (0, 100, 7200, 86_400, 90 * 86_400):
        at = NOW - age
        batch(
            bucket, f"d/parts/{at}000000000-a", record(age, time=at), record(age + 1, time=at + 1)
        )
    batch(bucket, f"d/nuts/{NOW - 50}000000000-a", record(51, time=NOW - 51))
    batch(bucket, f"e/parts/{NOW}000000000-a", record(99, time=NOW))
    assert newest(bucket, 2) == ["1", "0"]
    assert len(bucket.asked) == 2
    assert newest(bucket, 4) == ["1", "0", "51", "101"]
    assert len(newest(bucket, 50)) == 11


def test_a_batch_that_is_none_hides_no_newest_prediction() -> None:
    bucket = FakeBucket()
    batch(bucket, f"d/parts/{NOW - 9}000000000-a", record(1))
    bucket.write(f"predictions/d/parts/{NOW}000000000-b.jsonl.gz", b"nothing")
    said: list[str] = []
    assert newest(bucket, 1, said.append) == ["1"]
    assert len(said) == 1


@pytest.mark.parametrize(
    "data",
    [b"nothing", gzip.compress(b"{}\n"), gzip.compress(b"[\n")],
    ids=["no gzip", "no prediction", "no JSON"],
)
def test_a_batch_that_is_none_is_named_and_passed_over(data: bytes) -> None:
    bucket = FakeBucket()
    bucket.write("predictions/d/parts/2000000000000000000-a.jsonl.gz", data)
    batch(bucket, "d/parts/2000000000000000001-b", record(1))
    said: list[str] = []
    assert [r["id"] for r in predictions(bucket, Wish(), said.append)] == ["1"]
    assert len(said) == 1
