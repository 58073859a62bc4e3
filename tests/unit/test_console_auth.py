"""Who comes in, who does what, and what ends it."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from slipway.console.access import Role, needs, user_of
from slipway.console.app import create_app
from slipway.console.doors import console_users, open_door
from slipway.console.throttle import Throttle
from slipway.console.users import Users
from slipway.domain.errors import (
    AlreadyExists,
    Denied,
    InvalidInput,
    InvalidSetting,
    NotFound,
    SlipwayError,
)
from slipway.settings import ConsoleSettings, Settings, load
from tests.fixtures.console import Console

PASSWORD = "four easy words here"


@pytest.fixture(autouse=True)
def cheap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost less than real ones, for the tests that do not look at them."""
    if request.function is not test_the_users_file_is_its_owners:
        made = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr("slipway.console.users._hasher", lambda: made)


@needs(Role.RUN)
def running(request: Request) -> Response:
    return PlainTextResponse(f"{user_of(request).name} runs")


@needs(Role.RELEASE)
async def releasing(request: Request) -> Response:
    return PlainTextResponse(f"{user_of(request).name} releases")


def served(settings: Settings, **options: Any) -> TestClient:
    app = create_app(settings)
    app.router.routes += [
        Route("/run-it", running, methods=["POST"]),
        Route("/release-it", releasing, methods=["POST"]),
    ]
    return TestClient(app, base_url="http://console.example:5055", **options)


def with_console(folder: Path, console: ConsoleSettings) -> Settings:
    return replace(load(folder, {"SLIPWAY_HOME": str(folder / ".slipway")}), console=console)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = with_console(tmp_path, ConsoleSettings(host="0.0.0.0"))
    console_users(made).add("ann", Role.RELEASE, PASSWORD)
    console_users(made).add("bob", Role.RUN, PASSWORD)
    console_users(made).add("cid", Role.LOOK, PASSWORD)
    return made


@pytest.fixture
def door(settings: Settings) -> Iterator[Console]:
    with served(settings) as client:
        yield Console(client, settings)


def log_in(console: Console, name: str, password: str = PASSWORD, status: int = 200) -> str:
    return console.post("/login", {"name": name, "password": password}, status)


def test_without_a_login_there_is_nothing_but_the_login(door: Console) -> None:
    answer = door.client.get("/audit?q=x&page=2", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Faudit%3Fq%3Dx%26page%3D2"
    page = door.get("/audit?q=x")
    assert "<h1>Log in</h1>" in page
    assert 'aria-label="Console"' not in page
    assert door.get("/healthz") == "ok\n"
    answer = door.client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login?next=%2F")
    assert "not logged in" in door.post("/run-it", status=401)


def test_a_login_leads_on_to_where_one_wanted_to_go(door: Console) -> None:
    fields = {"name": "ann", "password": PASSWORD, "next": "/audit?q=login"}
    page = door.post("/login", fields)
    assert "<h1>Audit log</h1>" in page
    assert "login.ok" in page
    assert PASSWORD not in door.site.audit.read()[0].details.values()
    assert "You are logged out" in door.post("/logout")
    assert "<h1>Log in</h1>" in door.get("/")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"]
)
def test_a_login_leads_to_no_other_site(door: Console, elsewhere: str) -> None:
    door.get("/login")
    fields = {"csrf": door.token(), "name": "ann", "password": PASSWORD, "next": elsewhere}
    answer = door.client.post("/login", data=fields, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("eve", PASSWORD), ("", "")])
def test_a_wrong_login_is_refused_and_written_down(door: Console, name: str, password: str) -> None:
    page = log_in(door, name, password, 403)
    assert "Name or password is not right" in page
    assert password not in page or not password
    (entry,) = door.site.audit.read()
    assert (entry.action, entry.target) == ("login.refused", name)
    assert "<h1>Log in</h1>" in door.get("/")


def test_guessing_has_to_wait_also_with_the_right_password(door: Console) -> None:
    for _ in range(5):
        log_in(door, "ann", "wrong", 403)
    assert "Too many failed logins" in log_in(door, "ann", PASSWORD, 429)
    assert len(door.site.audit.read()) == 5


@pytest.mark.parametrize(
    ("name", "runs", "releases"), [("ann", 200, 200), ("bob", 200, 403), ("cid", 403, 403)]
)
def test_each_role_may_do_its_part(door: Console, name: str, runs: int, releases: int) -> None:
    log_in(door, name)
    assert (f"{name} runs" in door.post("/run-it", status=runs)) == (runs == 200)
    refused = door.post("/release-it", status=releases)
    assert releases == 200 or "and this needs release" in refused


def test_a_login_ends_with_what_it_rested_on(door: Console, settings: Settings) -> None:
    users = console_users(settings)
    changes: tuple[Callable[[], None], ...] = (
        lambda: users.set_role("bob", Role.LOOK),
        lambda: users.set_password("bob", PASSWORD),
        lambda: users.remove("bob"),
    )
    for change in changes:
        assert "<h1>Overview</h1>" in log_in(door, "bob")
        change()
        assert "<h1>Log in</h1>" in door.get("/")


def test_a_login_ends_in_time(door: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(door, "ann")
    now = door.client.get("/").text
    assert "<h1>Overview</h1>" in now
    later = time.time() + 12 * 3600 + 1
    monkeypatch.setattr("slipway.console.sessions.time.time", lambda: later)
    assert "<h1>Log in</h1>" in door.get("/")


def test_cookies_are_out_of_reach(door: Console) -> None:
    cookie = door.client.get("/login").headers["set-cookie"]
    assert "HttpOnly; SameSite=Lax" in cookie
    assert "Secure" not in cookie
    forged = cookie.partition("=")[2].partition(";")[0][:-4] + "AAAA"
    door.client.cookies.clear()
    door.client.cookies.set("slipway_5055", forged)
    assert "<h1>Log in</h1>" in door.get("/")


def test_behind_https_cookies_are_secure(settings: Settings) -> None:
    console = replace(settings.console, proxy_from=("10.1.0.0/16",))
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    with served(replace(settings, console=console), client=("10.1.2.3", 1)) as client:
        cookie = client.get("/login", headers=told).headers["set-cookie"]
        assert "; Secure" in cookie
    with served(replace(settings, console=console), client=("10.2.2.3", 1)) as client:
        assert "; Secure" not in client.get("/login", headers=told).headers["set-cookie"]


@pytest.fixture
def proxied(tmp_path: Path) -> Settings:
    console = ConsoleSettings(
        host="0.0.0.0", proxy_header="X-User", proxy_from=("10.0.0.1",), proxy_role="look"
    )
    made = with_console(tmp_path, console)
    console_users(made).add("ann", Role.RELEASE)
    return made


@pytest.mark.parametrize(
    ("address", "names", "status", "said"),
    [
        ("10.0.0.1", ["ann"], 200, ">ann<"),
        ("10.0.0.1", ["eve@example.org"], 200, "eve@example.org"),
        ("10.0.0.1", [], 403, "names nobody"),
        ("10.0.0.1", [" "], 403, "names nobody"),
        ("10.0.0.1", ["eve", "ann"], 403, "more than one"),
        ("10.0.0.2", ["ann"], 403, "by its proxy alone"),
    ],
)
def test_a_proxy_says_who_it_is(
    proxied: Settings, address: str, names: list[str], status: int, said: str
) -> None:
    with served(proxied, client=(address, 1)) as client:
        answer = client.get("/", headers=[("X-User", name) for name in names])
        assert answer.status_code == status
        assert said in answer.text
        assert client.get("/healthz").status_code == 200


def test_whom_no_role_is_for_stays_out(proxied: Settings) -> None:
    strict = replace(proxied, console=replace(proxied.console, proxy_role=""))
    with served(strict, client=("10.0.0.1", 1)) as client:
        assert client.get("/", headers={"X-User": "ann"}).status_code == 200
        assert "none of the console" in client.get("/", headers={"X-User": "eve"}).text


@pytest.mark.parametrize(
    ("console", "said"),
    [
        (ConsoleSettings(host="0.0.0.0"), "nobody can log in"),
        (ConsoleSettings(authentication="always"), "nobody can log in"),
        (ConsoleSettings(authentication="off"), "is 'off'"),
        (ConsoleSettings(host="0.0.0.0", authentication="never"), "never"),
        (ConsoleSettings(proxy_header="X-User"), "anybody could send"),
        (
            ConsoleSettings(
                proxy_header="X-User", proxy_from=("10.0.0.1",), authentication="never"
            ),
            "anybody could send",
        ),
    ],
)
def test_settings_that_let_nobody_or_anybody_in(
    tmp_path: Path, console: ConsoleSettings, said: str
) -> None:
    with pytest.raises(InvalidSetting, match=said) as caught:
        open_door(with_console(tmp_path, console))
    assert caught.value.hint


def test_proxies_are_addresses(tmp_path: Path) -> None:
    console = ConsoleSettings(proxy_header="X-User", proxy_from=("proxy.example",))
    with pytest.raises(InvalidSetting, match=r"proxy\.example"):
        create_app(with_console(tmp_path, console))


def test_the_users_file_is_its_owners(tmp_path: Path) -> None:
    users = Users(tmp_path / "console" / "users.json")
    assert users.all() == {}
    users.add("ann", Role.LOOK, PASSWORD)
    path = tmp_path / "console" / "users.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    document = json.loads(path.read_text())
    assert document["ann"]["password"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert users.log_in("ann", PASSWORD) == users.find("ann")
    path.chmod(0o644)
    with pytest.raises(Denied, match="others than its owner") as caught:
        Users(path).all()
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", '{"ann": {}}', '{"ann": {"role": "king"}}'])
def test_a_users_file_that_is_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "users.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InvalidSetting, match=r"users\.json") as caught:
        Users(path).all()
    assert caught.value.hint


def test_what_cannot_be_done_with_users(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.json")
    users.add("ann", Role.LOOK, PASSWORD)
    wrong: list[tuple[type[SlipwayError], Any]] = [
        (AlreadyExists, lambda: users.add("ann", Role.RUN, PASSWORD)),
        (InvalidInput, lambda: users.add("a b", Role.RUN, PASSWORD)),
        (InvalidInput, lambda: users.add("bob", Role.RUN, "short")),
        (InvalidInput, lambda: users.set_password("ann", "short")),
        (NotFound, lambda: users.set_role("bob", Role.RUN)),
        (NotFound, lambda: users.set_password("bob", PASSWORD)),
        (NotFound, lambda: users.remove("bob")),
    ]
    before = (tmp_path / "users.json").read_bytes()
    for kind, do in wrong:
        with pytest.raises(kind):
            do()
    assert (tmp_path / "users.json").read_bytes() == before
    assert users.log_in("ann", PASSWORD * 100) is None


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_failure_makes_the_next_try_wait_twice_as_long() -> None:
    throttle = Throttle(clock := Clock())
    waits = []
    for _ in range(20):
        waits.append(throttle.attempt("name ann", "address 1"))
        if waits[-1]:
            clock.now += waits[-1]
            assert throttle.attempt("name ann", "address 1") == 0
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * 5]
    assert throttle.attempt("name bob", "address 2") == 0
    assert throttle.attempt("name bob", "address 1") == 900
    assert throttle.attempt("name ann", "address 2") == 900


def test_failures_are_forgotten_in_time_but_not_by_a_login_of_ones_own() -> None:
    throttle = Throttle(clock := Clock())
    for _ in range(5):
        assert throttle.attempt("name ann", "address 1") == 0
        clock.now += 1
    for _ in range(3):
        assert throttle.attempt("name bob", "address 1") == 0
        throttle.succeeded("name bob", "address 1")
        clock.now += 1
    assert throttle.attempt("name ann", "address 1") == 0
    assert throttle.attempt("name bob", "address 1") == 2
    clock.now += 3601
    assert throttle.attempt("name ann", "address 1") == 0
    assert throttle.attempt("name ann", "address 1") == 0
