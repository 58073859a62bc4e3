"""The agent's reading side against a bucket that an attacker holds, one test an attack.

Each runs over a folder and over http. The repository is signed with real keys; the attacker has
the bucket and nothing else, or those of the owner's keys that the test says.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_testing.attacks import EVIL, GOOD, NEWER, Attacked, attacked
from agent_testing.pods import strict_pod
from agent_testing.repository import DAY, FOLDER, Repository, new_key
from slipway_agent.errors import NotFound, Refused, Stale, Unavailable, Untrusted

FOREIGN = "armv7l/stable"


@pytest.fixture(params=["folder", "http"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attacked]:
    with attacked(tmp_path, request.param) as device:
        assert device.runs() == GOOD
        yield device


# Arbitrary software


def test_arbitrary_software_in_the_place_of_a_signed_file(device: Attacked) -> None:
    device.repository.publish(NEWER)
    data = NEWER["m-pod.yaml"]
    device.repository.target(f"{FOLDER}/m-pod.yaml", data).write_bytes(EVIL[: len(data)])
    device.refuses(Untrusted, "does not match")


def test_arbitrary_software_signed_with_the_attackers_keys(
    device: Attacked, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other")
    other.publish({"m-pod.yaml": EVIL})
    device.repository.replace_with(other.folder)
    device.refuses(Untrusted, "timestamp was signed by 0/1 keys")


def test_arbitrary_software_in_a_role_signed_with_the_attackers_key(device: Attacked) -> None:
    """The attacker also has the online key of snapshot and timestamp."""
    device.repository.demand(FOLDER, new_key(), threshold=1)
    assert device.runs() == GOOD
    device.repository.signers["x86_64.latest"] = [new_key()]
    device.repository.publish({"m-pod.yaml": EVIL})
    device.refuses(Untrusted, r"x86_64\.latest was signed by 0/1 keys")


def test_arbitrary_software_in_the_devices_own_cache(device: Attacked) -> None:
    """What lies on the device is verified as what comes from the bucket is."""
    for path in (device.poller.state / "targets").iterdir():
        path.write_bytes(EVIL)
    device.poller.restart()
    assert device.runs() == GOOD


# Rollback


def test_rollback_of_the_whole_bucket(device: Attacked) -> None:
    old = device.keep("old")
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.replace_with(old)
    device.refuses(Untrusted, r"timestamp version 2 must\s+be >= 3")


@pytest.mark.parametrize(
    "damaged", [["timestamp.json"], ["timestamp.json", "snapshot.json"], ["seen.json"]]
)
def test_rollback_across_a_power_cut_that_damaged_metadata(
    device: Attacked, damaged: list[str]
) -> None:
    old = device.keep("old")
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.lose(*damaged)
    device.poller.restart()
    device.repository.replace_with(old)
    device.refuses(Untrusted, "version")


def test_rollback_of_the_snapshot_under_a_newer_timestamp(device: Attacked) -> None:
    """The attacker also has the online key."""
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.snapshot.version = 1
    device.repository.release()
    device.refuses(Untrusted, "[Ss]napshot .*version")


@pytest.mark.parametrize("damaged", [[], ["snapshot.json"]])
def test_rollback_of_one_role_under_a_newer_snapshot(device: Attacked, damaged: list[str]) -> None:
    """The attacker also has the online key."""
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    if damaged:
        device.lose(*damaged)
        device.poller.restart()
    device.repository.roles["x86_64.latest"].version = 1
    device.repository.publish(GOOD)
    device.refuses(Untrusted, r"x86_64\.latest\.json .*version")


def test_rollback_by_leaving_a_role_out(device: Attacked) -> None:
    """The attacker also has the online key."""
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.roles["x86_64.latest"].targets = {}
    device.repository.release()
    device.refuses(Untrusted, r"missing info for 'x86_64\.latest\.json'")
    device.lose("snapshot.json", "timestamp.json")
    device.refuses(Untrusted, r"x86_64\.latest\.json has version 0")


def test_a_new_device_takes_what_is_there(device: Attacked) -> None:
    """What a rollback test proves nothing without: the old bucket is good in itself."""
    old = device.keep("old")
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    device.repository.replace_with(old)
    device.forget()
    assert device.runs() == GOOD


# Freeze, and clocks


def test_indefinite_freeze(device: Attacked) -> None:
    wanted = device.poller.poll()
    device.poller.skew = 2 * DAY
    assert device.poller.poll() is wanted
    device.poller.skew = 4 * DAY
    device.refuses(Stale, r"timestamp\.json is expired")
    device.repository.now += 4 * DAY
    device.repository.resign()
    assert device.runs() == GOOD


def test_indefinite_freeze_of_all_but_the_timestamp(device: Attacked) -> None:
    """The attacker also has the online key's timestamps."""
    device.repository.now += 8 * DAY
    device.repository.resign()
    device.poller.skew = 8 * DAY
    device.refuses(Stale, r"snapshot\.json is expired")


@pytest.mark.parametrize("clock", [0.0, 1.0e9, -1.0e9])
def test_a_clock_that_is_behind_works_and_makes_nothing_look_fresh(
    device: Attacked, clock: float
) -> None:
    device.poller.skew = clock - device.repository.now
    device.forget()
    assert device.runs() == GOOD
    old = device.keep("old")
    device.repository.now += 30 * DAY
    device.repository.release("x86_64.latest")
    assert device.runs() == GOOD
    device.poller.restart()
    assert device.runs() == GOOD
    device.repository.replace_with(old)
    device.refuses(Untrusted, "timestamp version")
    device.lose("timestamp.json", "snapshot.json")
    device.refuses((Untrusted, Stale), "version|expired")


def test_a_frozen_snapshot_is_noticed_with_a_clock_that_is_behind(device: Attacked) -> None:
    device.poller.skew = -device.repository.now
    device.forget()
    assert device.runs() == GOOD
    device.repository.now += 8 * DAY
    device.repository.resign()
    device.refuses(Stale, r"snapshot\.json is expired")


def test_a_clock_far_ahead_is_stale_with_a_hint_and_heals(device: Attacked) -> None:
    device.poller.skew = 20_000 * DAY
    with pytest.raises(Stale, match=r"root\.json is expired") as stale:
        device.poller.poll()
    assert "clock says 208" in stale.value.hint
    device.poller.restart()
    device.poller.skew = 0.0
    assert device.runs() == GOOD


# Fast-forward


@pytest.mark.parametrize("how", ["timestamp", "snapshot", "role", "time"])
def test_fast_forward_and_the_way_back(device: Attacked, how: str) -> None:
    """Who has the online key signs the highest versions, or a time far ahead.

    The owner gives timestamp and snapshot a new key by a new root, and goes on from the versions
    that were true; without the new key these look like a rollback.
    """
    repository = device.repository
    role = repository.roles["x86_64.latest"]
    all_three = (repository.timestamp, repository.snapshot, role)
    true = [signed.version for signed in all_three]
    if how == "timestamp":
        repository.timestamp.version = 2**31
    elif how == "snapshot":
        repository.snapshot.version = 2**31
    elif how == "role":
        role.version = 2**31
    else:
        repository.now += 100 * 365 * DAY
    repository.publish(NEWER)
    if how == "time":
        device.refuses(Stale, "expired")
        repository.now -= 100 * 365 * DAY
    else:
        assert device.runs() == NEWER
    for signed, version in zip(all_three, true, strict=True):
        signed.version = version + 10
    repository.publish(GOOD)
    device.refuses((Untrusted, Stale), "version|expired")
    repository.rotate_online()
    assert device.runs() == GOOD
    device.poller.restart()
    assert device.runs() == GOOD


# Mix and match, wrong files


def test_mix_and_match_of_two_times(device: Attacked) -> None:
    """The newest timestamp over the snapshot and the role of another time."""
    device.repository.publish(NEWER)
    metadata = device.repository.metadata
    new, old = (metadata / f"{n}.snapshot.json" for n in (3, 2))
    kept = new.read_bytes()
    new.write_bytes(old.read_bytes())
    device.refuses(Untrusted, "does not match")
    new.write_bytes(kept)
    new, old = (metadata / f"{n}.x86_64.latest.json" for n in (4, 3))
    new.write_bytes(old.read_bytes())
    device.refuses(Untrusted, r"Expected x86_64\.latest v4, got v3")


def test_the_role_of_another_arch_and_channel_in_the_place_of_this(device: Attacked) -> None:
    device.repository.demand(FOREIGN, new_key(), threshold=1)
    device.repository.publish({"m-pod.yaml": EVIL}, FOREIGN)
    foreign = device.repository.roles["armv7l.stable"]
    metadata = device.repository.metadata
    device.repository.publish(NEWER)
    mine = device.repository.roles["x86_64.latest"]
    source = metadata / f"{foreign.version}.armv7l.stable.json"
    (metadata / f"{mine.version}.x86_64.latest.json").write_bytes(source.read_bytes())
    device.refuses(Untrusted, r"x86_64\.latest was signed by 0/1 keys")


def test_a_role_that_signs_for_another_folder(device: Attacked) -> None:
    """Who has the key of armv7l/stable signs a file of x86_64/latest."""
    role = device.repository.roles["armv7l.stable"]
    device.repository.add_target(f"{FOLDER}/x-pod.yaml", strict_pod("x"), role)
    device.repository.add_target(f"{FOLDER}/m-pod.yaml", EVIL, role)
    device.repository.release("armv7l.stable")
    assert device.runs() == GOOD


def test_a_manifest_of_another_arch_or_channel(device: Attacked) -> None:
    """Signed for this folder, by mistake or by who has its key."""
    for name, value in (("arch", "armv7l"), ("channel", "stable")):
        data = strict_pod("n", notes=f"    dev.slipway.{name}: {value}\n")
        device.repository.publish({**GOOD, "n-pod.yaml": data})
        wanted = device.poller.poll()
        assert list(wanted.manifests) == ["m"]
        assert f"the rule {name} of the device's policy" in wanted.refused["n"].message


def test_extra_files(device: Attacked) -> None:
    """Files that nobody signed for change nothing, wherever they lie."""
    wanted = device.poller.poll()
    for folder in (FOLDER, "x86_64/all", "metadata", f"targets/{FOLDER}"):
        path = device.repository.folder / folder
        path.mkdir(parents=True, exist_ok=True)
        for name in ("n-pod.yaml", "9.x86_64.latest.json", "index.json", "root.json"):
            (path / name).write_bytes(EVIL)
    assert device.poller.poll() is wanted
    device.poller.restart()
    assert device.runs() == GOOD


# Endless data, partial publication


@pytest.mark.parametrize("what", ["timestamp", "snapshot", "role", "root", "index", "manifest"])
def test_endless_data(device: Attacked, what: str) -> None:
    """Files of 8 MiB in the place of each: no more is read than may be there."""
    device.repository.publish(NEWER)
    folder, version = device.repository.metadata, device.repository.roles["x86_64.latest"].version
    path = {
        "timestamp": folder / "timestamp.json",
        "snapshot": folder / "3.snapshot.json",
        "role": folder / f"{version}.x86_64.latest.json",
        "root": folder / "2.root.json",
        "index": max(_targets(device, "index.json"), key=lambda path: path.stat().st_mtime_ns),
        "manifest": device.repository.target(f"{FOLDER}/m-pod.yaml", NEWER["m-pod.yaml"]),
    }[what]
    with path.open("ab") as file:
        file.truncate(8 * 1024 * 1024)
    device.refuses(Refused, "has more than [0-9]+ bytes")


def _targets(device: Attacked, name: str) -> list[Path]:
    return list((device.repository.folder / "targets" / FOLDER).glob(f"*.{name}"))


@pytest.mark.parametrize("missing", ["snapshot", "role", "index", "manifest"])
def test_partial_publication(device: Attacked, missing: str) -> None:
    """What the timestamp leads to is not all there; then it comes."""
    indices = set(_targets(device, "index.json"))
    device.repository.publish(NEWER)
    folder, version = device.repository.metadata, device.repository.roles["x86_64.latest"].version
    path = {
        "snapshot": folder / "3.snapshot.json",
        "role": folder / f"{version}.x86_64.latest.json",
        "index": (set(_targets(device, "index.json")) - indices).pop(),
        "manifest": device.repository.target(f"{FOLDER}/m-pod.yaml", NEWER["m-pod.yaml"]),
    }[missing]
    away = path.rename(device.root / "away")
    device.refuses(Unavailable, "is signed for")
    away.rename(path)
    assert device.runs() == NEWER


def test_partial_publication_of_the_list(device: Attacked) -> None:
    """A file is listed that nobody signed for."""
    device.repository.publish({**NEWER, "n-pod.yaml": strict_pod("n")})
    del device.repository.roles["x86_64.latest"].targets[f"{FOLDER}/n-pod.yaml"]
    device.repository.release("x86_64.latest")
    device.refuses(Untrusted, r"n-pod\.yaml is listed and was not signed")


def test_an_emptied_bucket_deletes_nothing(device: Attacked) -> None:
    device.repository.folder.rename(device.root / "away")
    device.refuses(NotFound, r"holds no metadata/timestamp\.json")
