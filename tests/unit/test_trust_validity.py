"""What expires is read without python-tuf, and is what python-tuf reads."""

from pathlib import Path

import pytest

from slipway.adapters.key_uris import KeyUris
from slipway.domain.errors import Failed
from slipway.domain.names import Arch
from slipway.services.trust.publication import Waiting
from slipway.services.trust.repository import RepositoryReader
from slipway.services.trust.status import trust_state
from slipway.services.trust.validity import unsigned, validity
from slipway.services.trust.waiting import waiting
from tests.fakes.bucket import FakeBucket
from tests.unit.trusted import Trusted


def test_each_role_ends_when_its_newest_metadata_does(tmp_path: Path) -> None:
    trusted = Trusted(tmp_path / "keys")
    trusted.publish({"x86_64/latest/hello-pod.yaml": b"one"})
    trusted.publish({"x86_64/latest/hello-pod.yaml": b"two"})
    state = RepositoryReader(trusted.bucket, trusted.keys.pinned_root).read()
    told = {each.role: each.expires for each in trust_state(state, trusted.keys).roles}
    assert validity(trusted.bucket) == told


def lacking(trusted: Trusted) -> list[Waiting]:
    """What python-tuf finds to wait, verified, without what has all that it needs."""
    state = RepositoryReader(trusted.bucket, trusted.keys.pinned_root).read()
    return [each for each in waiting(state) if each.signatures < each.threshold]


def test_what_waits_for_signatures_is_what_python_tuf_finds(tmp_path: Path) -> None:
    trusted = Trusted(tmp_path / "keys")
    assert unsigned(trusted.bucket) == lacking(trusted) == []  # all signed, not published yet
    trusted.publish()
    trusted.demand("stable", trusted.person("ann"), trusted.person("ben"), threshold=2)
    trusted.publish({"x86_64/stable/hello-pod.yaml": b"one"})
    assert {each.role for each in lacking(trusted)} == {f"{arch}.stable" for arch in Arch}
    assert {(each.signatures, each.threshold) for each in unsigned(trusted.bucket)} == {(0, 2)}
    trusted.pending().sign(
        trusted.pending().show("stable"), KeyUris([str(tmp_path / "ann.pem")], pytest.fail)
    )
    assert {(each.signatures, each.threshold) for each in unsigned(trusted.bucket)} == {(1, 2)}
    assert sorted(unsigned(trusted.bucket), key=str) == sorted(lacking(trusted), key=str)


def test_a_change_of_keys_that_lacks_signatures(tmp_path: Path) -> None:
    trusted = Trusted(tmp_path / "keys")
    trusted.publish({})
    for key in list((tmp_path / "keys").glob("root-*.pem"))[1:]:
        key.unlink()
    trusted.rotate_online()
    assert unsigned(trusted.bucket)
    assert sorted(unsigned(trusted.bucket), key=str) == sorted(lacking(trusted), key=str)


def test_nothing_ends_where_nothing_is_published() -> None:
    assert validity(FakeBucket()) == {}
    assert unsigned(FakeBucket()) == []


def test_what_is_no_metadata_is_named() -> None:
    bucket = FakeBucket()
    bucket.write("metadata/1.root.json", b"{}")
    with pytest.raises(Failed, match=r"metadata/1\.root\.json"):
        validity(bucket)
