"""What the tag monitor publishes, read by python-tuf's own client."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError

from slipway.domain.errors import AlreadyExists, Denied, InvalidInput, NotFound, Refused
from slipway.services.trust.cleanup import KEPT
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.publication import publication_problems
from slipway.services.trust.publish import Publisher
from tests.fakes.bucket import FakeBucket
from tests.unit.trusted import DAY, NOW, Trusted

HELLO = "x86_64/latest/hello-pod.yaml"


@pytest.fixture
def trusted(tmp_path: Path) -> Trusted:
    return Trusted(tmp_path / "keys")


def test_a_client_sees_what_was_published(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    client = trusted.client()
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"one"}
    assert client.folder("x86_64/stable") == {}
    trusted.publish({HELLO: b"two", "x86_64/latest/other-pod.yaml": b"other"})
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"two", "other-pod.yaml": b"other"}
    trusted.publish({}, HELLO)
    assert client.folder("x86_64/latest") == {"other-pod.yaml": b"other"}


def test_nothing_is_written_when_nothing_changed(trusted: Trusted) -> None:
    assert trusted.publish({HELLO: b"one"}).written
    before = dict(trusted.bucket.contents)
    assert not trusted.publish({HELLO: b"one"}).written
    assert trusted.bucket.contents == before


def test_nothing_that_nobody_rendered_is_signed(trusted: Trusted) -> None:
    trusted.bucket.contents["x86_64/latest/evil-pod.yaml"] = b"evil"
    trusted.publish({HELLO: b"one"})
    assert trusted.client().folder("x86_64/latest") == {"hello-pod.yaml": b"one"}


def test_what_could_not_be_rendered_stays_as_it_was_signed(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one", "x86_64/latest/other-pod.yaml": b"other"})
    trusted.bucket.contents[HELLO] = b"evil"
    trusted.publish({"x86_64/latest/other-pod.yaml": b"new"})
    assert trusted.client().folder("x86_64/latest") == {
        "hello-pod.yaml": b"one",
        "other-pod.yaml": b"new",
    }


def test_it_is_signed_again_before_it_expires(trusted: Trusted) -> None:
    """Every day for three months: a client can read it at every instant, little is written."""
    client = trusted.client()
    written = 0
    for _ in range(90):
        written += trusted.publish({HELLO: b"one"}).written
        assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"one"}
        trusted.clock.seconds += DAY
    assert 40 <= written <= 50  # the timestamp, every second day


def test_the_timestamp_says_when_it_was_signed(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    signed = json.loads(trusted.bucket.contents["metadata/timestamp.json"])["signed"]
    assert signed["x-slipway-signed"] == NOW
    assert signed["expires"] == datetime.fromtimestamp(NOW + 3 * DAY, UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def test_a_client_refuses_a_frozen_bucket(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    client = trusted.client()
    client.folder("x86_64/latest")
    trusted.clock.seconds += 4 * DAY
    with pytest.raises(ExpiredMetadataError):
        client.folder("x86_64/latest")
    trusted.publish({HELLO: b"one"})
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"one"}


def test_root_that_is_about_to_expire_is_told_of_and_an_expired_one_stops_all(
    trusted: Trusted,
) -> None:
    trusted.publish({HELLO: b"one"})
    trusted.clock.seconds += 340 * DAY
    done = trusted.publish({HELLO: b"one"})
    (problem,) = publication_problems(done, {}, trusted.clock.now())
    assert "expires in 25 days" in str(problem)
    assert "slipway keys renew" in str(problem)
    trusted.clock.seconds += 26 * DAY
    with pytest.raises(Refused, match="has expired") as caught:
        trusted.publish({HELLO: b"two"})
    assert "slipway keys renew" in caught.value.hint
    trusted.changes().change(lambda _r, _t: None, renew=True)
    trusted.publish({HELLO: b"two"})
    assert trusted.client().folder("x86_64/latest") == {"hello-pod.yaml": b"two"}


def test_old_versions_go_and_the_last_few_stay_whole(trusted: Trusted) -> None:
    for number in range(30):
        trusted.publish({HELLO: b"%d" % number})
        if number == 25:
            old = trusted.client()
            stale = dict(trusted.bucket.contents)
            assert old.folder("x86_64/latest") == {"hello-pod.yaml": b"25"}
    keys = trusted.bucket.contents.keys()
    assert sum(".snapshot.json" in key for key in keys) == KEPT
    assert sum(".x86_64.latest.json" in key for key in keys) == KEPT
    assert sum("hello-pod.yaml" in key for key in keys) == KEPT
    assert "metadata/1.root.json" in keys
    # a device that had read the timestamp of then can still read all that it leads to
    trusted.bucket.contents["metadata/timestamp.json"] = stale["metadata/timestamp.json"]
    assert trusted.client().folder("x86_64/latest") == {"hello-pod.yaml": b"25"}


class Cut(Exception):
    """The monitor was killed."""


class CutBucket(FakeBucket):
    """Fails at the n-th change."""

    left = 10**9

    def write(self, key: str, data: bytes) -> None:
        self._cut()
        super().write(key, data)

    def create(self, key: str, data: bytes) -> None:
        self._cut()
        super().create(key, data)

    def delete(self, key: str) -> None:
        self._cut()
        super().delete(key)

    def _cut(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cut


def _busy(folder: Path) -> Trusted:
    """With something to publish, new keys everywhere, and something to clean up."""
    made = Trusted(folder, CutBucket())
    for number in range(KEPT + 2):
        made.publish({HELLO: b"%d" % number})
    made.rotate_online()
    made.rotate_root([made.keys.create("root") for _ in range(2)])
    return made


def test_a_publication_that_is_cut_off_anywhere_is_whole_for_clients(tmp_path: Path) -> None:
    """At each change that it makes; old clients and new ones read before or after, and the next
    publication goes on."""
    for step in range(200):
        trusted = _busy(tmp_path / str(step))
        bucket = trusted.bucket
        assert isinstance(bucket, CutBucket)
        before = trusted.client()
        last = {"hello-pod.yaml": b"%d" % (KEPT + 1)}
        assert before.folder("x86_64/latest") == last
        bucket.left = step
        try:
            trusted.publish({HELLO: b"new"})
        except Cut:
            cut = True
        else:
            cut = False
        bucket.left = 10**9
        for client in (before, trusted.client()):
            assert client.folder("x86_64/latest") in (last, {"hello-pod.yaml": b"new"})
        trusted.publish({HELLO: b"new"})
        assert before.folder("x86_64/latest") == {"hello-pod.yaml": b"new"}
        assert trusted.waiting() == {}
        assert "metadata/2.root.json" in bucket.contents
        if not cut:
            assert step > 20
            return
    pytest.fail("it never came to its end")


def test_a_change_of_a_lost_online_key_is_taken_up_wherever_it_was_cut_off(tmp_path: Path) -> None:
    """Then nothing can be signed for the old root as well; the next publication makes it good."""
    for step in range(200):
        trusted = Trusted(tmp_path / str(step), CutBucket())
        bucket = trusted.bucket
        assert isinstance(bucket, CutBucket)
        trusted.publish({HELLO: b"one"})
        client = trusted.client()
        client.folder("x86_64/latest")
        for path in trusted.folder.glob("online-*.pem"):
            path.unlink()
        trusted.rotate_online()
        bucket.left = step
        try:
            trusted.publish({HELLO: b"two"})
        except Cut:
            bucket.left = 10**9
        else:
            return
        trusted.publish({HELLO: b"two"})
        assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"two"}
    pytest.fail("it never came to its end")


class RacedBucket(FakeBucket):
    """Lets another monitor publish just before a snapshot is created."""

    rival: Callable[[], object] | None = None

    def create(self, key: str, data: bytes) -> None:
        if ".snapshot." in key and (rival := self.rival):
            self.rival = None
            rival()
        super().create(key, data)


def test_of_two_monitors_the_slower_one_goes_on_from_the_faster(tmp_path: Path) -> None:
    bucket = RacedBucket()
    trusted = Trusted(tmp_path / "keys", bucket)
    trusted.publish({HELLO: b"one"})
    client = trusted.client()
    client.folder("x86_64/latest")
    other = Publisher(bucket, trusted.keys, trusted.clock)
    washers = "x86_64/latest/washers-pod.yaml"
    bucket.rival = lambda: other.publish(Rendered({HELLO: b"two", washers: b"washers"}))
    trusted.publish({HELLO: b"three"})
    assert client.folder("x86_64/latest") == {
        "hello-pod.yaml": b"three",
        "washers-pod.yaml": b"washers",
    }


def test_a_timestamp_that_was_put_back_is_put_forward_again(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    old = trusted.bucket.contents["metadata/timestamp.json"]
    trusted.publish({HELLO: b"two"})
    client = trusted.client()
    client.folder("x86_64/latest")
    trusted.bucket.contents["metadata/timestamp.json"] = old
    with pytest.raises(RepositoryError):
        client.folder("x86_64/latest")
    assert trusted.publish({HELLO: b"two"}).written
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"two"}


def test_a_bucket_that_was_turned_back_is_put_forward_again(trusted: Trusted) -> None:
    """Everything of the last two versions was deleted: the monitor still knows their numbers."""
    trusted.publish({HELLO: b"one"})
    old = dict(trusted.bucket.contents)
    trusted.publish({HELLO: b"two"})
    trusted.publish({HELLO: b"three"})
    client = trusted.client()
    client.folder("x86_64/latest")
    trusted.bucket.contents = dict(old)
    trusted.publish({HELLO: b"three"})
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"three"}


def test_a_snapshot_that_was_deleted_is_made_anew(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    client = trusted.client()
    client.folder("x86_64/latest")
    del trusted.bucket.contents["metadata/1.snapshot.json"]
    assert trusted.publish({HELLO: b"one"}).version == 2
    assert client.folder("x86_64/latest") == {"hello-pod.yaml": b"one"}


def test_contents_that_were_deleted_come_back(trusted: Trusted) -> None:
    trusted.publish({HELLO: b"one"})
    gone = [key for key in trusted.bucket.contents if key.endswith(".hello-pod.yaml")]
    for key in gone:
        del trusted.bucket.contents[key]
    assert trusted.publish({}).missing == tuple(gone)
    assert trusted.publish({HELLO: b"one"}).missing == ()
    assert trusted.client().folder("x86_64/latest") == {"hello-pod.yaml": b"one"}


def test_there_is_one_repository_in_a_bucket(trusted: Trusted, tmp_path: Path) -> None:
    with pytest.raises(AlreadyExists, match="keys and a root already"):
        Trusted(trusted.folder, FakeBucket())
    with pytest.raises(AlreadyExists, match="TUF repository already"):
        Trusted(tmp_path / "other", trusted.bucket)
    with pytest.raises(InvalidInput, match="3 of 2 root keys"):
        Trusted(tmp_path / "third", FakeBucket(), root_keys=2, threshold=3)


def test_an_emptied_bucket_is_told_of(trusted: Trusted) -> None:
    trusted.bucket.contents.clear()
    with pytest.raises(NotFound, match="holds no TUF repository") as caught:
        trusted.publish({HELLO: b"one"})
    assert "restore" in caught.value.hint


def test_private_keys_are_their_owners_alone(trusted: Trusted) -> None:
    files = sorted(trusted.folder.glob("*.pem"))
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    files[0].chmod(0o604)
    with pytest.raises(Denied, match="everyone can use the key"):
        trusted.publish({HELLO: b"one"})
