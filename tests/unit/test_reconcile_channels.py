"""The deploy bucket follows the registry, whatever happens on the way."""

import contextlib
import hashlib
import json
import random
from pathlib import Path

import pytest
import yaml

from slipway.domain.errors import Denied, InvalidSetting, ServerError, SlipwayError, Unavailable
from slipway.domain.image import VERSION_KEY
from slipway.domain.names import Arch, Channel
from slipway.domain.release import Release
from slipway.services.check_manifest import standing_move
from slipway.services.render_manifests import ManifestRenderer
from tests.unit.releases import SETTINGS, World

V1, V2, V3 = "parts_1_100", "parts_1_200", "parts_2_300"
LATEST = "x86_64/latest/parts-pod.yaml"


@pytest.fixture
def world() -> World:
    world = World()
    for version in (V1, V2, V3):
        world.package(version)
    return world


def test_a_tag_becomes_a_manifest_per_arch(world: World) -> None:
    world.move(V1, Channel.LATEST)
    report = world.reconcile()
    wanted = {f"{arch}/latest/parts-pod.yaml" for arch in Arch}
    assert set(world.manifests()) == wanted
    assert wanted < set(report.written)
    assert (report.removed, report.problems) == ((), ())
    for arch in Arch:
        image = world.registry.index("parts", world.index(V1)).images[arch]
        data = world.bucket.contents[f"{arch}/latest/parts-pod.yaml"]
        assert f"registry.test:5000/parts@{image}".encode() in data


def test_nothing_new_writes_nothing(world: World) -> None:
    world.move(V1, Channel.STABLE)
    world.reconcile()
    before = dict(world.bucket.contents)
    report = world.reconcile()
    assert (report.written, report.removed) == ((), ())
    assert set(report.unchanged) == {f"{arch}/stable/parts-pod.yaml" for arch in Arch}
    assert world.bucket.contents == before


def test_only_the_channel_that_moved_is_written(world: World) -> None:
    world.move(V1, Channel.STABLE)
    world.move(V1, Channel.LATEST)
    world.reconcile()
    world.move(V2, Channel.LATEST)
    written = world.reconcile().written
    assert {key.split("/")[1] for key in written} == {"latest"}


def test_index_lists_each_folder(world: World) -> None:
    world.bucket.write("x86_64/all/base.yaml", b"kind: Pod\n")
    world.move(V1, Channel.LATEST)
    world.reconcile()
    for arch in Arch:
        for folder in ("all", *Channel):
            index = json.loads(world.bucket.read(f"{arch}/{folder}/index.json"))
            keys = [k for k in world.manifests() if k.startswith(f"{arch}/{folder}/")]
            assert index["schema"] == 1
            assert [entry["name"] for entry in index["files"]] == [k.split("/")[2] for k in keys]
            for entry, key in zip(index["files"], keys, strict=True):
                data = world.bucket.contents[key]
                assert entry["size"] == len(data)
                assert entry["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_tag_that_is_gone_takes_its_manifests_with_it(world: World) -> None:
    world.move(V1, Channel.LATEST)
    world.move(V1, Channel.BETA)
    world.reconcile()
    world.registry.remove_tag("parts", "latest")
    report = world.reconcile()
    assert set(report.removed) == {f"{arch}/latest/parts-pod.yaml" for arch in Arch}
    assert set(world.manifests()) == {f"{arch}/beta/parts-pod.yaml" for arch in Arch}
    files = json.loads(world.bucket.read("x86_64/latest/index.json"))["files"]
    assert files == []


def test_what_others_put_there_stays(world: World) -> None:
    """`all/`, a pod in a channel's folder that never was a release, and anything else."""
    others = {
        "x86_64/all/parts-pod.yaml": b"1",
        "x86_64/latest/mine-pod.yaml": b"2",
        "x86_64/latest/notes.txt": b"3",
        "elsewhere/latest/parts-pod.yaml": b"4",
        "x86_64/latest/deeper/parts-pod.yaml": b"5",
    }
    world.bucket.contents.update(others)
    world.move(V1, Channel.LATEST)
    world.reconcile()
    world.registry.remove_tag("parts", "latest")
    world.reconcile()
    assert {k: world.bucket.contents[k] for k in others} == others


def test_only_tags_that_there_are_are_asked_for(world: World) -> None:
    """Registries log a tag that is not there as an error: a poll asks for none, however often."""
    world.registry.asked.clear()
    world.reconcile()
    assert world.registry.asked == ["parts"]
    world.move(V1, Channel.LATEST)
    world.move(V1, Channel.STABLE)
    world.reconcile()
    world.registry.asked.clear()
    world.reconcile()
    assert world.registry.asked == ["parts", "parts:latest", "parts:stable"]


def test_a_tag_that_is_gone_is_asked_for_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing may be stale: what stood in a channel is gone when the tag itself says so."""
    world.move(V1, Channel.LATEST)
    world.reconcile()
    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "tags", lambda _repository: [])
        assert world.reconcile().removed == ()
    world.registry.remove_tag("parts", "latest")
    assert world.reconcile().removed != ()
    world.registry.asked.clear()
    world.reconcile()
    assert world.registry.asked == ["parts"]


def test_tags_that_are_no_channels_are_ignored(world: World) -> None:
    world.registry.tag("parts", world.index(V1), "nightly")
    assert world.manifests() == {}
    world.reconcile()
    assert world.manifests() == {}


def test_registry_away_changes_nothing(world: World) -> None:
    world.move(V1, Channel.LATEST)
    world.reconcile()
    before = dict(world.bucket.contents)
    world.registry.down = True
    with pytest.raises(Unavailable):
        world.reconcile()
    assert world.bucket.contents == before


@pytest.mark.parametrize("call", ["tags", "resolve"])
def test_registry_that_goes_away_in_the_middle_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    world.package("washers_1_1")
    world.move(V1, Channel.LATEST)
    world.move("washers_1_1", Channel.STABLE)
    world.ports["washers"] = 8081
    world.reconcile()
    before = dict(world.bucket.contents)
    world.registry.remove_tag("parts", "latest")
    right = getattr(world.registry, call)

    def failing(repository: str, *tag: str) -> object:
        if repository == "washers":
            raise Unavailable("gone")
        return right(repository, *tag)

    monkeypatch.setattr(world.registry, call, failing)
    with pytest.raises(Unavailable):
        world.reconcile()
    assert world.bucket.contents == before


@pytest.mark.parametrize(("call", "where"), [("tags", "hello"), ("resolve", "hello latest")])
@pytest.mark.parametrize("error", [Denied("not for you"), ServerError("its storage is damaged")])
def test_one_repository_that_cannot_be_read_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, error: SlipwayError, call: str, where: str
) -> None:
    world.package("hello_1_1")
    world.move(V1, Channel.LATEST)
    world.move("hello_1_1", Channel.LATEST)
    world.reconcile()
    world.move(V2, Channel.LATEST)
    right = getattr(world.registry, call)

    def refusing(repository: str, *tag: str) -> object:
        if repository == "hello":
            raise error
        return right(repository, *tag)

    hello = "x86_64/latest/hello-pod.yaml"
    old = world.manifests()[hello]
    world.package("hello_1_2")
    world.move("hello_1_2", Channel.LATEST)
    with monkeypatch.context() as patch:
        patch.setattr(world.registry, call, refusing)
        report = world.reconcile()
    assert LATEST in report.written
    assert world.manifests()[hello] == old
    assert [(p.where, p.code) for p in report.problems] == [(where, error.code)]
    report = world.reconcile()
    assert hello in report.written
    assert report.problems == ()


def test_catalogue_that_forgot_a_repository_is_not_believed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.move(V1, Channel.LATEST)
    world.reconcile()
    monkeypatch.setattr(world.registry, "repositories", list)
    assert world.reconcile().removed == ()


def test_only_listed_repositories(world: World) -> None:
    world.package("hello_1_1")
    world.move("hello_1_1", Channel.LATEST)
    world.move(V1, Channel.LATEST)
    world.repositories = ("hello",)
    world.reconcile()
    assert {key.split("/")[2] for key in world.manifests()} == {"hello-pod.yaml"}
    world.repositories = ("Hello",)
    with pytest.raises(InvalidSetting, match=r"monitor\.repositories: 'Hello'"):
        world.reconcile()


def test_a_template_error_stops_one_model_only(world: World, tmp_path: Path) -> None:
    world.package("hello_1_1")
    world.move(V1, Channel.LATEST)
    world.move("hello_1_1", Channel.LATEST)
    world.templates = tmp_path
    world.reconcile()
    old = world.bucket.contents[LATEST]
    (tmp_path / "parts-pod.yaml.j2").write_text("{{ nonsense }}")
    world.package("hello_1_2")
    world.move("hello_1_2", Channel.LATEST)
    world.move(V2, Channel.LATEST)
    report = world.reconcile()
    assert world.bucket.contents[LATEST] == old
    assert "x86_64/latest/hello-pod.yaml" in report.written
    assert {p.code for p in report.problems} == {"invalid-manifest"}
    assert {p.where for p in report.problems} == {f"parts latest {arch}" for arch in Arch}
    (tmp_path / "parts-pod.yaml.j2").unlink()
    report = world.reconcile()
    assert report.problems == ()
    assert world.bucket.contents[LATEST] != old


def test_an_arch_that_the_index_lacks(world: World) -> None:
    """Its device would go on with a version that the channel has left, so the manifest goes."""
    world.move(V1, Channel.LATEST)
    world.reconcile()
    world.package("parts_1_400", [Arch.X86_64, Arch.AARCH64])
    world.move("parts_1_400", Channel.LATEST)
    report = world.reconcile()
    assert report.removed == ("armv7l/latest/parts-pod.yaml",)
    assert [p.where for p in report.problems] == ["parts latest armv7l"]
    world.archs = (Arch.X86_64, Arch.AARCH64)
    assert world.reconcile().problems == ()


def test_something_else_under_the_tag(world: World) -> None:
    """A mistake with another tool must not take the pods from all devices."""
    world.move(V1, Channel.LATEST)
    world.reconcile()
    before = world.manifests()
    world.registry.tag("parts", world.registry.add_image("parts", Arch.X86_64, "x"), "latest")
    report = world.reconcile()
    assert world.manifests() == before
    assert [p.where for p in report.problems] == ["parts latest"]
    assert "no release" in report.problems[0].message


def test_repositories_of_other_images_are_none_of_our_business(world: World) -> None:
    image = world.registry.add_image("slipway-base", Arch.X86_64)
    world.registry.tag("slipway-base", image, "latest")
    world.registry.tag("team/tool", world.registry.add_image("team/tool", Arch.X86_64), "latest")
    assert world.reconcile().problems == ()


@pytest.mark.parametrize("annotation", ["washers_1_1", "rubbish"])
def test_an_annotation_that_is_wrong(world: World, annotation: str) -> None:
    image = world.registry.add_image("parts", Arch.X86_64)
    index = world.registry.push_index("parts", {Arch.X86_64: image}, {VERSION_KEY: annotation})
    world.registry.tag("parts", index, "latest")
    report = world.reconcile()
    assert world.manifests() == {}
    assert [p.where for p in report.problems] == ["parts latest"]
    assert annotation in report.problems[0].message


def test_two_models_on_one_port(world: World) -> None:
    """Neither is published: each would get the other's requests."""
    world.move(V1, Channel.LATEST)
    world.reconcile()
    world.package("washers_1_1")
    world.move("washers_1_1", Channel.LATEST)
    world.move(V2, Channel.LATEST)
    old = world.bucket.contents[LATEST]
    report = world.reconcile()
    assert {p.where.split("/")[2] for p in report.problems} == {
        "parts-pod.yaml",
        "washers-pod.yaml",
    }
    assert "port 8080" in report.problems[0].message
    assert "ports.parts" in report.problems[0].hint
    assert world.bucket.contents[LATEST] == old
    assert "x86_64/latest/washers-pod.yaml" not in world.bucket.contents
    world.ports["washers"] = 8081
    assert world.reconcile().problems == ()
    assert b"8081" in world.bucket.contents["x86_64/latest/washers-pod.yaml"]


def test_a_pod_in_all_gives_way_to_the_channels_in_its_slot_alone(world: World) -> None:
    world.move(V1, Channel.LATEST)
    world.reconcile()
    ours = world.bucket.contents[LATEST]
    base = "x86_64/all/base-pod.yaml"
    world.bucket.contents[base] = ours
    assert world.reconcile().problems == ()
    world.bucket.contents[base] = ours.replace(b"slot: parts", b"slot: base")
    report = world.reconcile()
    assert [p.where for p in report.problems] == [LATEST]
    assert "pod parts-" in report.problems[0].message
    world.bucket.contents[base] = ours.replace(b"slot: parts", b"slot: x").replace(b"parts-", b"x-")
    assert "both claim port 8080" in world.reconcile().problems[0].message


@pytest.mark.parametrize("name", ["parts.yaml", "other-pod.yaml"])
def test_a_slot_that_two_manifests_of_a_channel_claim(world: World, name: str) -> None:
    world.move(V1, Channel.LATEST)
    world.reconcile()
    data = world.bucket.contents[LATEST].replace(b"parts-", b"x-").replace(b"8080", b"8081")
    if name == "parts.yaml":  # a device goes by its name then
        data = data.replace(b"    dev.slipway.slot: parts\n", b"")
    world.bucket.contents[f"x86_64/latest/{name}"] = data
    report = world.reconcile()
    assert [p.where for p in report.problems] == [LATEST]
    assert "both claim slot parts" in report.problems[0].message


def test_to_and_fro_is_a_new_pod_each_time(world: World) -> None:
    """A kubelet backs off from pods that it has stopped, and a device may have refused one: so no
    move, not even one back, or one after the tag was gone, gives bytes that were there before."""
    seen: list[bytes] = []
    for version in (V1, V2, V1, None, V1, V2):
        if version:
            world.move(version, Channel.LATEST)
        else:
            world.registry.remove_tag("parts", "latest")
        world.reconcile()
        assert world.reconcile().written == ()
        if version:
            seen.append(world.bucket.contents[LATEST])
    assert len(set(map(_pod, seen))) == len(seen) == 5
    world.ports["parts"] = 8089
    world.reconcile()
    assert _pod(world.bucket.contents[LATEST]) not in set(map(_pod, seen))


def test_two_monitors_number_a_move_alike(world: World) -> None:
    for version in (V1, V2, V1):
        world.move(version, Channel.LATEST)
        first, second = world.reconciler(), world.reconciler()
        assert LATEST in first.reconcile().written
        assert second.reconcile().written == ()


def test_bucket_that_refuses_leaves_whole_manifests(world: World) -> None:
    """Interrupted at every single write, the next reconciliation comes to the same end."""
    world.move(V1, Channel.LATEST)
    world.reconcile()
    world.move(V2, Channel.LATEST)
    straight = World(registry=world.registry, clock=world.clock)
    straight.bucket.contents.update(world.bucket.contents)
    straight.reconcile()
    old, new = world.manifests(), straight.manifests()
    write, left = world.bucket.write, 0

    def limited(key: str, data: bytes) -> None:
        nonlocal left
        if left == 0:
            raise Denied("no more")
        left -= 1
        write(key, data)

    for _ in range(6):  # of the six writes, three manifests and their indexes, one each time
        left = 1
        world.bucket.write = limited  # type: ignore[method-assign]
        with contextlib.suppress(Denied):
            world.reconcile()
        assert left == 0
        for key, data in world.manifests().items():
            assert data in (old[key], new[key])
    world.bucket.write = write  # type: ignore[method-assign]
    assert world.manifests() == new
    assert world.reconcile().written == ()


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_moves_and_events_comes_to_the_same(seed: int) -> None:
    """Random tag moves, with reconciliations that come late, twice, or not at all, by one monitor
    or another; at the end the bucket is what a direct rendering of the registry gives."""
    chance = random.Random(seed)
    world = World(ports={"parts": 8080, "washers": 8081})
    versions = [f"{n}_1_{t}" for n in ("parts", "washers", "hello") for t in (1, 2)]
    for version in versions:
        archs = chance.sample(list(Arch), chance.randint(1, 3)) if chance.random() < 0.3 else Arch
        world.package(version, archs)
    monitors = [world.reconciler(), world.reconciler()]
    for _ in range(40):
        channel = chance.choice(list(Channel))
        if chance.random() < 0.8:
            world.move(chance.choice(versions), channel)
        else:
            repository = chance.choice(["parts", "washers", "hello"])
            if world.registry.resolve(repository, channel):
                world.registry.remove_tag(repository, channel)
        for _ in range(chance.choice([0, 0, 1, 2])):
            chance.choice(monitors).reconcile()
    monitors[0].reconcile()
    assert world.manifests() == _direct(world)
    assert monitors[1].reconcile().written == ()


def _direct(world: World) -> dict[str, bytes]:
    """Every manifest, straight from the registry but for the number of its move."""
    settings = type(SETTINGS)(SETTINGS.registry, SETTINGS.bucket_url, ports=world.ports)
    renderer = ManifestRenderer(settings)
    found = {}
    for repository in ("hello", "parts", "washers"):
        for channel in Channel:
            digest = world.registry.resolve(repository, channel)
            if digest:
                index = world.registry.index(repository, digest)
                version = world.package(index.annotations[VERSION_KEY], index.images)
                release = Release(repository, channel, version, digest, index.images)
                for arch in index.images:
                    key = f"{arch}/{channel}/{repository}-pod.yaml"
                    move = standing_move(world.bucket.contents[key])
                    assert move
                    found[key] = renderer.render_move(release, arch, move).data
    return found


def _pod(data: bytes) -> str:
    name: str = yaml.safe_load(data)["metadata"]["name"]
    return name
