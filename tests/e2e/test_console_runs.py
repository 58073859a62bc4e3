"""Runs from the console, in a real browser, with the real runner and pipelines of two tasks."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from slipway.local.process import LocalProcess
from tests.fixtures.browser import ConsoleProcess, Tab, new_tab, serving
from tests.fixtures.free_ports import free_port
from tests.fixtures.installation import Installation, new_installation

SECONDS = 120_000.0  # milliseconds until a run that does nothing has to be over
PIPELINES = Path(__file__).parents[1] / "pipelines"

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture(scope="module")
def console_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """A console and a runner whose pipelines are those of the tests."""
    folder = tmp_path_factory.mktemp("runs")
    code = folder / "code"
    shutil.copytree(PIPELINES, code / "slipway_pipelines")
    installation = new_installation(folder, archs=("x86_64",), cache=folder / "cache")
    installation.environment["PYTHONPATH"] = os.pathsep.join([str(code), *sys.path])
    installation.slipway("run", "tiny", "--list")  # compiles them, which may take long
    runner = LocalProcess(installation.home / "run", "runner")
    program = "from slipway.cli import main; main()"
    runner.start([sys.executable, "-c", program, "runner"], installation.environment)
    try:
        with serving(installation) as process:
            yield process
        for run in installation.ask("runs"):
            installation.slipway("runs", run["run"], "--cancel")
    finally:
        runner.stop()


def _start(tab: Tab, how: str, text: str = "something") -> str:
    """Fill in the form and start; the run's id."""
    tab.page.set_default_timeout(SECONDS)
    tab.go("/pipelines/tiny")
    tab.page.get_by_label("text").fill(text)
    tab.page.get_by_label("how").fill(how)
    tab.page.get_by_role("button", name="Start the run").click()
    tab.page.wait_for_url(re.compile(r"/runs/tiny-"))
    return tab.page.url.rpartition("/")[2]


def _over(tab: Tab, status: str) -> None:
    expect(tab.page.locator(f'#stand [data-status="{status}"]')).to_be_visible(timeout=SECONDS)


def test_a_run_is_started_from_the_form_and_watched_to_its_end(tab: Tab) -> None:
    run_id = _start(tab, "well", "<b>bold</b> ✓")
    _over(tab, "succeeded")
    page = tab.page
    expect(page.locator("svg.graph .step.good")).to_have_count(2)
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
    expect(page.locator("#log")).to_contain_text("<b>bold</b> ✓")
    expect(page.locator("#log")).to_contain_text("Pipeline 'tiny' finished with status SUCCESS")
    with page.expect_download() as saved:
        page.get_by_role("link", name="given.json").click()
    assert "bold" in Path(saved.value.path()).read_text()
    page.reload()
    log = page.locator("#log").inner_text()
    assert log.count("Executing task 'first'") == 1
    tab.accessible()
    tab.pictures("run-succeeded")
    tab.go("/runs")
    expect(page.get_by_role("link", name=run_id)).to_be_visible()
    tab.accessible()
    tab.pictures("runs")


def test_a_log_that_was_followed_is_the_whole_log(tab: Tab) -> None:
    _start(tab, "well")
    _over(tab, "succeeded")
    expect(tab.page.locator("#log")).to_contain_text("Pipeline 'tiny' finished")
    followed = tab.page.locator("#log").text_content()
    tab.page.reload()
    assert tab.page.locator("#log").text_content() == followed


def test_a_run_that_fails_says_why(tab: Tab) -> None:
    _start(tab, "refuse")
    _over(tab, "failed")
    expect(tab.page.locator("#stand")).to_contain_text("accuracy 0.5 is 0.2 below 0.7")
    expect(tab.page.locator("#stand")).to_contain_text("Train longer")
    expect(tab.page.locator("svg.graph .step.bad")).to_have_count(1)
    tab.accessible()
    tab.pictures("run-failed")


def test_runs_wait_for_their_turn_and_are_cancelled(tab: Tab) -> None:
    first = _start(tab, "hang")
    expect(tab.page.locator("#stand")).to_contain_text("grandchild:", timeout=SECONDS)
    tab.accessible()
    tab.pictures("run-running")
    second = _start(tab, "well")
    expect(tab.page.locator("#stand")).to_contain_text("next in the queue")
    tab.accessible()
    tab.pictures("run-waiting")
    tab.go("/runs?status=running")
    expect(tab.page.get_by_role("link", name=first)).to_be_visible()
    expect(tab.page.get_by_role("link", name=second)).to_have_count(0)
    tab.go(f"/runs/{first}")
    tab.page.get_by_role("button", name="Cancel the run").click()
    expect(tab.page.get_by_text("The run is over: cancelled.")).to_be_visible()
    tab.go(f"/runs/{second}")
    _over(tab, "succeeded")


def test_the_list_of_runs_is_live_and_keeps_its_filter(tab: Tab) -> None:
    tab.go("/runs?pipeline=tiny&status=running")
    other = Tab(tab.page.context.new_page(), tab.url)
    run_id = _start(other, "hang")
    expect(tab.page.get_by_role("link", name=run_id)).to_be_visible(timeout=SECONDS)
    other.page.get_by_role("button", name="Cancel the run").click()
    expect(tab.page.get_by_role("link", name=run_id)).to_have_count(0, timeout=SECONDS)


def test_a_run_is_started_again_with_changes(tab: Tab) -> None:
    run_id = _start(tab, "crash", "once more")
    _over(tab, "failed")
    tab.page.get_by_role("link", name="Run again with changes").click()
    expect(tab.page.get_by_label("text")).to_have_value("once more")
    expect(tab.page.get_by_label("how")).to_have_value("crash")
    tab.page.get_by_label("how").fill("well")
    tab.page.get_by_label("items").fill("c\nd, e")
    tab.accessible()
    tab.pictures("pipeline-again")
    tab.page.get_by_role("button", name="Start the run").click()
    tab.page.wait_for_url(re.compile(rf"/runs/tiny-(?!.*{run_id[5:]}$)"))
    _over(tab, "succeeded")
    expect(tab.page.locator("#given + dl")).to_contain_text("c, d, e")
    expect(tab.page.locator("#log")).to_contain_text('"once more", 3, 0.5, false, ["c", "d, e"]')


def test_a_mistake_is_shown_above_the_form(tab: Tab) -> None:
    tab.go("/pipelines/tiny")
    tab.page.get_by_label("text").fill("kept")
    number = tab.page.get_by_label("number")
    number.evaluate("field => { field.type = 'text'; field.value = 'many' }")
    tab.page.get_by_role("button", name="Start the run").click()
    expect(tab.page.get_by_role("alert")).to_contain_text("parameter number is 'many'")
    expect(tab.page.get_by_label("text")).to_have_value("kept")
    expect(tab.page.get_by_label("number")).to_have_value("many")
    tab.accessible()
    tab.pictures("pipeline-mistake")


def test_branches_and_loops_are_drawn(tab: Tab) -> None:
    tab.go("/pipelines")
    tab.accessible()
    tab.pictures("pipelines")
    tab.page.get_by_role("link", name="branching").click()
    expect(tab.page.locator("svg.graph .loop")).to_have_count(1)
    expect(tab.page.locator("svg.graph .condition")).to_have_count(2)
    tab.accessible()
    tab.pictures("pipeline-branching")
    tab.page.get_by_role("button", name="Start the run").click()
    tab.page.wait_for_url(re.compile(r"/runs/branching-"))
    _over(tab, "succeeded")
    expect(tab.page.locator("svg.graph .loop.good")).to_have_count(1)
    tab.accessible()
    tab.pictures("run-branching")


def test_a_pipeline_is_scheduled(tab: Tab) -> None:
    tab.go("/schedules")
    expect(tab.page.get_by_text("There is no schedule.")).to_be_visible()
    tab.go("/pipelines/tiny")
    tab.page.get_by_label("text").fill("at night")
    tab.page.get_by_text("Schedule this").click()
    tab.page.get_by_label("Name of the schedule").fill("nightly")
    tab.page.get_by_label("When, in UTC").fill("0 3 * * *")
    tab.page.get_by_role("button", name="Look at its times").click()
    expect(tab.page.locator(".times li")).to_have_count(3)
    tab.accessible()
    tab.pictures("schedule-confirm")
    tab.page.get_by_role("button", name="Keep the schedule").click()
    expect(tab.page.get_by_text("The schedule nightly is kept.")).to_be_visible()
    tab.page.get_by_role("button", name="Pause nightly").click()
    expect(tab.page.get_by_text("paused", exact=True)).to_be_visible()
    tab.accessible()
    tab.pictures("schedules")
    tab.page.get_by_role("button", name="Resume nightly").click()
    tab.page.get_by_role("button", name="Remove nightly").click()
    expect(tab.page.get_by_text("There is no schedule.")).to_be_visible()


def test_without_scripts_a_run_is_started_and_looked_at(
    chromium: Browser, console_process: ConsoleProcess
) -> None:
    with new_tab(chromium, console_process, java_script_enabled=False) as tab:
        run_id = _start(tab, "well")
        while not tab.page.locator('[data-status="succeeded"]').count():
            tab.page.get_by_role("link", name="Look again").click()
        expect(tab.page.locator("#log")).to_contain_text("Executing task 'second'")
        tab.go("/runs?q=" + run_id)
        expect(tab.page.get_by_role("link", name=run_id)).to_be_visible()


def test_a_run_outlives_the_console_and_its_page_goes_on_when_it_is_back(
    chromium: Browser, console_process: ConsoleProcess
) -> None:
    known = console_process.installation
    port = {"SLIPWAY_CONSOLE_PORT": str(free_port())}
    other = Installation(known.folder, {**known.environment, **port})
    page = (
        chromium.new_page()
    )  # checked by no Tab, since a page whose server is away has errors to tell
    with serving(other) as process:
        run_id = _start(Tab(page, process.url), "hang")
        expect(page.locator("#stand")).to_contain_text("grandchild:", timeout=SECONDS)
    assert known.ask("runs", run_id)["status"] == "running"
    with serving(other):
        known.slipway("runs", run_id, "--cancel")
        status = page.locator('#stand [data-status="cancelled"]')
        expect(status).to_be_visible(timeout=SECONDS)
        expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
        with chromium.new_page() as again:  # what it has got to is all that there is
            again.goto(page.url)
            log = again.locator("#log").text_content()
        expect(page.locator("#log")).to_have_text(log or "", timeout=SECONDS)
    page.close()
