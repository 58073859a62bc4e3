"""Credentials out of the docker configuration file and its helpers."""

import base64
import json
from pathlib import Path

import pytest

from slipway.adapters.docker_credentials import Credentials, DockerCredentials
from slipway.domain.errors import Denied, InvalidSetting, MissingTool


def configured(folder: Path, document: object) -> DockerCredentials:
    (folder / "config.json").write_text(json.dumps(document))
    return DockerCredentials(folder / "config.json")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of `docker-credential-test`, on PATH."""
    program = tmp_path / "docker-credential-test"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return program


def script(program: Path, text: str) -> None:
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_no_file_is_anonymous(tmp_path: Path) -> None:
    assert DockerCredentials(tmp_path / "config.json").find("127.0.0.1:5000") is None


@pytest.mark.parametrize("name", ["r.example:5000", "https://r.example:5000/v2/"])
def test_entry_by_host(tmp_path: Path, name: str) -> None:
    found = configured(tmp_path, {"auths": {name: {"auth": encoded("me:a:b")}}})
    assert found.find("r.example:5000") == Credentials("me", "a:b")
    assert found.find("r.example") is None


def test_docker_hub_has_a_name_of_its_own(tmp_path: Path) -> None:
    auths = {"https://index.docker.io/v1/": {"auth": encoded("me:x")}}
    assert configured(tmp_path, {"auths": auths}).find("docker.io") == Credentials("me", "x")


def test_identity_token_and_empty_entry(tmp_path: Path) -> None:
    auths = {"a": {"auth": encoded("u:"), "identitytoken": "t"}, "b": {}}
    found = configured(tmp_path, {"auths": auths})
    assert found.find("a") == Credentials("u", "", "t")
    assert found.find("b") is None


def test_secrets_stay_out_of_the_repr() -> None:
    assert "geheim" not in repr(Credentials("me", "geheim", "geheim"))


def test_helper_for_the_host(tmp_path: Path, helper: Path) -> None:
    script(
        helper, """read -r host; echo "{\\"Username\\": \\"$1\\", \\"Secret\\": \\"$host\\"}" """
    )
    found = configured(
        tmp_path, {"credHelpers": {"r.example": "test"}, "auths": {"r.example": {"auth": "!"}}}
    )
    assert found.find("r.example") == Credentials("get", "r.example")


def test_store_that_knows_nothing_falls_back_to_the_file(tmp_path: Path, helper: Path) -> None:
    script(helper, "echo credentials not found in native keychain; exit 1")
    auths = {"r.example": {"auth": encoded("me:x")}}
    found = configured(tmp_path, {"credsStore": "test", "auths": auths})
    assert found.find("r.example") == Credentials("me", "x")


def test_store_with_an_identity_token(tmp_path: Path, helper: Path) -> None:
    script(helper, """echo '{"Username": "<token>", "Secret": "t"}'""")
    found = configured(tmp_path, {"credsStore": "test"}).find("r.example")
    assert found == Credentials(identity_token="t")


@pytest.mark.parametrize("text", ["echo geheim; exit 3", "echo geheim"])
def test_helper_that_fails_does_not_leak(tmp_path: Path, helper: Path, text: str) -> None:
    script(helper, text)
    with pytest.raises(Denied, match="docker-credential-test") as caught:
        configured(tmp_path, {"credsStore": "test"}).find("r.example")
    assert "geheim" not in str(caught.value)


def test_helper_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="docker-credential-nowhere"):
        configured(tmp_path, {"credsStore": "nowhere"}).find("r.example")


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b"])
def test_helper_that_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidSetting, match="not the name"):
        configured(tmp_path, {"credsStore": name}).find("r.example")


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"r.example": {"auth": "%%"}}}'])
def test_malformed_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InvalidSetting, match=r"config\.json"):
        DockerCredentials(tmp_path / "config.json").find("r.example")
