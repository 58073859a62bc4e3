"""Settings: defaults, the file, the environment over it, and refusals that name the setting."""

from pathlib import Path

import pytest

from slipway.domain.errors import InvalidSetting
from slipway.domain.pod import Update
from slipway.settings import load


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.home == tmp_path / ".slipway"
    assert settings.registry.address == "127.0.0.1:5050"
    assert settings.deploy_url == f"file://{tmp_path}/.slipway/buckets/deploy"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "slipway.yaml").write_text(
        "registry: {address: 'r.example:5000/team', timeout: 3}\n"
        "builder: {archs: [x86_64, aarch64]}\nports: {equipmentparts: 8085}\n"
        "update: {equipmentparts: recreate}\n"
    )
    settings = load(
        tmp_path, {"SLIPWAY_REGISTRY_TIMEOUT": "7.5", "SLIPWAY_BUILDER_ENGINE": "docker"}
    )
    assert settings.registry.address == "r.example:5000/team"
    assert settings.registry.timeout == 7.5
    assert settings.builder.engine == "docker"
    assert settings.builder.archs == ("x86_64", "aarch64")
    assert settings.ports == {"equipmentparts": 8085}
    assert settings.update == {"equipmentparts": Update.RECREATE}


def test_home_can_be_moved(tmp_path: Path) -> None:
    assert load(tmp_path, {"SLIPWAY_HOME": "/srv/slipway"}).home == Path("/srv/slipway")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("registri: {}", "registri"),
        ("registry: {adress: x}", "registry.adress"),
        ("registry: {timeout: soon}", "registry.timeout"),
        ("registry: {timeout: true}", "registry.timeout"),
        ("registry: {timeout: 0}", "registry.timeout is 0"),
        ("registry: {timeout: .nan}", "registry.timeout is nan"),
        ("monitor: {interval: -1}", "monitor.interval is -1"),
        ("agent: {interval: .inf}", "agent.interval is inf"),
        ("local: {model_done_port: .inf}", "local.model_done_port is inf"),
        ("ports: {parts: 65536}", "ports.parts is 65536"),
        ("registry: [a]", "registry"),
        ("registry: {address: 5}", "registry.address"),
        ("ports: {parts: http}", "ports.parts"),
        ("update: {parts: [beside]}", "update.parts"),
        ("update: {parts: later}", "update.parts is 'later'"),
        ("builder: {archs: 3}", "builder.archs"),
        ("- a", "no mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "slipway.yaml").write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        load(tmp_path, {})
    assert named in caught.value.message
    assert caught.value.hint


def test_a_gate_that_lets_everything_pass_is_a_setting(tmp_path: Path) -> None:
    settings = load(tmp_path, {"SLIPWAY_GATE_FLOOR": "0", "SLIPWAY_GATE_ALLOWED_DROP": "1"})
    assert (settings.gate.floor, settings.gate.allowed_drop) == (0, 1)


def test_a_wrong_variable_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="SLIPWAY_REGISTRY_TIMEOUT is 'x'"):
        load(tmp_path, {"SLIPWAY_REGISTRY_TIMEOUT": "x"})
