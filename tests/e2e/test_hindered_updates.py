"""Updates that somebody or something comes in the way of, under constant requests, with every part
real: a registry that lies or fails, memory for one version alone, channels and tags that move."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from slipway import wiring
from slipway.domain.image import Digest
from slipway.domain.names import Channel
from tests.fixtures.fleet import (
    AGENT_PROGRAM,
    HELLO,
    HELLO_TEMPLATE,
    SOON,
    Edge,
    edge_with_hello,
)
from tests.fixtures.gate import Gate, gate
from tests.fixtures.load import Load
from tests.fixtures.own_apps import SLOW, release_hello
from tests.fixtures.registry_blobs import Blobs

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

BALLAST = 8 << 20  # bytes that a device has to pull for one version
Record = Callable[[str, object], None]

# What the registry does, and what the device's report has to say of it.
FAULTS: tuple[tuple[Callable[[Gate], None], str], ...] = (
    (lambda gate: gate.answer("401 Unauthorized"), "401 Unauthorized"),
    (lambda gate: gate.answer("403 Forbidden"), "403 Forbidden"),
    (lambda gate: gate.answer("429 Too Many Requests", "Retry-After: 2"), "429 Too Many Requests"),
    (lambda gate: gate.answer("503 Service Unavailable"), "503 Service Unavailable"),
    (lambda gate: gate.cut(), "ErrImagePull"),
    (lambda gate: gate.swallow(), "ContainerCreating"),
)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_with_hello(tmp_path_factory.mktemp("hindered"), "hindered") as made:
        yield made


@pytest.fixture
def asked(edge: Edge, request: pytest.FixtureRequest, record_property: Record) -> Iterator[Load]:
    """Clients of hello, none of which may go without an answer."""
    edge.wait_alone()
    with edge.asked() as asked:
        edge.answering(asked)
        yield asked
    record_property(request.node.name, asked.figures())
    assert asked.failures == [], str(asked.counted())
    assert asked.sent > 100


def test_a_blob_swapped_in_the_registry_does_not_come_up(
    edge: Edge, asked: Load, tmp_path: Path
) -> None:
    """Each time it is a part of the version that runs, which is a good image in itself."""
    good, blobs = asked.now, Blobs(edge.chain.home)
    with ExitStack() as swapped:
        for part in ("layer", "config", "manifest"):
            with edge.stopped(AGENT_PROGRAM):
                new = release_hello(edge.settings, tmp_path)
                edge.wait_published(HELLO, "latest", str(new.version))
                (image,) = map(str, new.images.values())
                right, wrong = blobs.parts(image)[part], blobs.parts(good)[part]
                swapped.enter_context(blobs.swapped(right, wrong))
            told = edge.wait_reported(HELLO, str(new.version), "failed to pull and unpack")
            assert (told.state, told.running_digest) == ("starting", good)
            assert right in told.reason
        assert set(asked.answers) == {good}
    edge.wait_answers(asked, image)
    edge.wait_slot(HELLO, "running", str(new.version))


def test_a_pull_that_is_cut_goes_on_when_it_can(edge: Edge, asked: Load, tmp_path: Path) -> None:
    with gate(edge.settings) as between:
        whole = release_hello(edge.settings, tmp_path, ballast=BALLAST)
        edge.wait_answers(asked, str(*whole.images.values()))
        needed = between.passed
        assert needed > BALLAST
        for percent in (1, 50, 99):
            before, most = asked.now, needed * percent // 100
            between.cut(most)
            new = release_hello(edge.settings, tmp_path, ballast=BALLAST)
            told = edge.wait_reported(HELLO, str(new.version), "ErrImagePull")
            assert (told.state, told.running_digest) == ("starting", before)
            assert between.passed == most
            assert asked.now == before
            between.open()
            edge.wait_answers(asked, str(*new.images.values()))
            edge.wait_slot(HELLO, "running", str(new.version))


def test_a_registry_that_fails_stops_nothing_that_runs(
    edge: Edge, asked: Load, tmp_path: Path
) -> None:
    """Each fault meets a version of its own; the last of them comes when the registry is well."""
    good = asked.now
    with gate(edge.settings) as between:
        for fault, said in FAULTS:
            fault(between)
            new = release_hello(edge.settings, tmp_path)
            told = edge.wait_reported(HELLO, str(new.version), said)
            assert (told.state, told.running_digest) == ("starting", good)
        assert set(asked.answers) == {good}
        between.open()
        new = release_hello(edge.settings, tmp_path)
        edge.wait_answers(asked, str(*new.images.values()))
        edge.wait_slot(HELLO, "running", str(new.version))


def test_memory_that_does_not_hold_both(edge: Edge) -> None:
    """Requests fail here, while neither of them is there. How long is not asserted."""
    edge.wait_alone()
    version, digest = edge.hello()
    edge.wait_slot(HELLO, "running", version)
    report = edge.report()
    assert report is not None
    all_of_it = report.document["memory"]["total"]
    policy = edge.disk / "trust" / "policy.toml"
    with policy.open("a") as file:
        file.write(f"max_memory = {all_of_it}\n")
    (before,) = edge.manifests(HELLO)
    edge.change_template(HELLO_TEMPLATE, {**SOON, "memory: 64Mi": f"memory: {all_of_it}"})
    told = edge.wait_reported(HELLO, version, "MiB of memory are free, and both at once need")
    assert told.state == "starting"
    assert told.reason.startswith("the one before goes first: ")
    edge.wait_slot(HELLO, "running", version)
    edge.wait_alone()
    assert edge.manifests(HELLO) != [before]
    with edge.asked() as asked:
        edge.wait_answers(asked, digest)
    edge.change_template(HELLO_TEMPLATE, SOON)
    version, _ = edge.hello()
    edge.wait_slot(HELLO, "running", version)


def test_a_tag_there_and_back_within_one_poll(edge: Edge, asked: Load) -> None:
    """Of the agent, and then of the monitor."""
    registry = wiring.image_registry(edge.settings)
    there, here = edge.chain.ask("hello"), edge.chain.ask("hello")
    edge.wait_slot(HELLO, "running", here["version"])
    edge.wait_alone()
    before, answered = edge.manifests(HELLO), asked.answers[there["images"]["x86_64"]]
    with edge.stopped(AGENT_PROGRAM):
        for one in (there, here):
            registry.tag(HELLO, Digest.parse(one["digest"]), Channel.LATEST)
            edge.wait_published(HELLO, "latest", one["version"])
    edge.chain.wait("the pod of the last move", lambda: edge.manifests(HELLO) != before or None)
    edge.wait_alone()
    assert edge.answering(asked) == here["images"]["x86_64"]
    assert asked.answers[there["images"]["x86_64"]] == answered

    for one in (there, here):
        registry.tag(HELLO, Digest.parse(one["digest"]), Channel.LATEST)
    version, digest = edge.hello()
    edge.wait_answers(asked, digest)
    edge.wait_slot(HELLO, "running", version)


def test_the_channel_changes_in_the_middle_of_an_update(
    edge: Edge, asked: Load, tmp_path: Path
) -> None:
    registry = wiring.image_registry(edge.settings)
    beta = edge.chain.ask("hello")
    registry.tag(HELLO, Digest.parse(beta["digest"]), Channel.BETA)
    edge.wait_published(HELLO, "beta", beta["version"])
    edge.wait_slot(HELLO, "running", beta["version"])
    edge.wait_alone()
    slow = release_hello(edge.settings, tmp_path, SLOW)
    change_in_the_middle(edge, Channel.BETA)
    edge.wait_slot(HELLO, "running", beta["version"])
    edge.wait_alone()
    assert edge.answering(asked) == beta["images"]["x86_64"]

    latest = edge.chain.ask("hello")
    edge.wait_published(HELLO, "latest", latest["version"])
    registry.tag(HELLO, slow.digest, Channel.BETA)
    change_in_the_middle(edge, Channel.LATEST)
    edge.wait_slot(HELLO, "running", latest["version"])
    edge.wait_alone()
    assert edge.answering(asked) == latest["images"]["x86_64"]


def change_in_the_middle(edge: Edge, channel: Channel) -> None:
    edge.chain.wait("an update", lambda: len(edge.manifests(HELLO)) > 1 or None)
    edge.chain.slipway("device", "up", edge.name, "--channel", channel)
