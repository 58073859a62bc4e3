"""The tag monitor's own part: who waits for whom, aliases, and which events matter."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from slipway.domain.errors import InvalidInput, Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import RunRecord
from slipway.services.reconcile_channels import Reconciler, Report
from slipway.services.registry_events import moved_channels
from slipway.services.tag_monitor import TagMonitor
from tests.fakes.model_registry import FakeModelRegistry
from tests.unit.releases import World

V1, V2 = "parts_1_100", "parts_1_200"
PARTS = ModelName("parts")
DIGEST = Digest("sha256:" + "0" * 64)


class Gated(Reconciler):
    """Reconciles only when the test lets it; counts."""

    def __init__(self) -> None:
        self.runs = 0
        self.together = 0
        self.gate = threading.Semaphore(0)
        self.failing = False

    def reconcile(self) -> Report:
        self.runs += 1
        self.together += 1
        assert self.together == 1, "two at a time"
        self.gate.acquire(timeout=10)
        self.together -= 1
        if self.failing:
            raise Unavailable("gone")
        return Report(written=(str(self.runs),))


def started(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_callers_that_come_meanwhile_share_the_next() -> None:
    """Ten events during one reconciliation cost one more, and none of them goes unseen."""
    reconciler = Gated()
    monitor = TagMonitor(reconciler)
    got: list[Report] = []
    first = started(lambda: got.append(monitor.reconcile()))
    while reconciler.runs == 0:
        time.sleep(0.001)
    others = [started(lambda: got.append(monitor.reconcile())) for _ in range(10)]
    time.sleep(0.05)
    reconciler.gate.release(2)
    for thread in (first, *others):
        thread.join(10)
    assert reconciler.runs == 2
    assert [report.written for report in got] == [("1",)] + [("2",)] * 10


def test_a_failure_is_not_shared() -> None:
    reconciler = Gated()
    monitor = TagMonitor(reconciler)
    reconciler.gate.release(2)
    reconciler.failing = True
    with pytest.raises(Unavailable):
        monitor.reconcile()
    reconciler.failing = False
    assert monitor.reconcile().written == ("2",)


def trained(*versions: str) -> FakeModelRegistry:
    models = FakeModelRegistry()
    run = models.record_run(PARTS, RunRecord())
    for version in versions:
        models.register(ModelVersion.parse(version), run, "file:///x", {})
    return models


def world_with(*versions: str) -> World:
    world = World()
    for version in versions:
        world.package(version)
    return world


def alias(models: FakeModelRegistry, channel: Channel) -> str | None:
    found = models.in_channel(PARTS, channel)
    return str(found.version) if found else None


def test_aliases_follow_the_channels() -> None:
    world, models = world_with(V1, V2, "hello_1_1"), trained(V1, V2)
    monitor = TagMonitor(world.reconciler(), lambda: models)
    world.move(V1, Channel.STABLE)
    world.move(V2, Channel.LATEST)
    world.move("hello_1_1", Channel.LATEST)  # never trained, has no aliases
    assert monitor.reconcile().problems == ()
    assert (alias(models, Channel.STABLE), alias(models, Channel.LATEST)) == (V1, V2)
    world.move(V2, Channel.STABLE)
    world.registry.remove_tag("parts", "latest")
    assert monitor.reconcile().problems == ()
    assert (alias(models, Channel.STABLE), alias(models, Channel.LATEST)) == (V2, None)


def test_model_registry_is_opened_only_when_something_changed() -> None:
    world, models = world_with(V1, V2), trained(V1, V2)
    opened = []

    def opening() -> FakeModelRegistry:
        opened.append(1)
        return models

    monitor = TagMonitor(world.reconciler(), opening)
    world.move(V1, Channel.LATEST)
    monitor.reconcile()
    models.set_channel(PARTS, Channel.LATEST, ModelVersion.parse(V2))  # by somebody else
    monitor.reconcile()
    assert (len(opened), alias(models, Channel.LATEST)) == (1, V2)
    world.move(V1, Channel.BETA)
    monitor.reconcile()
    assert (len(opened), alias(models, Channel.LATEST)) == (1, V1)


def test_model_registry_away_does_not_stop_delivery() -> None:
    world, models = world_with(V1), trained(V1)
    away = True

    def opening() -> FakeModelRegistry:
        if away:
            raise Unavailable("gone")
        return models

    monitor = TagMonitor(world.reconciler(), opening)
    world.move(V1, Channel.LATEST)
    report = monitor.reconcile()
    assert "x86_64/latest/parts-pod.yaml" in report.written
    assert [(p.where, p.code) for p in report.problems] == [("model registry", "unavailable")]
    away = False
    assert monitor.reconcile().problems == ()
    assert alias(models, Channel.LATEST) == V1


def test_what_is_done_is_said_once_and_a_problem_when_it_is_new() -> None:
    world = world_with(V1, "washers_1_1")
    said: list[str] = []

    def opening() -> FakeModelRegistry:
        raise Unavailable("gone")

    monitor = TagMonitor(world.reconciler(), opening, said.append)
    monitor.reconcile()
    said.clear()
    world.move(V1, Channel.LATEST)
    monitor.reconcile()
    monitor.reconcile()
    assert [line for line in said if "x86_64" in line] == [
        "written x86_64/latest/parts-pod.yaml",
        "written x86_64/latest/index.json",
    ]
    assert said[-1] == "problem model registry: gone"
    said.clear()
    world.move("washers_1_1", Channel.LATEST)
    monitor.reconcile()
    monitor.reconcile()
    assert len(said) == 6  # two models on one port, on three archs
    assert all(line.startswith("problem ") and "ports." in line for line in said)


def test_version_that_was_never_registered_is_a_problem() -> None:
    world, models = world_with(V1, V2), trained(V1)
    world.move(V2, Channel.LATEST)
    problems = TagMonitor(world.reconciler(), lambda: models).reconcile().problems
    assert [(p.where, p.code) for p in problems] == [("model registry", "not-found")]


def test_notification_that_comes_before_the_tag_is_set() -> None:
    """As docker-registry sends it."""
    world = world_with(V1)
    monitor = TagMonitor(world.reconciler())
    timer = threading.Timer(0.1, world.move, (V1, Channel.LATEST))
    timer.start()
    monitor.reconcile_after(frozenset({(Channel.LATEST, world.index(V1))}))
    timer.join()
    assert "x86_64/latest/parts-pod.yaml" in world.bucket.contents


def test_notification_of_what_never_comes_ends() -> None:
    world = world_with(V1)
    report = TagMonitor(world.reconciler()).reconcile_after(frozenset({(Channel.BETA, DIGEST)}))
    assert report.seen == frozenset()


def event(action: str = "push", repository: str = "parts", **target: Any) -> dict[str, Any]:
    target = {"repository": repository, "digest": str(DIGEST), **target}
    return {"id": "x", "action": action, "target": target}


def envelope(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def test_events_that_matter() -> None:
    body = envelope(
        event(tag="latest"),
        event(tag="latest"),
        event(tag="stable", repository="team/hello"),
        event(tag=V1),
        event(),
        event("pull", tag="beta"),
        event("delete", tag="beta"),
    )
    assert moved_channels(body) == {(Channel.LATEST, DIGEST), (Channel.STABLE, DIGEST)}
    assert moved_channels(envelope()) == frozenset()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"events": 3}',
        b'{"events": [{"action": "push"}]}',
        envelope(event(tag="beta", digest="x")),
    ],
)
def test_bodies_that_are_no_envelope(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="not an envelope"):
        moved_channels(body)
