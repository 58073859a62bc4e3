"""`slipway console` and `slipway console-user` as processes."""

import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.fixtures.browser import ConsoleProcess, serving
from tests.fixtures.installation import Installation, new_installation

PASSWORD = "four easy words here"


@pytest.fixture
def new(tmp_path: Path) -> Installation:
    return new_installation(tmp_path, archs=("x86_64",))


def open_page(process: ConsoleProcess, path: str) -> HTTPResponse:
    answer: HTTPResponse = urllib.request.urlopen(process.url + path, timeout=30)
    return answer


def users(installation: Installation, *arguments: str, typed: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from slipway.cli import main; main()", "console-user", *arguments],
        cwd=installation.folder,
        env=installation.environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_it_ends_at_once_while_browsers_listen(new: Installation) -> None:
    with ExitStack() as stack:
        with serving(new) as process:
            stream = stack.enter_context(open_page(process, "/events"))
            assert stream.readline() == b"retry: 2000\n"
            assert stream.headers["Content-Type"].startswith("text/event-stream")
        stream.read()  # raises where it is cut off
    log = (new.folder / "console.log").read_text()
    assert log.startswith(f"console       {process.url}/\n")
    assert "ERROR" not in log


def test_a_restart_keeps_sessions(new: Installation) -> None:
    with serving(new) as process, open_page(process, "/") as answer:
        first = answer.headers["Set-Cookie"]
    with serving(new) as process:
        cookie = first.partition(";")[0]
        asked = urllib.request.Request(process.url + "/", headers={"Cookie": cookie})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.headers["Set-Cookie"] is None


def test_a_second_one_says_that_the_port_is_taken(new: Installation) -> None:
    with serving(new) as process:
        second = new.run("console")
    assert second.returncode == 5
    assert process.url.rpartition(":")[2] in second.stderr
    assert "console.port" in second.stderr
    assert "Traceback" not in second.stderr


def test_beyond_loopback_somebody_has_to_be_able_to_log_in(new: Installation) -> None:
    new.environment["SLIPWAY_CONSOLE_HOST"] = "0.0.0.0"
    for command in ("console", "up"):
        refused = new.run(command)
        assert refused.returncode == 2
        assert "nobody can log in" in refused.stderr
        assert "slipway console-user add" in refused.stderr
    assert not (new.home / "run").exists()
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    assert users(new, "add", "ann", "--role", "release", typed=typed) == "ann may release\n"
    with serving(new) as process, pytest.raises(urllib.error.HTTPError) as caught:
        asked = urllib.request.Request(process.url + "/", headers={"HX-Request": "true"})
        urllib.request.urlopen(asked, timeout=30)
    caught.value.close()
    assert caught.value.code == 401


def test_users_are_added_changed_and_removed(new: Installation) -> None:
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    assert "ann may look" in users(new, "add", "ann", typed=typed)
    assert "bob may run" in users(new, "add", "bob", "--role", "run", "--no-password")
    assert "two passwords" in users(new, "password", "ann", typed=f"{PASSWORD}\nother\n")
    assert "ann has another password" in users(new, "password", "ann", typed=typed)
    assert "'king' is not a role" in users(new, "role", "ann", "king")
    assert "ann may run" in users(new, "role", "ann", "run")
    assert "there is no user 'eve'" in users(new, "remove", "eve")
    assert new.ask("console-user", "list") == [
        {"name": "ann", "role": "run", "password": True},
        {"name": "bob", "role": "run", "password": False},
    ]
    assert "bob is out" in users(new, "remove", "bob")
    log = (new.home / "audit" / "log.jsonl").read_text()
    for action in ("user.add", "user.password", "user.role", "user.remove"):
        assert f'"{action}"' in log
    assert PASSWORD not in log


@pytest.mark.system
def test_up_starts_it_and_down_ends_it(new: Installation) -> None:
    process = ConsoleProcess(new)
    try:
        assert f"console       {process.url}/" in new.slipway("up")
        (part,) = [part for part in new.ask("status")["parts"] if part["name"] == "console"]
        assert (part["running"], part["where"]) == (True, f"{process.url}/")
        with open_page(process, "/events") as stream:
            assert "console stopped" in new.slipway("down")
            stream.read()  # raises where it is cut off
    finally:
        new.run("down")
