"""The stack starts when all of it can."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.domain.errors import InvalidSetting, PortInUse
from slipway.domain.git import Trigger, WatchedRepository
from slipway.local import stack, tcp
from slipway.settings import ConsoleSettings, LocalSettings, RegistrySettings, Settings, load
from tests.fixtures.free_ports import free_ports


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    registry, model_done, tag_monitor, console = free_ports(4)
    return replace(
        load(tmp_path, {}),
        registry=RegistrySettings(address=f"127.0.0.1:{registry}"),
        local=LocalSettings(model_done, tag_monitor),
        console=ConsoleSettings(port=console),
    )


def test_a_port_in_use_keeps_all_parts_from_starting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_LET_GO", 0.2)
    port = settings.local.tag_monitor_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortInUse, match=str(port)) as caught:
            stack.up(settings, print)
    assert "local.tag_monitor_port" in caught.value.hint
    assert not any(part.running for part in stack.status(settings))
    assert not settings.home.exists()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:70000", "127.0.0.1:0"])
def test_a_local_registry_needs_a_port(settings: Settings, address: str) -> None:
    with pytest.raises(InvalidSetting, match="port"):
        stack.up(replace(settings, registry=RegistrySettings(address=address)), print)
    assert not settings.home.exists()


def test_pushes_are_served_when_a_repository_is_watched(settings: Settings) -> None:
    watched = WatchedRepository("x", "/x.git", (Trigger("parts", ("main",)),))
    with_git = replace(settings, repositories=(watched,))
    assert "git_push" not in [part.name for part in stack.status(settings)]
    assert "git_push" in [part.name for part in stack.status(with_git)]
