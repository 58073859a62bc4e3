"""Releases from the browser: a real registry, tag monitor, containerd and kubelet follow.

One device and one browser for all: each test goes on from where the one before has ended.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import ConsoleProcess, Tab
from tests.fixtures.fleet import HELLO, Edge, edge_with_hello
from tests.fixtures.own_apps import TROUBLES, release_hello

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(1800)]

SOON = 90_000  # milliseconds


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_with_hello(tmp_path_factory.mktemp("release"), "press-7") as made:
        yield made


@pytest.fixture(scope="module")
def console_process(edge: Edge) -> ConsoleProcess:
    return ConsoleProcess(edge.chain)


def standing(edge: Edge) -> str:
    return str(edge.chain.released(HELLO, "latest")["version"])


def test_the_device_is_in_the_list(edge: Edge, tab: Tab) -> None:
    version = standing(edge)
    tab.go("/devices")
    row = tab.page.get_by_role("row", name=re.compile("press-7"))
    expect(row).to_contain_text(version, timeout=SOON)
    expect(row).to_contain_text("ok", timeout=SOON)
    tab.accessible()
    tab.pictures("devices")
    tab.page.get_by_label("Search names and reasons").fill("nothing like it")
    expect(tab.page.locator("#results")).to_contain_text("No devices")
    assert "q=nothing" in tab.page.url
    tab.page.get_by_label("Search names and reasons").fill("press")
    tab.page.get_by_role("link", name="press-7").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Device press-7")
    expect(tab.page.locator("main")).to_contain_text("Signed metadata")
    tab.accessible()
    tab.pictures("device")


def test_a_promotion_from_the_browser_reaches_the_device(edge: Edge, tab: Tab) -> None:
    before = standing(edge)
    newer, _ = edge.hello()
    edge.wait_slot(HELLO, "running", newer)
    tab.go("/channels")
    expect(tab.page.locator("#results")).to_contain_text(newer, timeout=SOON)
    tab.accessible()
    tab.pictures("channels")
    tab.page.get_by_role("link", name="Promote hello to latest").click()
    tab.accessible()
    tab.pictures("promote")
    tab.page.get_by_role("link", name=f"Choose {before}").click()
    expect(tab.page.locator("main")).to_contain_text("1 will change")
    expect(tab.page.locator("main")).to_contain_text(f"1 {newer}")
    tab.accessible()
    tab.pictures("confirm-promotion")
    tab.page.get_by_role("button", name="Promote and change 1 device").click()
    expect(tab.page.locator("main")).to_contain_text(f"latest of hello: {newer} → {before}")
    expect(tab.page.get_by_role("heading", name="1 of 1 device has it")).to_be_visible(timeout=SOON)
    assert standing(edge) == before
    edge.wait_slot(HELLO, "running", before)
    tab.accessible()
    tab.pictures("progress")


def test_a_rollback_from_the_browser_reaches_the_device(edge: Edge, tab: Tab) -> None:
    before = standing(edge)
    edge.chain.wait("the end of a probation", lambda: edge.slot(HELLO)["reason"] == "" or None)
    tab.go("/channels/hello/latest/rollback")
    target = tab.page.locator("dd strong").first.text_content()
    assert target
    assert target != before
    tab.accessible()
    tab.page.get_by_role("button", name="Roll back and change 1 device").click()
    expect(tab.page.get_by_role("heading", name="1 of 1 device has it")).to_be_visible(timeout=SOON)
    edge.wait_slot(HELLO, "running", target)
    tab.go("/audit")
    newest = tab.page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("channel.rollback")
    expect(newest).to_contain_text(target)
    tab.go("/devices/press-7")
    history = tab.page.get_by_role("region", name="History")
    expect(history).to_contain_text(before, timeout=SOON)
    tab.accessible()
    tab.pictures("device-history")


def test_a_version_that_does_not_come_up_is_told_with_its_reason(
    edge: Edge, tab: Tab, tmp_path: Path
) -> None:
    tab.go("/channels/hello/latest/progress")
    bad = release_hello(edge.settings, tmp_path, next(iter(TROUBLES.values())))
    taken_back = tab.page.get_by_role("row", name=re.compile("press-7.*quarantined"))
    expect(taken_back).to_be_visible(timeout=2 * SOON)  # no reload: devices report, pages follow
    expect(tab.page.get_by_role("heading", name="0 of 1 device has it")).to_be_visible()
    expect(tab.page.locator("main")).to_contain_text(str(bad.version))
    tab.accessible()
    tab.pictures("progress-taken-back")
    tab.go("/devices?health=trouble")
    row = tab.page.get_by_role("row", name=re.compile("press-7"))
    expect(row).to_contain_text("quarantined", timeout=SOON)
    tab.accessible()
    tab.pictures("devices-trouble")


def test_the_keyboard_alone_promotes(edge: Edge, tab: Tab) -> None:
    version, _ = edge.hello()
    edge.wait_slot(HELLO, "running", version)
    tab.go("/channels/hello/beta/promote")
    tab.page.get_by_role("link", name=f"Choose {version}").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("main")).to_contain_text("none will change")
    tab.page.get_by_role("button", name="Promote").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("main")).to_contain_text(f"beta of hello: nothing → {version}")
    expect(tab.page.locator("main")).to_contain_text("No device follows this channel yet")
