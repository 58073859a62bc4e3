"""Registry credentials from the docker configuration file, as docker, buildah and skopeo use it.

https://docs.docker.com/reference/cli/docker/login/ describes the file and the protocol of the
credential helpers: `docker-credential-NAME get` takes the registry's name on standard input and
answers `{"Username": …, "Secret": …}`; the user name `<token>` marks an identity token.
"""

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.errors import Denied, InvalidSetting, MissingTool, Unavailable
from slipway.domain.system_errors import system_error

_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HELPER_SECONDS = 20.0
_AGAIN = "Mend it, or remove it and log in again"
_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"  # what `docker login` writes for the hub


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or an identity token; secrets stay out of the repr."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class DockerCredentials:
    """Looks up credentials by registry host in one `config.json`."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def find(self, host: str) -> Credentials | None:
        """The credentials for `HOST[:PORT]`, None for anonymous access.

        A helper named for the host goes before the general store, that before the file's own
        entries. Raises InvalidSetting for a malformed file, MissingTool for a helper that is not
        installed, Denied when a helper refuses, Unavailable when it does not answer.
        """
        document = self._read()
        key = _DOCKER_HUB_KEY if host in _DOCKER_HUB else host
        helpers = _mapping(document.get("credHelpers"))
        for helper in (helpers.get(key, helpers.get(host)), document.get("credsStore")):
            if helper and (found := _ask(str(helper), key)):
                return found
        for name, entry in _mapping(document.get("auths")).items():
            if name == key or _host(name) == host:
                return self._entry(name, _mapping(entry))
        return None

    def _read(self) -> Mapping[str, object]:
        try:
            document = json.loads(self._config.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise system_error(error, str(self._config)) from error
        except ValueError as error:
            raise InvalidSetting(f"{self._config} is not JSON: {error}", hint=_AGAIN) from error
        if not isinstance(document, dict):
            raise InvalidSetting(f"{self._config} holds no mapping", hint=_AGAIN)
        return document

    def _entry(self, name: str, entry: Mapping[str, object]) -> Credentials | None:
        token = str(entry.get("identitytoken") or "")
        username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
        if encoded := entry.get("auth"):
            try:
                text = base64.b64decode(str(encoded), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise InvalidSetting(
                    f"{self._config}: the entry for {name} is not base64",
                    hint="Log in again with docker login, which writes it anew",
                ) from error
            username, _, password = text.partition(":")
        if not token and not username:
            return None  # docker leaves an empty entry where a store keeps the secret
        return Credentials(username, password.rstrip("\0"), token)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _host(name: str) -> str:
    """`https://HOST/v1/` and `HOST` name the same registry."""
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _ask(helper: str, key: str) -> Credentials | None:
    if not _HELPER_NAME.fullmatch(helper):
        raise InvalidSetting(
            f"{helper!r} is not the name of a credential helper",
            hint="See credHelpers and credsStore in the docker configuration",
        )
    program = f"docker-credential-{helper}"
    try:
        answer = subprocess.run(
            [program, "get"],
            input=key,
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingTool(
            f"{program} is not installed, the docker configuration names it",
            hint="Install it, or take it out of credHelpers and credsStore",
        ) from error
    except subprocess.TimeoutExpired:  # its exception would carry what the helper wrote
        raise Unavailable(
            f"{program} did not answer in {_HELPER_SECONDS:.0f} s", hint="Try it by hand"
        ) from None
    if answer.returncode != 0:
        if "credentials not found" in answer.stdout + answer.stderr:
            return None
        raise Denied(
            f"{program} gave no credentials for {key}, exit {answer.returncode}",
            hint="Log in again, or try it by hand",
        )
    try:
        document = json.loads(answer.stdout)
        username, secret = str(document["Username"]), str(document["Secret"])
    except (ValueError, KeyError, TypeError):  # the message would carry what the helper wrote
        raise Denied(f"{program} did not answer with credentials", hint="Try it by hand") from None
    if username == "<token>":
        return Credentials(identity_token=secret)
    return Credentials(username, secret)
