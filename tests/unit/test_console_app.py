"""The console's frame: headers, hosts, tokens, errors."""

from tests.fixtures.console import Console


def test_pages_are_there(console: Console) -> None:
    assert "<h1>Overview</h1>" in console.get("/")
    assert "<h1>Audit log</h1>" in console.get("/audit")
    assert console.get("/healthz") == "ok\n"


def test_what_is_not_there_is_a_page_too(console: Console) -> None:
    page = console.get("/nothing", 404)
    assert "nothing is at /nothing" in page
    assert 'aria-label="Console"' in page
    assert "page is &#39;x&#39;" in console.get("/audit?page=x", 400)
