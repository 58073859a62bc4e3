"""Updates under load: no request fails while one server takes another's place on its port."""

import http.client
import signal
import time

import pytest

from tests.fixtures.handover import Goes, in_a_network, measured
from tests.fixtures.serving import Serving

MOVES = 12


@pytest.mark.parametrize("goes", Goes)
def test_no_prediction_fails_and_none_is_asked_twice(goes: Goes) -> None:
    """Also in a network that does not pass waiting connections on, as this machine's mostly is."""
    figures = measured("serving", MOVES, goes)
    assert (figures["failures"], figures["repeated"]) == ({}, 0)
    assert figures["sent"] > 100


@pytest.mark.system
@pytest.mark.parametrize("goes", Goes)
@pytest.mark.parametrize("server", ["serving", "hello"])
def test_no_request_fails_in_the_network_of_a_device(server: str, goes: Goes) -> None:
    """And the system never has to pass on what waits where somebody stops listening: now and then
    it fails to, with what comes in the same instant."""
    figures = in_a_network(server, MOVES, goes, migrate=True)
    assert (figures["failures"], figures["repeated"], figures["migrated"]) == ({}, 0, 0)
    assert figures["sent"] > 100


def test_a_kept_connection_is_told_that_it_ends(serving: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
    try:
        for _ in range(3):
            connection.request("GET", "/version/")
            answer = connection.getresponse()
            answer.read()
            assert not answer.will_close
        serving.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)  # less than it waits for kept connections
        connection.request("GET", "/version/")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
    finally:
        connection.close()
    assert serving.process.wait(60) == 0
