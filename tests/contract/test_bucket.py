"""What every bucket does alike: the folder, the two clouds with and without prefix, the fake."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from slipway.domain.errors import (
    AlreadyExists,
    Denied,
    InvalidInput,
    NotFound,
    SlipwayError,
    Unavailable,
)
from slipway.ports.bucket import Bucket
from slipway.wiring import open_bucket
from tests.fakes.bucket import FakeBucket
from tests.fixtures.buckets import aws_environment
from tests.fixtures.free_ports import free_port

Opener = Callable[[], Bucket]


def _use_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environment(request.getfixturevalue("s3_server")).items():
        monkeypatch.setenv(name, value)


def _use_gcs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("gcs_server"))


def _new_s3_bucket(name: str) -> None:
    import boto3

    boto3.client("s3").create_bucket(Bucket=name)


def _new_gcs_bucket(name: str) -> None:
    from google.cloud import storage

    storage.Client(project="test").create_bucket(name)


@pytest.fixture(params=["fake", "file", "s3", "s3-prefix", "gs", "gs-prefix"])
def opener(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opener:
    """Opens the same bucket again and again, each time as another process would."""
    kind, _, prefix = request.param.partition("-")
    name = f"test-{uuid4().hex}"
    if kind == "fake":
        fake = FakeBucket()
        return lambda: fake
    if kind == "file":
        (tmp_path / "bucket").mkdir()
        return lambda: open_bucket(f"file://{tmp_path / 'bucket'}")
    if kind == "s3":
        _use_s3(request, monkeypatch)
        _new_s3_bucket(name)
    else:
        _use_gcs(request, monkeypatch)
        _new_gcs_bucket(name)
    url = f"{kind}://{name}" + (f"/{prefix}/two" if prefix else "")
    return lambda: open_bucket(url)


@pytest.fixture
def bucket(opener: Opener) -> Bucket:
    return opener()


@pytest.fixture(params=["fake", "file", "s3", "gs"])
def missing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    """A bucket that does not exist."""
    if request.param == "fake":
        fake = FakeBucket()
        fake.missing = True
        yield fake
    elif request.param == "file":
        yield open_bucket(f"file://{tmp_path}/nothing")
        assert not (tmp_path / "nothing").exists()
    else:
        (_use_s3 if request.param == "s3" else _use_gcs)(request, monkeypatch)
        yield open_bucket(f"{request.param}://missing-{uuid4().hex}")


def test_an_object_comes_back_as_it_was_written(bucket: Bucket) -> None:
    data = bytes(range(256)) * 300
    bucket.write("folder/object", data)
    assert bucket.read("folder/object") == data
    bucket.write("folder/object", b"second")
    assert bucket.read("folder/object") == b"second"


def test_an_object_may_be_empty(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("written", b"")
    bucket.create("created", b"")
    (tmp_path / "empty").touch()
    bucket.upload(tmp_path / "empty", "uploaded")
    assert [(info.key, info.size) for info in bucket.objects()] == [
        ("created", 0),
        ("uploaded", 0),
        ("written", 0),
    ]
    assert [bucket.read(info.key) for info in bucket.objects()] == [b"", b"", b""]
    bucket.download("uploaded", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b""


def test_a_changed_object_has_another_tag(opener: Opener, tmp_path: Path) -> None:
    def tags() -> dict[str, str]:
        return {info.key: info.tag for info in opener().objects()}

    bucket = opener()
    bucket.write("stays", b"0")
    bucket.write("object", b"0")
    seen = [tags()]
    assert tags() == seen[0]
    bucket.write("object", b"1")  # as long as before
    seen.append(tags())
    bucket.delete("object")
    bucket.create("object", b"2")
    seen.append(tags())
    (tmp_path / "file").write_bytes(b"3")
    bucket.upload(tmp_path / "file", "object")
    seen.append(tags())
    assert len({each["object"] for each in seen}) == 4
    assert len({each["stays"] for each in seen}) == 1
    assert all(seen[0].values())


def test_what_is_not_there_is_not_found(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no/such"):
        bucket.read("no/such")
    with pytest.raises(NotFound, match="no/such"):
        bucket.download("no/such", tmp_path / "target")
    assert list(tmp_path.glob("*target*")) == []
    with pytest.raises(NotFound, match="absent"):
        bucket.upload(tmp_path / "absent", "key")
    assert list(bucket.objects()) == []


def test_a_folder_is_not_an_object(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("folder/object", b"x")
    with pytest.raises(NotFound):
        bucket.read("folder")
    with pytest.raises(NotFound):
        bucket.download("folder", tmp_path / "target")
    with pytest.raises(NotFound):
        bucket.read("folder/object/below")
    bucket.delete("folder/object/below")
    assert bucket.read("folder/object") == b"x"


def test_listing_takes_any_prefix_and_is_in_order(bucket: Bucket) -> None:
    keys = ["a-b", "a/b", "a/bc/d", "a/c", "ab", "b/x", "ä/ö"]
    for key in reversed(keys):
        bucket.write(key, key.encode())
    assert [info.key for info in bucket.objects()] == sorted(keys)
    assert [info.key for info in bucket.objects("a")] == ["a-b", "a/b", "a/bc/d", "a/c", "ab"]
    assert [info.key for info in bucket.objects("a/")] == ["a/b", "a/bc/d", "a/c"]
    assert [info.key for info in bucket.objects("a/b")] == ["a/b", "a/bc/d"]
    assert [info.key for info in bucket.objects("a/bc/d")] == ["a/bc/d"]
    assert list(bucket.objects("nothing/at/all")) == []
    assert list(bucket.objects("../")) == []
    assert list(bucket.objects("/")) == []
    assert next(bucket.objects("ä")).size == len("ä/ö".encode())


def test_folders_are_named_without_what_they_hold(bucket: Bucket) -> None:
    for key in ("a-b/x", "a/b/1", "a/b/c/2", "a/b-c/3", "a/file", "ä/ö/x", "top"):
        bucket.write(key, b"")
    assert sorted(bucket.folders()) == ["a", "a-b", "ä"]
    assert sorted(bucket.folders("a/")) == ["b", "b-c"]
    assert list(bucket.folders("a/b/")) == ["c"]
    assert list(bucket.folders("ä/")) == ["ö"]
    for nothing in ("a/b/c/", "nothing/at/all/", "../", "/"):
        assert list(bucket.folders(nothing)) == []


@pytest.mark.slow
@pytest.mark.parametrize("opener", ["file", "s3", "gs"], indirect=True)
def test_folders_go_beyond_one_page(bucket: Bucket) -> None:
    names = {f"{number:04}" for number in range(1005)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: bucket.write(f"many/{name}/file", b""), names))
    found = list(bucket.folders("many/"))
    assert len(found) == len(names)
    assert set(found) == names


@pytest.mark.slow
@pytest.mark.parametrize("opener", ["file", "s3"], indirect=True)
def test_listing_goes_beyond_one_page(bucket: Bucket) -> None:
    keys = [f"many/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: bucket.write(key, b""), keys))
    assert [info.key for info in bucket.objects("many/")] == keys


@pytest.mark.parametrize(
    "key",
    [
        "with space",
        "ünï/код/日本",
        "a%2Fb",
        "a+b&c=d?e#f",
        "~tilde",
        "x" * 200,
        "quote'\"",
        "back\\s",
    ],
)
def test_unusual_keys_are_kept_as_they_are(bucket: Bucket, key: str, tmp_path: Path) -> None:
    bucket.create(key, b"data")
    assert [info.key for info in bucket.objects()] == [key]
    assert bucket.read(key) == b"data"
    bucket.download(key, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"data"
    bucket.delete(key)
    assert list(bucket.objects()) == []


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/absolute", "a/", "a//b", ".", "..", "a/../b", "../b", ".hidden", "a/.part-1"),
        *("nul\0", "line\nfeed", "lone\udc80surrogate", "x" * 1025),
    ],
)
def test_impossible_keys_are_refused(bucket: Bucket, key: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    calls: list[Callable[[], object]] = [
        lambda: bucket.read(key),
        lambda: bucket.write(key, b""),
        lambda: bucket.create(key, b""),
        lambda: bucket.delete(key),
        lambda: bucket.download(key, tmp_path / "target"),
        lambda: bucket.upload(tmp_path / "file", key),
    ]
    for call in calls:
        with pytest.raises(InvalidInput):
            call()
    assert not (tmp_path / "target").exists()
    assert list(bucket.objects()) == []


def test_create_never_replaces(bucket: Bucket) -> None:
    bucket.create("once", b"first")
    with pytest.raises(AlreadyExists, match="once"):
        bucket.create("once", b"second")
    assert bucket.read("once") == b"first"
    bucket.delete("once")
    bucket.create("once", b"third")
    assert bucket.read("once") == b"third"


def test_of_many_creators_one_wins(opener: Opener) -> None:
    def attempt(number: int) -> bool:
        try:
            opener().create("reserved/1501089026", str(number).encode())
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(16)))
    assert sum(won) == 1
    assert opener().read("reserved/1501089026") == str(won.index(True)).encode()


def test_delete_is_repeatable(bucket: Bucket) -> None:
    bucket.write("a", b"1")
    bucket.write("b", b"2")
    bucket.delete("a")
    bucket.delete("a")
    bucket.delete("never/there")
    assert [info.key for info in bucket.objects()] == ["b"]


def test_a_big_file_goes_up_and_comes_down(bucket: Bucket, tmp_path: Path) -> None:
    block = bytes(range(251)) * 4178  # about a megabyte, no multiple of anything
    (tmp_path / "big").write_bytes(block * 20)
    bucket.upload(tmp_path / "big", "models/big")
    (listed,) = bucket.objects()
    assert (listed.key, listed.size) == ("models/big", len(block) * 20)
    bucket.download("models/big", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == block * 20
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["back", "big"]


def test_a_reader_never_sees_half_an_object(opener: Opener) -> None:
    opener().write("object", b"0" * 300_000)
    done = Event()

    def keep_writing() -> None:
        bucket = opener()
        for number in range(40):
            bucket.write("object", str(number % 10).encode() * 300_000)
        done.set()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(keep_writing)
        bucket = opener()
        while not done.is_set() and not writer.done():
            data = bucket.read("object")
            assert len(data) == 300_000
            assert data == data[:1] * 300_000
        writer.result()


def test_a_bucket_that_does_not_exist_is_not_found(missing: Bucket, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    calls: list[Callable[[], object]] = [
        lambda: list(missing.objects()),
        lambda: list(missing.folders()),
        lambda: missing.read("key"),
        lambda: missing.write("key", b""),
        lambda: missing.create("key", b""),
        lambda: missing.delete("key"),
        lambda: missing.download("key", tmp_path / "target"),
        lambda: missing.upload(tmp_path / "file", "key"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"missing|nothing|fake"):
            call()
    assert not (tmp_path / "target").exists()


def _every_call(bucket: Bucket, file: Path) -> list[Callable[[], object]]:
    return [
        lambda: list(bucket.objects()),
        lambda: list(bucket.folders()),
        lambda: bucket.read("key"),
        lambda: bucket.write("key", b""),
        lambda: bucket.create("key", b""),
        lambda: bucket.delete("key"),
        lambda: bucket.download("key", file.with_name("target")),
        lambda: bucket.upload(file, "key"),
    ]


def _all_raise(bucket: Bucket, kind: type[SlipwayError], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    for call in _every_call(bucket, file):
        with pytest.raises(kind):
            call()
    assert not (tmp_path / "target").exists()


def test_refused_access_is_denied_by_the_fake(tmp_path: Path) -> None:
    fake = FakeBucket()
    fake.denied = True
    _all_raise(fake, Denied, tmp_path)


def test_refused_access_is_denied_by_cloud_storage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _use_gcs(request, monkeypatch)
    _all_raise(open_bucket("gs://forbidden"), Denied, tmp_path)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_server_that_is_down_is_unavailable(
    scheme: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for name, value in aws_environment(url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    monkeypatch.setattr("slipway.adapters.gcs_bucket._PATIENCE", 1.0)
    with pytest.raises(Unavailable) as caught:
        open_bucket(f"{scheme}://bucket").read("key")
    assert caught.value.transient
