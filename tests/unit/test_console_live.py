"""One look for all who listen."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.requests import Request

from slipway.console import live
from slipway.console.live import Broadcast, Final, Topics
from slipway.domain.errors import Unavailable

TICK = 0.01


class Browser:
    """Reads what one browser is sent, an event at a time."""

    def __init__(self, broadcast: Broadcast, allowed: Callable[[], bool] = lambda: True) -> None:
        request = Request({"type": "http", "headers": [], "state": {"still_allowed": allowed}})
        response: Any = broadcast.response(request)
        self._parts: AsyncIterator[str] = response.body_iterator

    async def next(self) -> str:
        return await asyncio.wait_for(anext(self._parts), 5)

    async def all(self) -> list[str]:
        return [part async for part in self._parts]

    async def leave(self) -> None:
        parts: Any = self._parts
        await parts.aclose()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await test()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            with suppress(TimeoutError):
                await asyncio.wait_for(task, 1)

    asyncio.run(whole())


def counting() -> tuple[Callable[[], str], Iterator[int]]:
    numbers = itertools.count(1)
    return (lambda: f"{next(numbers)}\nlines"), numbers


def test_all_are_told_of_one_look() -> None:
    states = ["one", "one", "two"]
    looks = []

    def make() -> str:
        looks.append(1)
        return states[min(len(looks), len(states)) - 1]

    async def test() -> None:
        broadcast = Broadcast(make, TICK)
        browsers = [Browser(broadcast) for _ in range(5)]
        assert {await browser.next() for browser in browsers} == {"retry: 2000\n\n"}
        assert {await browser.next() for browser in browsers} == {"event: state\ndata: one\n\n"}
        assert {await browser.next() for browser in browsers} == {"event: state\ndata: two\n\n"}
        late = Browser(broadcast)
        assert await late.next() == "retry: 2000\n\n"
        assert await late.next() == "event: state\ndata: two\n\n"
        for browser in (*browsers, late):
            await browser.leave()
        assert broadcast.listeners == 0

    run(test)
    assert len(looks) < 50  # nobody looks on when nobody listens


def test_lines_are_data_each() -> None:
    async def test() -> None:
        browser = Browser(Broadcast(lambda: "<p>\n</p>", TICK, event="log"))
        await browser.next()
        assert await browser.next() == "event: log\ndata: <p>\ndata: </p>\n\n"
        await browser.leave()

    run(test)


def test_the_last_state_says_that_it_is_the_last() -> None:
    async def test() -> None:
        parts = await Browser(Broadcast(lambda: Final("done"), TICK)).all()
        assert parts[1:] == ["event: state\ndata: done\n\n", "event: over\ndata: \n\n"]

    run(test)


def test_who_is_slow_gets_the_newest_alone() -> None:
    make, numbers = counting()

    async def test() -> None:
        browser = Browser(Broadcast(make, TICK))
        await browser.next()
        await asyncio.sleep(TICK * 20)
        first = await browser.next()
        assert first != "event: state\ndata: 1\ndata: lines\n\n"
        await browser.leave()

    run(test)
    assert next(numbers) > 2


def test_a_look_that_fails_leaves_what_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    looks = itertools.count(1)

    def make() -> str:
        if (number := next(looks)) == 2:
            raise Unavailable("the registry is away", hint="wait")
        return str(number)

    async def test() -> None:
        browser = Browser(Broadcast(make, TICK))
        await browser.next()
        assert "data: 1\n" in await browser.next()
        assert "data: 3\n" in await browser.next()
        await browser.leave()

    run(test)
    assert "the registry is away" in caplog.text


def test_who_is_no_longer_let_in_is_told_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    make, _ = counting()
    inside = True

    async def test() -> None:
        nonlocal inside
        browser = Browser(Broadcast(make, TICK), lambda: inside)
        await browser.next()
        await browser.next()
        inside = False
        assert await browser.all() == []

    run(test)
    monkeypatch.setattr(live, "_HEARTBEAT", 0.01)

    async def silent() -> None:
        nonlocal inside
        inside = True
        browser = Browser(Broadcast(lambda: "same", TICK), lambda: inside)
        assert [await browser.next() for _ in range(3)][2] == ":\n\n"
        inside = False
        assert await browser.all() == []

    run(silent)


def test_topics_are_kept_while_somebody_listens() -> None:
    async def test() -> None:
        topics = Topics()
        one = topics.topic("one", lambda: "1", TICK)
        browser = Browser(one)
        await browser.next()
        assert topics.topic("one", lambda: "other", TICK) is one
        topics.close()
        assert await browser.all() in ([], ["event: state\ndata: 1\n\n"])
        assert topics.topic("one", lambda: "1", TICK) is not one

    run(test)
