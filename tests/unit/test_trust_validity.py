"""What expires is read without python-tuf, and is what python-tuf reads."""

from pathlib import Path

import pytest

from slipway.domain.errors import Failed
from slipway.services.trust.repository import RepositoryReader
from slipway.services.trust.status import trust_state
from slipway.services.trust.validity import validity
from tests.fakes.bucket import FakeBucket
from tests.unit.trusted import Trusted


def test_each_role_ends_when_its_newest_metadata_does(tmp_path: Path) -> None:
    trusted = Trusted(tmp_path / "keys")
    trusted.publish({"x86_64/latest/hello-pod.yaml": b"one"})
    trusted.publish({"x86_64/latest/hello-pod.yaml": b"two"})
    state = RepositoryReader(trusted.bucket, trusted.keys.pinned_root).read()
    told = {each.role: each.expires for each in trust_state(state, trusted.keys).roles}
    assert validity(trusted.bucket) == told


def test_nothing_ends_where_nothing_is_published() -> None:
    assert validity(FakeBucket()) == {}


def test_what_is_no_metadata_is_named() -> None:
    bucket = FakeBucket()
    bucket.write("metadata/1.root.json", b"{}")
    with pytest.raises(Failed, match=r"metadata/1\.root\.json"):
        validity(bucket)
