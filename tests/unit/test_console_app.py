"""The console's frame: headers, hosts, tokens, errors, pages of lists."""

import re
from collections.abc import Iterator

import pytest
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from slipway.console.app import create_app
from slipway.console.csrf import LARGEST, form_of
from slipway.console.paging import Page, page_request
from slipway.console.replies import see_other
from slipway.console.site import site_of
from slipway.console.templating import STATIC, ago, seconds, when
from slipway.domain import errors
from slipway.domain.errors import InvalidInput, SlipwayError
from tests.fixtures.console import Console

ERRORS = {
    "NotFound": 404,
    "InvalidName": 400,
    "Denied": 403,
    "AlreadyExists": 409,
    "GateClosed": 409,
    "ServerError": 503,
    "DiskFull": 500,
}


def wrong(request: Request) -> Response:
    kind: type[SlipwayError] = getattr(errors, request.path_params["kind"])
    raise kind("<b>it</b> is wrong", hint="mend it")


def broken(request: Request) -> Response:
    raise ZeroDivisionError("a secret of the program")


def said(request: Request) -> Response:
    return see_other(request, "/", f"Thank you for {form_of(request)['what']}")


def whose(request: Request) -> Response:
    site_of(request).trail(request).note("test.do", "it")
    return PlainTextResponse("done")


@pytest.fixture
def frame(console: Console) -> Iterator[Console]:
    """A console with some pages that only tests have."""
    app = create_app(console.settings)
    app.router.routes += [
        Route("/wrong/{kind}", wrong),
        Route("/broken", broken),
        Route("/say", said, methods=["POST"]),
        Route("/whose", whose, methods=["POST"]),
    ]
    with TestClient(app, base_url="http://127.0.0.1:5055") as client:
        yield Console(client, console.settings)


def test_pages_are_there(console: Console) -> None:
    assert "<h1>Overview</h1>" in console.get("/")
    assert "<h1>Audit log</h1>" in console.get("/audit")
    assert console.get("/healthz") == "ok\n"


def test_what_is_not_there_is_a_page_too(console: Console) -> None:
    page = console.get("/nothing", 404)
    assert "nothing is at /nothing" in page
    assert 'aria-label="Console"' in page
    assert "page is &#39;x&#39;" in console.get("/audit?page=x", 400)


@pytest.mark.parametrize(("kind", "status"), ERRORS.items())
def test_errors_are_pages_that_say_what_to_do(frame: Console, kind: str, status: int) -> None:
    page = frame.get(f"/wrong/{kind}", status)
    assert "&lt;b&gt;it&lt;/b&gt; is wrong" in page
    assert "mend it" in page


def test_a_defect_is_a_page_without_what_is_in_it(
    frame: Console, caplog: pytest.LogCaptureFixture
) -> None:
    page = frame.get("/broken", 500)
    assert "ZeroDivisionError" in page
    assert "a secret of the program" not in page
    assert "a secret of the program" in caplog.text


@pytest.mark.parametrize("path", ["/", "/nothing", "/broken", "/static/console.css", "/healthz"])
def test_every_answer_has_the_headers(frame: Console, path: str) -> None:
    headers = frame.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_pages_hold_nothing_inline_that_the_policy_would_block(console: Console) -> None:
    for path in ("/", "/audit", "/nothing"):
        page = console.client.get(path).text
        assert not re.findall(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", page)


def test_files_are_kept_as_long_as_they_are_the_same(console: Console) -> None:
    address = re.findall(r'href="(/static/console\.css\?\w+)"', console.get("/"))[0]
    answer = console.client.get(address)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == (STATIC / "console.css").read_bytes()
    assert console.client.get("/static/../app.py").status_code == 404
    assert console.client.get("/static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:5055", 200),
        ("localhost:5055", 200),
        ("LOCALHOST", 200),
        ("[::1]:5055", 200),
        ("evil.example:5055", 400),
        ("127.0.0.1.evil.example", 400),
        ("", 400),
    ],
)
def test_only_its_own_names_are_answered(console: Console, host: str, status: int) -> None:
    answer = console.client.get("/", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or "set-cookie" not in answer.headers


def test_a_form_with_its_token_does_what_it_says(frame: Console) -> None:
    assert "Thank you for &lt;i&gt;" in frame.post("/say", {"what": "<i>"})
    assert "Thank you" not in frame.get("/")


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("x", {}),
        ("own", {"Origin": "https://evil.example"}),
        ("own", {"Origin": "null"}),
        ("own", {"Sec-Fetch-Site": "cross-site"}),
        ("own", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_a_foreign_form_does_nothing(frame: Console, token: str, headers: dict[str, str]) -> None:
    frame.get("/")
    fields = {"csrf": frame.token() if token == "own" else token}
    answer = frame.client.post("/whose", data=fields, headers=headers)
    assert answer.status_code == 403
    assert frame.site.audit.read() == []


def test_the_token_is_of_one_browser(frame: Console) -> None:
    frame.get("/")
    token = frame.token()
    frame.client.cookies.clear()
    frame.get("/")
    assert frame.client.post("/whose", data={"csrf": token}).status_code == 403
    assert frame.client.post("/whose", data={"csrf": frame.token()}).status_code == 200


def test_the_console_writes_down_who_it_was(frame: Console) -> None:
    frame.post("/whose")
    (entry,) = frame.site.audit.read()
    assert (entry.via, entry.action) == ("console", "test.do")
    assert f">{entry.who}<" in frame.get("/audit?q=TEST.do")
    assert "No entries" in frame.get("/audit?q=other")


def test_a_form_that_is_too_long_is_refused(frame: Console) -> None:
    assert "longer than" in frame.post("/say", {"what": "x" * LARGEST}, 400)


def test_a_file_that_is_sent_is_refused(frame: Console) -> None:
    frame.get("/")
    answer = frame.client.post(
        "/say", data={"csrf": frame.token(), "what": "x"}, files={"file": b"x"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("total", "number", "first", "last", "pages"),
    [(0, 1, 0, 0, 1), (1, 1, 1, 1, 1), (50, 1, 1, 50, 1), (51, 2, 51, 51, 2), (51, 3, 0, 0, 2)],
)
def test_pages_of_a_list(total: int, number: int, first: int, last: int, pages: int) -> None:
    page = Page.of(list(range(1, total + 1)), number, 50)
    assert (page.first, page.last, page.pages, page.total) == (first, last, pages, total)
    assert list(page.items) == (list(range(first, last + 1)) if first else [])


@pytest.mark.parametrize(
    ("query", "asked"),
    [("", (1, 50)), ("page=3&size=20", (3, 20)), ("page=&size=", (1, 50)), ("size=200", (1, 200))],
)
def test_the_page_that_is_asked_for(query: str, asked: tuple[int, int]) -> None:
    assert page_request(request(query)) == asked


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=9999999999", "size=201"])
def test_pages_that_cannot_be(query: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        page_request(request(query))
    assert str(QueryParams(query).multi_items()[0][1]) in caught.value.message
    assert "whole number" in caught.value.hint


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations(duration: float, told: str) -> None:
    assert seconds(duration) == told


def test_points_in_time_are_for_machines_too() -> None:
    assert 'datetime="2017-07-26T14:50:26+00:00"' in when(1501080626)
    assert " ago</time>" in ago(1501080626)
    assert "just now" in ago(9_999_999_999)
