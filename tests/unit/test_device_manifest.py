"""The first agent of a device: a chain from the pinned root to its manifest, or one clear error."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway import wiring
from slipway.cli.device import command
from slipway.domain.errors import Denied, NotFound, Refused
from slipway.domain.names import Arch, Channel
from slipway.local import device_agent
from slipway.local.device_agent import AgentPod
from slipway.local.device_manifest import signed_manifest
from tests.unit.trusted import DAY, StandingClock, Trusted

KEY = "x86_64/latest/slipway-agent-pod.yaml"
MANIFEST = b"metadata: {name: slipway-agent-1}\n"


@pytest.fixture
def owner(tmp_path: Path) -> Trusted:
    """Who signs by this machine's clock: it is the one that python-tuf's client goes by."""
    owner = Trusted(tmp_path / "keys", clock=StandingClock(int(time.time())))
    owner.publish({KEY: MANIFEST})
    return owner


def read(owner: Trusted) -> bytes:
    return signed_manifest(owner.folder / "root.json", owner.bucket, KEY)


def test_each_file_of_the_chain_has_to_be_what_was_signed(owner: Trusted) -> None:
    chain = [
        key
        for key in owner.bucket.contents
        if key.endswith(("timestamp.json", "snapshot.json", ".targets.json"))
        or key.endswith((".x86_64.latest.json", "slipway-agent-pod.yaml"))
    ]
    assert len(chain) == 5
    for key in chain:
        good = owner.bucket.contents[key]
        for bad in (good[:-9], good.replace(b"1", b"2"), good + bytes(4 * 1024 * 1024 * 2), b""):
            owner.bucket.contents[key] = bad
            with pytest.raises(Refused, match=f"memory://fake/{key} is ") as refused:
                read(owner)
            assert "from a backup" in refused.value.hint
        owner.bucket.contents[key] = good
        assert read(owner) == MANIFEST


def test_a_file_that_is_signed_for_and_not_there(owner: Trusted) -> None:
    for part in ("snapshot.json", ".x86_64.latest.json", "slipway-agent-pod.yaml"):
        (key,) = (key for key in owner.bucket.contents if key.endswith(part))
        good = owner.bucket.contents.pop(key)
        with pytest.raises(Refused, match=f"{key} is signed for, and not there"):
            read(owner)
        owner.bucket.contents[key] = good


def test_the_plain_folder_is_not_read(owner: Trusted) -> None:
    owner.bucket.contents[KEY] = b"forged"
    assert read(owner) == MANIFEST


def test_keys_of_somebody_else(owner: Trusted, tmp_path: Path) -> None:
    other = Trusted(tmp_path / "other", clock=owner.clock)
    other.publish({KEY: b"forged"})
    owner.bucket.contents = other.bucket.contents
    with pytest.raises(Refused, match=r"timestamp\.json is not what its owner has signed"):
        read(owner)


def test_a_root_of_before_leads_to_the_one_in_force(owner: Trusted) -> None:
    first = owner.keys.pinned_root()
    owner.rotate_online()
    owner.publish({KEY: b"newer"})
    assert owner.keys.pinned_root() != first
    (owner.folder / "root.json").write_bytes(first)
    assert read(owner) == b"newer"


@pytest.mark.parametrize("damaged", [b"", b"{}", b"no root"])
def test_a_root_that_is_none_is_named(owner: Trusted, damaged: bytes) -> None:
    root = owner.folder / "root.json"
    root.write_bytes(damaged)
    with pytest.raises(Refused, match=f"{root} is not what its owner has signed"):
        read(owner)


def test_what_has_expired_is_named(owner: Trusted) -> None:
    owner.clock.seconds -= 4 * DAY
    old = Trusted(owner.folder.parent / "old", clock=owner.clock)
    old.publish({KEY: MANIFEST})
    with pytest.raises(Refused, match=r"timestamp\.json is expired") as refused:
        read(old)
    assert "slipway up" in refused.value.hint


def test_nothing_was_published_yet(owner: Trusted) -> None:
    with pytest.raises(NotFound, match="nothing is signed for x86_64/beta/slipway-agent-pod"):
        AgentPod.fetch(owner.folder / "root.json", owner.bucket, Arch.X86_64, Channel.BETA)
    owner.demand("stable", owner.person("alice"))
    owner.publish()
    with pytest.raises(NotFound, match="x86_64/stable") as missing:
        AgentPod.fetch(owner.folder / "root.json", owner.bucket, Arch.X86_64, Channel.STABLE)
    assert "slipway publish-agent stable" in missing.value.hint
    owner.bucket.contents.clear()
    with pytest.raises(NotFound, match="nothing is signed"):
        read(owner)


def test_what_is_not_signed_in_time_needs_a_tag_monitor(
    owner: Trusted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_agent, "_SIGNING", 0.0)
    owner.bucket.contents["x86_64/beta/slipway-agent-pod.yaml"] = MANIFEST
    with pytest.raises(NotFound, match="nothing is signed for x86_64/beta") as missing:
        AgentPod.fetch(owner.folder / "root.json", owner.bucket, Arch.X86_64, Channel.BETA)
    assert "tag monitor" in missing.value.hint


def test_a_bucket_that_refuses_is_said_as_it_is(owner: Trusted) -> None:
    owner.bucket.denied = True
    with pytest.raises(Denied):
        read(owner)


def test_the_manifest_for_a_real_device_is_verified_where_the_keys_are(
    owner: Trusted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_TRUST_KEYS", str(owner.folder))
    monkeypatch.setattr(wiring, "deploy_bucket", lambda _: owner.bucket)
    run = CliRunner().invoke(command, ["agent", "x86_64", "latest"])
    assert run.stdout_bytes == MANIFEST
    owner.bucket.contents[KEY] = b"forged"
    assert CliRunner().invoke(command, ["agent", "x86_64", "latest"]).stdout_bytes == MANIFEST
    owner.bucket.contents["metadata/timestamp.json"] += b"x"
    run = CliRunner().invoke(command, ["agent", "x86_64", "latest"])
    assert (run.stdout, type(run.exception)) == ("", Refused)
