"""Changes of keys and people's signatures, followed by python-tuf's own client."""

from pathlib import Path

import pytest
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Root

from slipway.adapters.key_folder import KeyFolder, read_public
from slipway.domain.errors import Denied, InvalidInput, NotFound, Refused
from slipway.services.trust import edits
from slipway.services.trust.documents import parse
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.publish import Publisher
from tests.unit.trusted import DAY, Trusted

STABLE = "armv7l/stable/parts-pod.yaml"
LATEST = "armv7l/latest/parts-pod.yaml"


@pytest.fixture
def trusted(tmp_path: Path) -> Trusted:
    made = Trusted(tmp_path / "keys")
    made.publish({STABLE: b"one", LATEST: b"one"})
    return made


@pytest.fixture
def demanding(trusted: Trusted, tmp_path: Path) -> Trusted:
    """`stable` needs alice's signature, and has it."""
    alice = trusted.person("alice")
    trusted.demand("stable", alice)
    trusted.publish()
    trusted.sign("stable", alice)
    trusted.publish()
    return trusted


def test_a_move_to_a_demanding_channel_waits_until_it_is_signed(
    demanding: Trusted, tmp_path: Path
) -> None:
    client = demanding.client()
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"one"}
    done = demanding.publish({STABLE: b"two", LATEST: b"two"})
    assert [str(each) for each in done.waiting] == ["armv7l.stable waits for 1 signatures, has 0"]
    assert client.folder("armv7l/latest") == {"parts-pod.yaml": b"two"}
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"one"}
    assert not demanding.publish({STABLE: b"two", LATEST: b"two"}).written
    assert demanding.sign("stable", tmp_path / "alice.pem") == [(1, 1)]
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"one"}, "not yet published"
    assert demanding.publish({STABLE: b"two", LATEST: b"two"}).waiting == ()
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}
    assert not any(key.startswith("pending/") for key in demanding.bucket.contents)


def test_until_the_new_keys_have_signed_the_channel_stays_as_it_was(trusted: Trusted) -> None:
    """Neither the demand nor what moves meanwhile is in force: the online key does not sign it."""
    alice = trusted.person("alice")
    trusted.demand("stable", alice)
    done = trusted.publish({STABLE: b"two", LATEST: b"two"})
    assert [each.role for each in done.waiting] == [
        "x86_64.stable",
        "armv7l.stable",
        "aarch64.stable",
    ]
    assert done.missing == ()
    client = trusted.client()
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"one"}
    assert client.folder("armv7l/latest") == {"parts-pod.yaml": b"two"}
    trusted.sign("stable", alice)
    trusted.publish({STABLE: b"two", LATEST: b"two"})
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_a_threshold_of_two_needs_two_different_keys(trusted: Trusted) -> None:
    alice, bob, carol = (trusted.person(name) for name in ("alice", "bob", "carol"))
    trusted.demand("stable", alice, bob, carol, threshold=2)
    trusted.publish({STABLE: b"two"})
    assert trusted.sign("stable", alice) == [(1, 2)] * 3
    assert trusted.sign("stable", alice) == [(1, 2)] * 3
    trusted.publish({STABLE: b"two"})
    client = trusted.client()
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"one"}
    assert trusted.sign("stable", carol) == [(2, 2)] * 3
    trusted.publish({STABLE: b"two"})
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_what_changes_while_people_sign_has_to_be_signed_again(
    demanding: Trusted, tmp_path: Path
) -> None:
    demanding.publish({STABLE: b"two"})
    shown = demanding.pending().show("stable")
    demanding.sign("stable", tmp_path / "alice.pem")
    demanding.publish({STABLE: b"three"})
    assert demanding.waiting() == {"armv7l.stable": (0, 1)}
    assert len(shown.documents) == 1
    assert demanding.client().folder("armv7l/stable") == {"parts-pod.yaml": b"one"}


def test_a_move_that_is_taken_back_waits_no_more(demanding: Trusted) -> None:
    demanding.publish({STABLE: b"two"})
    demanding.publish({STABLE: b"one"})
    assert demanding.waiting() == {}


def test_a_person_sees_what_is_signed(demanding: Trusted, tmp_path: Path) -> None:
    pod = (
        b"metadata: {annotations: {dev.slipway.version: parts_1_2}}\n"
        b"spec: {containers: [{image: r/parts@sha256:abc}]}\n"
    )
    demanding.publish({STABLE: pod})
    assert demanding.pending().show("stable").changes == (
        "+ armv7l/stable/parts-pod.yaml parts_1_2 r/parts@sha256:abc",
    )


def test_a_channel_goes_back_to_the_online_key(demanding: Trusted) -> None:
    demanding.changes().change(lambda r, t: edits.back_to_online(r, t, "stable"))
    demanding.publish({STABLE: b"two"})
    assert demanding.client().folder("armv7l/stable") == {"parts-pod.yaml": b"two"}
    assert demanding.waiting() == {}


def test_a_wrong_key_is_refused(demanding: Trusted) -> None:
    mallory = demanding.person("mallory")
    demanding.publish({STABLE: b"two"})
    with pytest.raises(Refused, match="may not sign") as caught:
        demanding.sign("stable", mallory)
    assert "alice" in caught.value.hint
    with pytest.raises(NotFound, match="nothing of beta waits"):
        demanding.sign("beta", mallory)


def test_a_key_that_everyone_can_read_is_refused(demanding: Trusted, tmp_path: Path) -> None:
    demanding.publish({STABLE: b"two"})
    (tmp_path / "alice.pem").chmod(0o644)
    with pytest.raises(Denied, match="everyone can use") as caught:
        demanding.sign("stable", tmp_path / "alice.pem")
    assert caught.value.hint == f"chmod 600 {tmp_path / 'alice.pem'}"


def test_demands_that_cannot_be_met(trusted: Trusted) -> None:
    alice = trusted.person("alice")
    with pytest.raises(InvalidInput, match="a key is given twice"):
        trusted.demand("stable", alice, alice, threshold=2)
    with pytest.raises(InvalidInput, match="2 signatures cannot be demanded of 1 keys"):
        trusted.demand("stable", alice, threshold=2)


def test_the_online_key_is_rotated(trusted: Trusted) -> None:
    client = trusted.client()
    client.folder("armv7l/stable")
    (old,) = trusted.folder.glob("online-*.pem")
    trusted.rotate_online()
    trusted.publish()
    old.unlink()
    trusted.publish({STABLE: b"two"})
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}
    assert trusted.client().folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_the_online_key_is_rotated_after_it_was_lost(trusted: Trusted) -> None:
    client = trusted.client()
    client.folder("armv7l/stable")
    for path in trusted.folder.glob("online-*.pem"):
        path.unlink()
    with pytest.raises(Denied, match="online key"):
        trusted.publish({STABLE: b"two"})
    trusted.rotate_online()
    trusted.publish({STABLE: b"two"})
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_an_old_client_follows_two_rotations_of_root(trusted: Trusted) -> None:
    client = trusted.client()
    first = trusted.keys.pinned_root()
    for _ in range(2):
        before = set(trusted.folder.glob("root-*.pem"))
        keys = [trusted.keys.create("root") for _ in range(3)]
        trusted.rotate_root(keys)
        trusted.publish()
        for path in before:
            path.unlink()
    trusted.publish({STABLE: b"two"})
    assert client.root == first
    assert client.folder("armv7l/stable") == {"parts-pod.yaml": b"two"}
    assert parse(trusted.keys.pinned_root(), Root, "root").signed.version == 3
    assert trusted.client().folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_root_keys_that_lie_apart_sign_one_after_the_other(
    trusted: Trusted, tmp_path: Path
) -> None:
    apart = tmp_path / "safe"
    apart.mkdir()
    held, *others = sorted(trusted.folder.glob("root-*.pem"))
    for path in others:
        path.rename(apart / path.name)
    trusted.changes().change(lambda _r, _t: None, renew=True)
    assert trusted.waiting() == {"root": (1, 2), "targets": (1, 2)}
    trusted.publish()
    assert "metadata/2.root.json" not in trusted.bucket.contents
    assert trusted.sign("root", apart / others[0].name) == [(2, 2), (2, 2)]
    trusted.publish()
    assert "metadata/2.root.json" in trusted.bucket.contents
    assert trusted.waiting() == {}
    held.rename(apart / held.name)
    with pytest.raises(Refused, match="none of the root keys is here"):
        trusted.changes().change(lambda _r, _t: None, renew=True)


def test_a_revoked_key_counts_no_more(trusted: Trusted) -> None:
    alice, bob = trusted.person("alice"), trusted.person("bob")
    trusted.demand("stable", alice, bob)
    trusted.publish()
    trusted.sign("stable", alice)
    trusted.publish()
    revoked = read_public(alice.with_suffix(".pub")).keyid[:8]
    trusted.changes().change(lambda r, t: edits.revoke(r, t, revoked))
    trusted.publish()
    with pytest.raises(Refused, match="may not sign"):
        trusted.sign("stable", alice)
    trusted.sign("stable", bob)
    trusted.publish({STABLE: b"two"})
    trusted.sign("stable", bob)
    trusted.publish({STABLE: b"two"})
    assert trusted.client().folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_revoking_what_is_needed_is_refused(trusted: Trusted) -> None:
    root = trusted.pending().state().root
    online = root.roles["timestamp"].keyids[0]
    with pytest.raises(Refused, match="without the online key"):
        trusted.changes().change(lambda r, t: edits.revoke(r, t, online))
    with pytest.raises(NotFound, match="no keys of the repository"):
        trusted.changes().change(lambda r, t: edits.revoke(r, t, "zz"))
    one, two, _ = root.roles["root"].keyids
    trusted.changes().change(lambda r, t: edits.revoke(r, t, one))
    with pytest.raises(Refused, match="would have 1 keys left"):
        trusted.changes().change(lambda r, t: edits.revoke(r, t, two))
    trusted.publish({STABLE: b"two"})
    assert trusted.client().folder("armv7l/stable") == {"parts-pod.yaml": b"two"}


def test_signatures_near_their_end_are_asked_for_again(demanding: Trusted, tmp_path: Path) -> None:
    demanding.clock.seconds += 250 * DAY
    assert [each.role for each in demanding.publish().waiting] == [
        "x86_64.stable",
        "armv7l.stable",
        "aarch64.stable",
    ]
    demanding.changes().change(lambda _r, _t: None, renew=True)
    demanding.sign("stable", tmp_path / "alice.pem")
    assert demanding.publish().waiting == ()
    demanding.clock.seconds += 360 * DAY
    demanding.publish()
    assert demanding.client().folder("armv7l/stable") == {"parts-pod.yaml": b"one"}


def test_what_strangers_put_under_pending_changes_nothing(trusted: Trusted, tmp_path: Path) -> None:
    """Their keys, over a root of their own: no monitor follows it, no change is built on it."""
    theirs = Trusted(tmp_path / "theirs")
    for role in ("root", "targets"):
        theirs.changes().change(lambda _r, _t: None, renew=True)
        trusted.bucket.contents[f"pending/{role}.json"] = theirs.bucket.contents[
            f"pending/{role}.json"
        ]
    before = trusted.keys.pinned_root()
    trusted.publish({STABLE: b"two"})
    assert trusted.keys.pinned_root() == before
    trusted.changes().change(lambda _r, _t: None, renew=True)
    root = parse(trusted.bucket.contents["pending/root.json"], Root, "pending").signed
    assert root.roles == trusted.pending().state().root.roles


def test_a_root_that_its_forerunner_did_not_sign_is_refused(
    trusted: Trusted, tmp_path: Path
) -> None:
    theirs = Trusted(tmp_path / "theirs")
    theirs.changes().change(lambda _r, _t: None, renew=True)
    trusted.bucket.contents["metadata/2.root.json"] = theirs.bucket.contents["pending/root.json"]
    with pytest.raises(Refused, match="not signed by the root keys before it"):
        trusted.publish()
    with pytest.raises(RepositoryError):
        trusted.client().folder("armv7l/stable")


def test_without_keys_the_monitor_says_so(trusted: Trusted, tmp_path: Path) -> None:
    elsewhere = Publisher(trusted.bucket, KeyFolder(tmp_path / "none"), trusted.clock)
    with pytest.raises(NotFound, match="has no keys yet") as caught:
        elsewhere.publish(Rendered())
    assert "slipway keys init" in caught.value.hint
