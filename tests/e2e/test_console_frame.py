"""What all pages of the console have, in a real browser."""

import pytest

from tests.fixtures.browser import Tab

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.parametrize(("path", "name"), [("/", "home"), ("/audit", "audit"), ("/no", "error")])
def test_pages_are_accessible_and_are_kept_as_pictures(tab: Tab, path: str, name: str) -> None:
    tab.go(path)
    tab.accessible()
    tab.pictures(name)


def test_the_keyboard_reaches_all(tab: Tab) -> None:
    tab.go("/audit")
    tab.page.keyboard.press("Tab")
    skip = tab.page.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("e => e === document.activeElement")
    assert skip.is_visible()
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "main"
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.name") == "q"


def test_the_menu_is_in_the_order_of_the_page(tab: Tab) -> None:
    tab.go("/")
    links = tab.page.get_by_role("navigation", name="Console").get_by_role("link")
    names = links.all_text_contents()
    reached = []
    for _ in range(len(names) + 2):
        tab.page.keyboard.press("Tab")
        reached.append(tab.page.evaluate("document.activeElement.textContent"))
    assert reached == ["Skip to the content", "Slipway", *names]


def test_a_tab_that_nobody_sees_follows_nothing(tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.clock.install()
    with tab.page.expect_response("**/events"):
        tab.go("/")
    _seen(tab, seen=False)
    tab.page.clock.fast_forward(11_000)
    _seen(tab, seen=True)
    with tab.page.expect_response("**/events") as answer:
        tab.page.clock.fast_forward(1_000)
    assert answer.value.status == 200
    assert sum(url.endswith("/events") for url in asked) == 2
    assert tab.problems == ["error: [object Event]"]  # so htmx tells that it was cut off
    tab.problems.clear()


def _seen(tab: Tab, *, seen: bool) -> None:
    """Let the page believe that its tab is in front, or not."""
    tab.page.evaluate(
        """seen => {
          Object.defineProperty(document, "hidden", {get: () => !seen, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        seen,
    )
