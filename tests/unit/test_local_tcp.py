"""A port that is ours to listen on, and one that is not."""

import socket
import threading

import pytest

from slipway.domain.errors import InvalidSetting, PortInUse
from slipway.local import tcp
from tests.fixtures.free_ports import free_port


def test_a_port_that_comes_free_in_time_is_free() -> None:
    """What was killed a moment ago holds its port a little longer."""
    with socket.socket() as dying:
        dying.bind(("127.0.0.1", free_port()))
        dying.listen()
        port = dying.getsockname()[1]
        threading.Timer(0.3, dying.close).start()
        tcp.require_free("127.0.0.1", port, "some.setting")


def test_a_port_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_LET_GO", 0.2)
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port()))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)) as caught:
            tcp.require_free("127.0.0.1", port, "some.setting")
    assert "some.setting" in caught.value.hint


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_an_invalid_setting(port: int) -> None:
    with pytest.raises(InvalidSetting, match=f"some.setting names port {port}"):
        tcp.require_free("127.0.0.1", port, "some.setting")


def test_an_address_of_another_machine_is_refused_at_once() -> None:
    with pytest.raises(PortInUse, match=r"192\.0\.2\.1"):
        tcp.require_free("192.0.2.1", free_port(), "some.setting")
