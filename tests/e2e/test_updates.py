"""Updates of a device under constant requests, with every part real: none of them may fail.

Hello stands for a model where only the delivery counts. The clients' figures are kept as properties
of the test suite.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway import wiring
from slipway.domain.image import Digest
from slipway.domain.names import Channel
from tests.fixtures.agent_kills import kill_again_and_again
from tests.fixtures.fleet import AGENT, HELLO, HELLO_PROGRAM, Edge, edge_with_hello
from tests.fixtures.load import Load
from tests.fixtures.own_apps import LATER, LONG, TROUBLES, release_agent, release_hello

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(1800)]

UPDATES = 20
KILLS, VERSIONS = 500, 5
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_with_hello(tmp_path_factory.mktemp("updates"), "updates") as made:
        yield made


def end(asked: Load, record: Record, name: str) -> None:
    """What every test ends with: no request has failed."""
    record(name, asked.figures())
    assert asked.failures == [], str(asked.counted())
    assert asked.sent > 100


def test_updates_in_a_row_fail_no_request(edge: Edge, record_property: Record) -> None:
    edge.wait_alone()
    with edge.asked() as asked:
        for _ in range(UPDATES):
            version, digest = edge.hello()
            edge.wait_answers(asked, digest)
            assert asked.failures == []
        edge.wait_slot(HELLO, "running", version)
        edge.wait_alone()
    assert len(asked.answers) == UPDATES + 1
    end(asked, record_property, "updates in a row")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_version_that_does_not_come_up_never_displaces_the_one_that_serves(
    edge: Edge, tmp_path: Path, trouble: str, record_property: Record
) -> None:
    edge.wait_alone()
    with edge.asked() as asked:
        good = edge.answering(asked)
        bad = release_hello(edge.settings, tmp_path, TROUBLES[trouble])
        reason = edge.wait_slot(HELLO, "quarantined", str(bad.version))
        assert reason
        time.sleep(3)  # and it is not tried again
        assert edge.slot(HELLO)["state"] == "quarantined"
        assert len(edge.manifests(HELLO)) == 1
        version, digest = edge.hello()
        edge.wait_answers(asked, digest)
        edge.wait_slot(HELLO, "running", version)
    assert set(asked.answers) == {good, digest}
    assert not set(asked.answers) & set(map(str, bad.images.values()))
    end(asked, record_property, f"a version that {trouble}")


def test_a_version_that_is_taken_back_while_it_starts_never_answers(
    edge: Edge, tmp_path: Path, record_property: Record
) -> None:
    """It ends when it is told to, and does not come up first."""
    registry = wiring.image_registry(edge.settings)
    edge.wait_alone()
    good = edge.chain.ask("hello")
    edge.wait_slot(HELLO, "running", good["version"])
    edge.wait_alone()
    with edge.asked() as asked:
        starts = release_hello(edge.settings, tmp_path, LONG)
        edge.chain.wait("its process", lambda: len(edge.processes(HELLO_PROGRAM)) > 1 or None)
        registry.tag(HELLO, Digest.parse(good["digest"]), Channel.LATEST)
        edge.wait_slot(HELLO, "running", good["version"])
        edge.wait_alone()
    assert not set(asked.answers) & set(map(str, starts.images.values()))
    end(asked, record_property, "a version taken back while it starts")


def test_a_version_that_crashes_when_it_serves_already_is_taken_back(
    edge: Edge, tmp_path: Path
) -> None:
    """Requests fail here: what answered them is dead. How long is not asserted."""
    edge.chain.wait("the end of a probation", lambda: edge.slot(HELLO)["reason"] == "" or None)
    edge.wait_alone()
    with edge.asked() as asked:
        good = edge.answering(asked)
        bad = release_hello(edge.settings, tmp_path, LATER)
        edge.wait_slot(HELLO, "rolled-back", str(bad.version))
        edge.wait_answers(asked, good)
    edge.chain.wait("the one before", lambda: edge.slot(HELLO)["digest"] == good or None)
    version, _ = edge.hello()
    edge.wait_slot(HELLO, "running", version)


@pytest.mark.parametrize("program", ["kubelet", "containerd"])
def test_the_engine_is_killed_in_mid_swap(
    edge: Edge, program: str, record_property: Record
) -> None:
    chance = random.Random(program)
    with edge.asked() as asked:
        for _ in range(3):
            version, digest = edge.hello()
            time.sleep(chance.uniform(0, 4))
            assert edge.kill(f"/{program}" if program == "kubelet" else program, "config")
            edge.wait_answers(asked, digest)
            edge.wait_slot(HELLO, "running", version)
    end(asked, record_property, f"{program} killed in mid-swap")


def test_an_agent_takes_anothers_place(edge: Edge, tmp_path: Path, record_property: Record) -> None:
    with edge.asked() as asked:
        (before,) = edge.manifests(AGENT)
        release_agent(edge.settings, tmp_path, "0.9.1")
        edge.chain.wait("the new agent alone", lambda: alone(edge, before), 180)
        version, digest = edge.hello()
        edge.wait_answers(asked, digest)
        edge.wait_slot(HELLO, "running", version)
    end(asked, record_property, "an agent in another's place")


def alone(edge: Edge, before: Path) -> bool | None:
    there = edge.manifests(AGENT)
    return (len(there) == 1 and there != [before]) or None


def test_an_agent_that_does_not_work_does_not_get_the_device(edge: Edge, tmp_path: Path) -> None:
    (before,) = edge.manifests(AGENT)
    bad = release_agent(edge.settings, tmp_path, "0.9.2", works=False)
    edge.wait_slot(AGENT, "quarantined", str(bad.version), 180)
    edge.chain.wait("the working agent alone", lambda: edge.manifests(AGENT) == [before] or None)
    version, _ = edge.hello()
    edge.wait_slot(HELLO, "running", version)


def test_a_power_cut_in_mid_swap(edge: Edge) -> None:
    chance = random.Random(3)
    for _ in range(3):
        version, _ = edge.hello()
        time.sleep(chance.uniform(0, 5))
        edge.boot_again()
        edge.wait_slot(HELLO, "running", version)


def test_a_cold_boot_with_no_bucket_and_no_registry(edge: Edge) -> None:
    running = edge.slot(HELLO)["digest"]
    deploy = edge.chain.home / "buckets" / "deploy"
    edge.chain.slipway("device", "unplug", edge.name)
    mode = deploy.stat().st_mode
    deploy.chmod(0o700)  # the monitor is root, the agent is not
    try:
        edge.boot_again()
        with edge.asked() as asked:
            edge.wait_answers(asked, running)
    finally:
        deploy.chmod(mode)
        edge.chain.slipway("device", "plug", edge.name)
    version, _ = edge.hello()
    edge.wait_slot(HELLO, "running", version)


def test_the_agent_is_killed_again_and_again(edge: Edge, record_property: Record) -> None:
    """Last: the device has no pod of the agent afterwards."""
    digests = [Digest.parse(edge.chain.ask("hello")["digest"]) for _ in range(VERSIONS)]
    figures, asked = kill_again_and_again(edge, digests, KILLS, seed=KILLS)
    record_property("the agent killed", figures)
    assert asked.failures == [], str(asked.counted())
    assert figures["in_mid_swap"] > KILLS / 20
