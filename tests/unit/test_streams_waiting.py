"""What waits, and whose turn it is."""

import os
import threading

from slipway_serving.streams.inbox import Inbox
from slipway_serving.streams.turn import Turn

from tests.fixtures.waiting import wait_for


def test_a_flood_takes_nothing_from_the_others() -> None:
    inbox = Inbox(4000)
    taken = [inbox.put("flood", bytes(95)) for _ in range(100)]
    assert taken == [True] * 10 + [False] * 90
    assert inbox.put("other", bytes(95))


def test_what_comes_after_a_loss_does_not_follow() -> None:
    inbox = Inbox(400)
    assert [inbox.put("s", bytes(60)) for _ in range(3)] == [True, False, False]
    first = inbox.take(0)
    assert first
    assert inbox.put("s", bytes(60))
    inbox.take(0)
    assert inbox.put("s", bytes(60))
    last = inbox.take(0)
    assert last
    assert (first.follows, last.follows) == (True, True)


def test_all_is_done_when_the_last_one_is() -> None:
    inbox = Inbox(4000)
    inbox.put("s", b"1")
    assert not inbox.drained(0)
    inbox.take(0)
    assert not inbox.drained(0)
    assert inbox.take(0) is None
    assert inbox.drained(0)


class _Process:
    """Takes part until it is told to end."""

    def __init__(self, name: str, left: bytes) -> None:
        self.leaving = threading.Event()
        self.turn = Turn(name, self.leaving)
        self.got: list[bytes] = []
        self.has = False
        self._left = left
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        found = self.turn.ask()
        while found is not None:
            self.got.append(found)
            self.has = True
            while not (self.leaving.is_set() or self.turn.look(0.02)):
                pass
            self.has = False
            self.turn.give(self._left)
            found = self.turn.wait()

    def end(self) -> None:
        self.leaving.set()
        self.thread.join()


def test_the_latest_has_the_turn_and_the_one_before_gets_it_back() -> None:
    name = f"test-{os.getpid()}"
    one = _Process(name, b"of one")
    wait_for(lambda: one.has, "the first")
    two = _Process(name, b"of two")
    wait_for(lambda: two.has, "the second")
    three = _Process(name, b"of three")
    wait_for(lambda: three.has, "the third")
    wait_for(lambda: len(three.turn._waiting) == 2, "those before to wait")
    assert (one.has, two.has) == (False, False)
    three.end()
    wait_for(lambda: one.has or two.has, "one of those before")
    assert one.has != two.has
    for process in (one, two):
        process.end()
    assert (one.got[0], two.got[0], three.got[0]) == (b"", b"of one", b"of two")
    assert b"of three" in one.got + two.got
