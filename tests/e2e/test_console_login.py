"""Who comes in and who may do what, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from slipway.console.access import Role
from slipway.console.doors import console_users
from slipway.console.users import Users
from slipway.settings import load
from tests.fixtures.browser import ConsoleProcess, Tab, new_tab, serving
from tests.fixtures.installation import new_installation

pytestmark = [pytest.mark.slow, pytest.mark.system]

PASSWORD = "four easy words here"


@pytest.fixture(scope="module")
def console_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """A console that people log in to."""
    installation = new_installation(tmp_path_factory.mktemp("console"), archs=("x86_64",))
    installation.environment["SLIPWAY_CONSOLE_AUTHENTICATION"] = "always"
    users = users_of(ConsoleProcess(installation))
    for role in Role:
        users.add(str(role), role, PASSWORD)
    with serving(installation) as process:
        yield process


def users_of(process: ConsoleProcess) -> Users:
    return console_users(load(process.installation.folder, process.installation.environment))


def log_in(tab: Tab, name: str, password: str = PASSWORD) -> None:
    tab.page.get_by_label("Name").fill(name)
    tab.page.get_by_label("Password").fill(password)
    tab.page.get_by_role("button", name="Log in").click()


def heading(tab: Tab) -> str:
    return tab.page.get_by_role("heading", level=1).inner_text()


def test_logging_in_and_out(tab: Tab) -> None:
    tab.go("/audit?q=nobody")
    assert heading(tab) == "Log in"
    tab.accessible()
    tab.pictures("login")
    log_in(tab, "look", "not the password")
    expect(tab.page.get_by_role("alert")).to_contain_text("Name or password is not right")
    tab.accessible()
    tab.pictures("login-refused")
    log_in(tab, "look")
    assert heading(tab) == "Audit log"
    assert tab.page.url.endswith("/audit?q=nobody")
    tab.page.get_by_role("button", name="Log out").click()
    expect(tab.page.get_by_role("status").filter(has_text="You are logged out")).to_be_visible()
    tab.go("/")
    assert heading(tab) == "Log in"


def test_the_audit_log_says_who_came_and_who_was_refused(tab: Tab) -> None:
    tab.go("/")
    log_in(tab, "eve", "a guess of mine")
    log_in(tab, "run")
    tab.go("/audit")
    tab.accessible()
    tab.pictures("audit-entries")
    tab.page.get_by_role("searchbox").fill("login.refused")
    rows = tab.page.locator("#results tbody tr")
    expect(rows.filter(has_text="login.ok")).to_have_count(0)
    expect(rows.first).to_contain_text("eve")
    assert tab.page.url.endswith("/audit?q=login.refused")
    expect(tab.page.locator("#live")).to_contain_text("entries")
    assert "a guess of mine" not in tab.page.content()


def test_who_may_not_release_is_not_shown_how(
    chromium: Browser, console_process: ConsoleProcess
) -> None:
    shown = {}
    for role in Role:
        with new_tab(chromium, console_process) as other:
            other.go("/")
            log_in(other, role)
            buttons = other.page.locator(".heading a.button")
            expect(other.page.get_by_role("heading", name="Overview")).to_be_visible()
            shown[role] = buttons.all_inner_texts()
    assert shown[Role.LOOK] == []
    assert shown[Role.RUN] == ["Start a run"]
    assert shown[Role.RELEASE] == ["Start a run", "Promote a version"]


def test_a_form_of_another_site_does_nothing(tab: Tab) -> None:
    tab.go("/")
    log_in(tab, "release")
    foreign = """
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/logout";
      document.body.append(form);
      form.submit();
    """
    with tab.page.expect_navigation():
        tab.page.evaluate(foreign)
    assert heading(tab) == "You may not do this"
    tab.go("/")
    assert heading(tab) == "Overview"


def test_a_page_that_is_open_learns_that_its_user_is_out(
    tab: Tab, console_process: ConsoleProcess
) -> None:
    users = users_of(console_process)
    users.add("gone", Role.RELEASE, PASSWORD)
    tab.go("/")
    log_in(tab, "gone")
    tab.go("/audit")
    users.remove("gone")
    with tab.page.expect_navigation():
        tab.page.get_by_role("searchbox").fill("x")
    assert heading(tab) == "Log in"
    assert "next=%2Faudit%3Fq%3Dx" in tab.page.url


def test_the_form_works_by_keyboard_alone(tab: Tab) -> None:
    tab.go("/")
    tab.page.keyboard.type("look")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type(PASSWORD)
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
    assert heading(tab) == "Overview"
