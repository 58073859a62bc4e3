"""The console's pages of devices and channels, over a registry and buckets of this test."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from slipway.console.access import Role, User
from slipway.console.app import create_app
from slipway.domain.names import Arch, Channel
from slipway.services.audit import Via
from slipway.settings import load
from tests.fixtures.console import Console
from tests.fixtures.free_ports import free_port
from tests.fixtures.reports import pod, put, report
from tests.unit.releases import World
from tests.unit.test_device_reports import batch, record
from tests.unit.test_follow_fleet import wait_for

V1, V2, V3 = "parts_1_1", "parts_1_2", "parts_1_3"


@dataclass
class Fleet:
    """A console, and the registry, the deploy bucket and the reports bucket behind it."""

    console: Console
    world: World

    def image(self, version: str, arch: Arch = Arch.ARMV7L) -> str:
        return str(self.world.registry.index("parts", self.world.index(version)).images[arch])

    def running(self, version: str, **more: Any) -> dict[str, Any]:
        return pod(version=version, digest=self.image(version), **more)

    def wanted(self, version: str) -> tuple[str, str]:
        return version, self.image(version)

    def report(self, name: str, pods: list[dict[str, Any]], **more: Any) -> None:
        time_ = int(time.time()) - 10
        put(
            self.console.site.reports,
            report(name, **{"channel": "beta", "time": time_, "pods": pods, **more}),
        )

    def look(self) -> None:
        self.console.site.fleet_follower.look_at_channels()
        self.console.site.fleet_follower.look_at_devices()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    world = World()
    for version in (V1, V2, V3):
        world.package(version)
    world.move(V1, Channel.BETA)
    world.reconcile()
    environment = {
        "SLIPWAY_HOME": str(tmp_path / ".slipway"),
        "SLIPWAY_REGISTRY_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    settings = load(tmp_path, environment)
    app = create_app(settings)
    app.state.site.registry, app.state.site.deploy = world.registry, world.bucket
    with TestClient(app, base_url="http://127.0.0.1:5055") as client:
        yield Fleet(Console(client, settings), world)


def confirmed(page: str) -> dict[str, str]:
    """The fields of the confirmation's form."""
    fields: dict[str, str] = {}

    class Inputs(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "input" and given.get("type") == "hidden":
                fields[str(given["name"])] = given.get("value") or ""

    Inputs().feed(page)
    return fields


def test_an_installation_without_devices_says_what_to_do(fleet: Fleet) -> None:
    assert "slipway device up" in fleet.console.get("/devices")
    page = fleet.console.get("/channels")
    assert V1 in page


def test_the_fleet_at_a_glance(fleet: Fleet) -> None:
    fleet.world.move(V2, Channel.BETA)
    fleet.report("well", [fleet.running(V2)])
    fleet.report("late", [fleet.running(V1)])
    bad = fleet.running(V1, wanted=fleet.wanted(V2), state="rolled-back", reason="it died <soon>")
    fleet.report("back", [bad])
    fleet.report("gone", [fleet.running(V1)], time=1000)
    fleet.look()
    page = fleet.console.get("/devices")
    assert "1–4 of 4 devices" in page
    assert "parts rolled-back: it died &lt;soon&gt;" in page
    assert "it has missed three heartbeats" in page
    assert "<strong>3</strong>" in page  # behind
    assert "1–1 of 1 devices" in fleet.console.get("/devices?health=silent")
    assert "1–3 of 3 devices" in fleet.console.get("/devices?behind=1&model=parts")
    only = fleet.console.get("/devices?outcome=unseen&channel=beta&arch=armv7l&q=la")
    assert "1–1 of 1 devices" in only
    assert "/devices/late" in only
    assert "/devices/well" not in only
    assert "1–2 of 4 devices" in fleet.console.get("/devices?size=2&sort=reported&order=down")
    assert "2 of 2" in fleet.console.get("/devices?size=2&page=2")


@pytest.mark.parametrize(
    "query", ["health=well", "channel=x", "arch=x", "sort=x", "outcome=x", "page=0", "size=x"]
)
def test_a_filter_that_there_is_not_is_one_clear_error(fleet: Fleet, query: str) -> None:
    name, _, value = query.partition("=")
    assert f"{name} is &#39;{value}&#39;" in fleet.console.get(f"/devices?{query}", 400)


def test_a_page_of_one_device(fleet: Fleet) -> None:
    fleet.report("press 7/é?".replace("/", "-"), [fleet.running(V1)])
    fleet.report("press-7", [fleet.running(V1)])
    fleet.look()
    fleet.world.move(V2, Channel.BETA)
    trying = fleet.running(V1, wanted=fleet.wanted(V2), state="starting", reason="pulls")
    fleet.report("press-7", [trying])
    now = int(time.time())
    data = record(1, time=now, top=[{"label": "hex nut", "score": 0.91}], latency_ms=12.2)
    batch_key = f"press-7/parts/{now}000000000-a"
    batch(fleet.console.site.reports, batch_key, data, record(2, time=now, top="x", input=3))
    fleet.look()
    page = fleet.console.get("/devices/press-7")
    for told in (V2, "behind", "pulls", "42 °C", "20.0 GiB of 32.0 GiB", "version 4", "hex nut"):
        assert told in page
    assert "health" in page
    assert "updating" in page
    assert fleet.console.get("/devices/press%207-%C3%A9%3F")
    assert "no device &#39;none&#39;" in fleet.console.get("/devices/none", 404)


def test_a_report_that_lacks_its_facts_is_shown(fleet: Fleet) -> None:
    fleet.report("bare", [], disk=None, memory="x", temperature=None, spool=[], agent={})
    fleet.look()
    assert "unknown" in fleet.console.get("/devices/bare")


def test_the_matrix_says_how_many_have_it(fleet: Fleet) -> None:
    fleet.report("a", [fleet.running(V1)])
    fleet.report("b", [])
    fleet.look()
    page = fleet.console.get("/channels")
    assert "<strong>1</strong> of 2" in page
    assert "1 behind" in page
    assert str(fleet.world.index(V1).short) in page
    assert "No models" in fleet.console.get("/channels?q=nuts")


def test_a_promotion_is_confirmed_done_and_written_down(fleet: Fleet) -> None:
    fleet.report("a", [fleet.running(V1)])
    fleet.report("b", [fleet.running(V1)], time=1000)
    fleet.report("c", [fleet.running(V2)])
    fleet.report("d", [fleet.running(V1)], channel="stable")
    fleet.look()
    listed = fleet.console.get("/channels/parts/beta/promote")
    assert listed.index(V3) < listed.index(V2) < listed.index(V1)
    assert f"version={V1}" not in listed  # stands there
    page = fleet.console.get(f"/channels/parts/beta/promote?version={V2}")
    assert f"2 {V1}" in " ".join(page.split())
    assert "change 2 devices" in page
    assert fleet.world.registry.resolve("parts", "beta") == fleet.world.index(V1)
    done = fleet.console.post("/channels/parts/beta/promote", confirmed(page))
    assert f"beta of parts: {V1} → {V2}" in done
    assert "1 of 3 devices have it" in done
    assert fleet.world.registry.resolve("parts", "beta") == fleet.world.index(V2)
    (entry,) = fleet.console.site.audit.read()
    assert (entry.action, entry.target, entry.via) == (
        *("channel.promote", "parts beta"),
        Via.CONSOLE,
    )
    assert entry.details == {"before": V1, "version": V2}


def test_a_rollback_says_what_it_goes_back_to(fleet: Fleet) -> None:
    assert "nothing stood in beta" in fleet.console.get("/channels/parts/beta/rollback", 404)
    fleet.world.move(V2, Channel.BETA)
    fleet.world.reconcile()
    page = fleet.console.get("/channels/parts/beta/rollback")
    assert f"<strong>{V1}</strong>" in page
    done = fleet.console.post("/channels/parts/beta/rollback", confirmed(page))
    assert f"{V2} → {V1}" in done
    assert fleet.world.registry.resolve("parts", "beta") == fleet.world.index(V1)
    (entry,) = fleet.console.site.audit.read()
    assert entry.action == "channel.rollback"


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_who_may_only_look_sees_what_would_happen_and_cannot_do_it(
    fleet: Fleet, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.world.move(V2, Channel.BETA)
    fleet.world.reconcile()
    looking = User("eve", Role.RUN)
    monkeypatch.setattr(fleet.console.site.door, "user", lambda _connection, _session: looking)
    version = f"?version={V1}" if action == "promote" else ""
    page = fleet.console.get(f"/channels/parts/beta/{action}{version}")
    assert "it needs the role release" in " ".join(page.split())
    assert '<form method="post"' not in page
    fields = {
        "version": V1,
        "before": str(fleet.world.index(V2)),
        "index": str(fleet.world.index(V1)),
    }
    told = fleet.console.post(f"/channels/parts/beta/{action}", fields, 403)
    assert "eve has the role run" in told
    assert fleet.world.registry.resolve("parts", "beta") == fleet.world.index(V2)
    assert "/promote" not in fleet.console.get("/channels")


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_what_has_changed_since_the_confirmation_is_not_done(fleet: Fleet, action: str) -> None:
    fleet.world.move(V2, Channel.BETA)
    fleet.world.reconcile()
    version = f"?version={V1}" if action == "promote" else ""
    page = fleet.console.get(f"/channels/parts/beta/{action}{version}")
    fleet.world.move(V3, Channel.BETA)
    fleet.world.reconcile()
    refused = fleet.console.post(f"/channels/parts/beta/{action}", confirmed(page), 409)
    assert f"{V3} stands there now" in refused
    assert fleet.world.registry.resolve("parts", "beta") == fleet.world.index(V3)
    assert fleet.console.site.audit.read() == []


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/channels/parts/gamma/promote", 400, "is not a channel"),
        ("/channels/p_/beta/promote", 400, "is not a model name"),
        ("/channels/parts/beta/promote?version=x", 400, "is not a model version"),
        ("/channels/parts/beta/promote?version=parts_1_9", 404, "no version parts_1_9"),
        ("/channels/parts/beta/promote?version=nuts_1_9", 409, "a version of nuts"),
        ("/channels/nuts/beta/progress", 200, "Nothing stands there"),
    ],
)
def test_what_cannot_be_promoted(fleet: Fleet, path: str, status: int, told: str) -> None:
    assert told in fleet.console.get(path, status)


def test_a_version_without_an_image_for_an_arch_takes_the_model_away(fleet: Fleet) -> None:
    fleet.world.package("parts_1_4", [Arch.X86_64])
    fleet.report("a", [fleet.running(V1)])
    fleet.look()
    page = fleet.console.get("/channels/parts/beta/promote?version=parts_1_4")
    assert "its devices lose the model" in page
    assert "change 1 device" in page


def test_progress_tells_who_took_it_back_and_why(fleet: Fleet) -> None:
    fleet.world.move(V2, Channel.BETA)
    bad = fleet.running(V1, wanted=fleet.wanted(V2), state="quarantined", reason="golden is off")
    fleet.report("bad", [bad])
    fleet.report("way", [fleet.running(V1, wanted=fleet.wanted(V2), state="starting")])
    fleet.report("has", [fleet.running(V2)])
    fleet.look()
    page = fleet.console.get("/channels/parts/beta/progress")
    assert "1 of 3 devices have it" in page
    assert "golden is off" in page
    assert page.index("Failed or taken back") < page.index("On the way")


def test_what_waits_for_signatures_is_said(fleet: Fleet) -> None:
    fleet.look()
    targets = [
        replace(target, published=False, signatures=1, threshold=3)
        for target in fleet.console.site.fleet.targets()
    ]
    fleet.console.site.fleet.set_targets(targets)
    assert "waits for 2 of 3 signatures" in fleet.console.get("/channels/parts/beta/progress")


def test_a_registry_that_is_down_hides_no_device(fleet: Fleet) -> None:
    fleet.report("a", [fleet.running(V1)])
    fleet.look()
    fleet.world.registry.down = True
    wait_for(lambda: bool(fleet.console.site.fleet_follower.problems))
    page = fleet.console.get("/devices")
    assert "What is shown may be old" in page
    assert "/devices/a" in page
    assert fleet.console.get(f"/channels/parts/beta/promote?version={V2}", 503)


def test_what_is_no_report_is_told(fleet: Fleet) -> None:
    fleet.console.site.reports.write("devices/x/1.json", json.dumps([1]).encode())
    fleet.look()
    assert "1 object in the bucket is no device report" in fleet.console.get("/devices")
