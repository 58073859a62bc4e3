"""The pages of models in a real browser, over a real registry and MLflow."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from slipway import wiring
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.names import Channel
from slipway.settings import load
from tests.fixtures.browser import ConsoleProcess, Tab, serving
from tests.fixtures.installation import new_installation
from tests.fixtures.model_shop import publish, register
from tests.fixtures.oci import package

pytestmark = [pytest.mark.slow, pytest.mark.system]
expect.set_options(timeout=60_000)  # the first look at how a version was judged opens MLflow
OLD, NEW, BROKEN = (
    "consoleparts_1_1763000000",
    "consoleparts_1_1763100000",
    "consoleparts_1_1763050000",
)


@pytest.fixture(scope="module")
def console_process(
    tmp_path_factory: pytest.TempPathFactory, registry: str
) -> Iterator[ConsoleProcess]:
    """A console over three versions of one model, which it knows; the newest stands in beta."""
    folder = tmp_path_factory.mktemp("models")
    installation = new_installation(folder, archs=("x86_64",))
    installation.environment["SLIPWAY_REGISTRY_ADDRESS"] = registry
    settings = load(folder, installation.environment)
    for number, name in enumerate((OLD, NEW), 1):
        version = publish(settings, name, accuracy=0.6 + 0.15 * number, images=3 + number)
        register(settings, version, folder, batch_size=16 * number)
        index = package(registry, version)
    OciImageRegistry(registry).tag(version.name.repository, index, Channel.BETA)
    broken = publish(settings, BROKEN)
    card = settings.home / f"buckets/model-output/{broken.name}/{broken}/model.json"
    card.write_bytes(b"{")
    wiring.version_catalogue(settings).refresh(everything=True)
    with serving(installation) as process:
        yield process


def test_the_models(tab: Tab) -> None:
    tab.go("/models")
    expect(tab.page.get_by_text("1 with a problem")).to_be_visible()
    tab.accessible()
    tab.pictures("models")


def test_versions_are_found_sorted_and_compared(tab: Tab) -> None:
    tab.go("/models/consoleparts")
    tab.accessible()
    tab.pictures("model-versions")
    rows = tab.page.locator("#results tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(NEW)
    tab.page.get_by_label("Sort by").select_option("accuracy")
    expect(tab.page).to_have_url(re.compile("sort=accuracy"))
    tab.page.get_by_label("Order").select_option("up")
    expect(rows.first).to_contain_text(OLD)
    tab.page.get_by_role("searchbox").fill("batch_size=32")
    expect(rows).to_have_count(1)
    expect(tab.page.locator("#live")).to_have_text("1–1 of 1 versions")
    tab.page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(3)
    tab.page.get_by_label(f"Compare from {OLD}").check()
    tab.page.get_by_label(f"Compare to {NEW}").check()
    tab.page.get_by_role("button", name="Compare A with B").click()
    expect(tab.page.get_by_text("+0.1500").first).to_be_visible()
    expect(tab.page.get_by_role("row", name="batch_size 16 32")).to_be_visible()
    expect(tab.page.get_by_role("row", name="bolt 4 5 1 0 0")).to_be_visible()
    tab.accessible()
    tab.pictures("model-compare")


def test_a_version_with_all_that_is_known_of_it(tab: Tab) -> None:
    tab.go(f"/models/consoleparts/versions/{NEW}")
    page = tab.page
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
    expect(page.get_by_role("img", name="Plot loss.png")).to_be_visible()
    assert page.get_by_role("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 99
    expect(page.get_by_role("row", name="aarch64 sha256:")).to_be_visible()
    page.get_by_text("Promote…").click()
    link = page.get_by_role("link", name="to stable")
    expect(link).to_have_attribute("href", f"/channels/consoleparts/stable/promote?version={NEW}")
    expect(page.get_by_role("link", name="to beta")).to_have_count(0)
    tab.accessible()
    page.get_by_text("Promote…").click()
    tab.pictures("model-version")


def test_a_broken_version_says_so(tab: Tab) -> None:
    tab.go(f"/models/consoleparts/versions/{BROKEN}")
    tab.accessible()
    tab.pictures("model-broken")
