"""Thresholds, revoked keys and new roots, and what a device makes of damaged state."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_testing.attacks import EVIL, GOOD, NEWER, Attacked, attacked
from agent_testing.repository import DAY, FOLDER, new_key
from securesystemslib.signer import Signer
from slipway_agent import next_root
from slipway_agent.errors import InvalidOption, NotFound, Stale, Untrusted
from tuf.api.metadata import Metadata


@pytest.fixture(params=["folder", "http"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attacked]:
    with attacked(tmp_path, request.param) as device:
        assert device.runs() == GOOD
        yield device


def test_a_key_below_the_threshold(device: Attacked) -> None:
    keys: list[Signer] = [new_key(), new_key()]
    device.repository.demand(FOLDER, *keys, threshold=2)
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.signers["x86_64.latest"] = keys[:1]
    device.repository.publish({"m-pod.yaml": EVIL})
    device.refuses(Untrusted, r"x86_64\.latest was signed by 1/2 keys")


@pytest.mark.parametrize("twin", [False, True])
def test_duplicate_signatures_of_one_key(device: Attacked, twin: bool) -> None:
    """One key's signature twice, and once more under the identifier of the other key."""
    keys: list[Signer] = [new_key(), new_key()]
    device.repository.demand(FOLDER, *keys, threshold=2)
    assert device.runs() == GOOD
    device.repository.signers["x86_64.latest"] = keys[:1]
    device.repository.publish({"m-pod.yaml": EVIL})
    version = device.repository.roles["x86_64.latest"].version
    path = device.repository.metadata / f"{version}.x86_64.latest.json"
    role = Metadata.from_file(str(path)).to_dict()
    (signature,) = role["signatures"]
    name = keys[1].public_key.keyid if twin else signature["keyid"]
    role["signatures"].append({**signature, "keyid": name})
    path.write_text(json.dumps(role))
    device.refuses(Untrusted, "signed by 1/2 keys" if twin else "deserialize")


def test_a_revoked_key_of_a_role(device: Attacked) -> None:
    stolen = new_key()
    device.repository.demand(FOLDER, stolen, threshold=1)
    assert device.runs() == GOOD
    device.repository.demand(FOLDER, new_key(), threshold=1)
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.signers["x86_64.latest"] = [stolen]
    device.repository.publish({"m-pod.yaml": EVIL})
    device.refuses(Untrusted, r"x86_64\.latest was signed by 0/1 keys")


def test_a_revoked_online_key(device: Attacked) -> None:
    stolen = device.repository.signers["timestamp"]
    device.repository.rotate_online()
    assert device.runs() == GOOD
    device.repository.signers["timestamp"] = stolen
    device.repository.resign()
    device.refuses(Untrusted, "timestamp was signed by 0/1 keys")


def test_a_revoked_root_key(device: Attacked) -> None:
    stolen = device.repository.signers["root"]
    device.repository.rotate("root", new_key())
    device.repository.release()
    assert device.runs() == GOOD
    device.repository.signers["root"] = stolen
    device.repository.rotate("timestamp", new_key())
    device.repository.resign()
    device.refuses(Untrusted, "root was signed by 0/1 keys")


def test_a_new_root_is_noticed_where_the_timestamp_is_held_back(
    device: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker has the online key that is revoked, and shows the repository of before."""
    read: list[str] = []
    monkeypatch.setattr(device.poller.source, "read", lambda path, _limit: read.append(path))
    for _ in range(3):
        assert device.runs() == GOOD
    assert read == [], "an idle poll asks for the timestamp alone"
    monkeypatch.setattr(next_root, "PAUSE", 0.0)
    device.poller.restart()
    assert device.runs() == GOOD
    old = (device.repository.metadata / "timestamp.json").read_bytes()
    device.repository.rotate_online()
    (device.repository.metadata / "timestamp.json").write_bytes(old)
    device.refuses(Untrusted, "timestamp was signed by 0/1 keys")
    device.repository.resign()
    assert device.runs() == GOOD


def test_what_lies_where_the_next_root_would_is_complained_of_until_it_goes(
    device: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(next_root, "PAUSE", 0.0)
    device.poller.restart()
    assert device.runs() == GOOD
    forged = device.repository.metadata / "2.root.json"
    forged.write_text("{}")
    device.refuses(Untrusted, "deserialize")
    forged.unlink()
    assert device.runs() == GOOD


def test_a_new_root_that_the_old_one_has_not_signed(device: Attacked) -> None:
    """The chain from the pinned root is unbroken, or it ends."""
    device.repository.rotate("root", new_key())
    device.repository.write("root")
    device.repository.resign()
    device.refuses(Untrusted, "root was signed by 0/1 keys")


def test_root_rotation_across_several_versions(device: Attacked) -> None:
    """A device that was away while every key was changed, some more than once."""
    repository = device.repository
    for keys in (1, 3, 2):
        repository.rotate("root", *(new_key() for _ in range(keys)), threshold=keys)
        repository.rotate_online()
    repository.rotate("targets", new_key(), new_key(), threshold=2)
    repository.release("targets")
    repository.publish(NEWER)
    assert repository.root.version == 11
    assert device.runs() == NEWER
    device.forget()
    assert device.runs() == NEWER
    held_back = repository.metadata / "6.root.json"
    held_back.rename(device.root / "away")
    assert device.runs() == NEWER
    device.poller.restart()
    assert device.runs() == NEWER
    device.forget()
    device.refuses(Untrusted, "timestamp was signed by 0/1 keys")


def test_root_rotation_below_the_threshold(device: Attacked) -> None:
    repository = device.repository
    keys: list[Signer] = [new_key(), new_key(), new_key()]
    repository.rotate("root", *keys, threshold=2)
    repository.release()
    assert device.runs() == GOOD
    repository.signers["root"] = keys[:1]
    repository.rotate("targets", new_key())
    repository.release("targets")
    device.refuses(Untrusted, "root was signed by 1/2 keys")


def test_an_expired_root_until_there_is_a_new_one(device: Attacked) -> None:
    repository = device.repository
    repository.now += 366 * DAY
    device.poller.skew = 366 * DAY
    repository.release("x86_64.latest")
    device.refuses(Stale, r"root\.json is expired")
    repository.rotate("root", new_key())
    repository.release("targets")
    assert device.runs() == GOOD


@pytest.mark.parametrize("damage", ["lost", "empty", "cut", "another", "unsigned"])
def test_a_pinned_root_that_is_no_more_is_one_clear_error(device: Attacked, damage: str) -> None:
    path = device.poller.trust / "root.json"
    good = path.read_bytes()
    other = Metadata.from_bytes(good)
    other.signatures.clear()
    bad = {"empty": b"", "cut": good[:-9], "another": b'{"a": 1}', "unsigned": other.to_bytes()}
    path.write_bytes(bad.get(damage, b""))
    if damage == "lost":
        path.unlink()
    device.refuses(InvalidOption, str(path))
    path.write_bytes(good)
    assert device.runs() == GOOD


def test_damaged_state_heals_by_itself(device: Attacked) -> None:
    """Every file that the agent keeps, cut short, one after another and all at once."""
    state = device.poller.state
    names = sorted(path.name for path in state.rglob("*") if path.is_file())
    assert {"seen.json", "timestamp.json", "snapshot.json", "1.root.json"} < set(names)
    for broken in [*([name] for name in names), names]:
        for path in state.rglob("*"):
            if path.name in broken:
                path.write_bytes(path.read_bytes()[:7])
        device.poller.restart()
        assert device.runs() == GOOD
    for text in (
        "",
        "null",
        "[]",
        '{"schema": 1}',
        '{"schema": 1, "keys": 3}',
        '{"schema": 1, "keys": [], "signed": "x"}',
    ):
        (state / "trust/seen.json").write_text(text)
        device.poller.restart()
        assert device.runs() == GOOD


def test_a_channel_that_nobody_published_to(device: Attacked) -> None:
    device.poller.restart(channel="beta")
    with pytest.raises(NotFound, match="nothing is published for x86_64/beta"):
        device.poller.poll()
