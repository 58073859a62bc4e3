"""The section `git` of `slipway.yaml`: which repositories' pushes start which pipelines.

git:
  repositories:
    NAME:
      url: PATH or URL
      secrets: {github: FILE, gitlab: FILE, gitea: FILE}
      triggers:
        - {pipeline: NAME, branches: [PATTERN], paths: [PATTERN], params: {KEY: VALUE}}
"""

import json
import re
from pathlib import Path
from typing import Any

from slipway.domain.errors import InvalidSetting
from slipway.domain.git import Sender, Trigger, WatchedRepository

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_URL = re.compile(r"(?:(?:file|git|ssh|https?)://|/|\.{0,2}/|\w[\w.-]*@\w[\w.-]*:)\S+")


def read_repositories(given: object, folder: Path) -> tuple[WatchedRepository, ...]:
    """Read the section; relative paths are below `folder`. Raises InvalidSetting."""
    section = _mapping("git", given, ("repositories",))
    repositories = _mapping("git.repositories", section.get("repositories", {}))
    return tuple(_repository(name, one, folder) for name, one in repositories.items())


def _repository(name: str, given: object, folder: Path) -> WatchedRepository:
    where = f"git.repositories.{name}"
    if not _NAME.fullmatch(name):
        raise InvalidSetting(
            f"{where}: {name!r} is no name", hint="Use letters, digits, dots, hyphens"
        )
    document = _mapping(where, given, ("url", "secrets", "triggers"))
    url = document.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise InvalidSetting(
            f"{where}.url is {url!r}",
            hint="It takes a path that begins with / or ./, or a URL: https, ssh, git, file",
        )
    if url.startswith("."):
        url = str((folder / url).absolute())
    secrets = {
        Sender(key): folder / _text(f"{where}.secrets.{key}", value)
        for key, value in _mapping(
            f"{where}.secrets",
            document.get("secrets", {}),
            tuple(sender for sender in Sender if sender is not Sender.HOOK),
        ).items()
    }
    triggers = document.get("triggers")
    if not isinstance(triggers, list) or not triggers:
        raise InvalidSetting(
            f"{where}.triggers is {triggers!r}", hint="It takes a list with one or more triggers"
        )
    numbered = enumerate(triggers, 1)
    return WatchedRepository(
        name, url, tuple(_trigger(f"{where}.triggers, number {n}", t) for n, t in numbered), secrets
    )


def _trigger(where: str, given: object) -> Trigger:
    document = _mapping(where, given, ("pipeline", "branches", "paths", "params"))
    branches = _texts(f"{where}: branches", document.get("branches", []))
    if not branches:
        raise InvalidSetting(f"{where} has no branches", hint='Write branches: [main, "release/*"]')
    return Trigger(
        _text(f"{where}: pipeline", document.get("pipeline")),
        branches,
        _texts(f"{where}: paths", document.get("paths", [])),
        {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in _mapping(f"{where}: params", document.get("params", {})).items()
        },
    )


def _mapping(where: str, value: object, known: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidSetting(
            f"{where} is {value!r}, not a mapping", hint="Write {KEY: VALUE}; docs/git-push.md"
        )
    if known and (unknown := sorted(set(value) - set(known))):
        raise InvalidSetting(
            f"unknown setting {where}.{unknown[0]}", hint=f"Known are {', '.join(known)}"
        )
    return value


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidSetting(f"{where} is {value!r}", hint="It takes a text")
    return value


def _texts(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise InvalidSetting(f"{where} is {value!r}", hint="It takes a list of patterns")
    return tuple(value)
