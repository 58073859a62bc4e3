"""The section `git` of the settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.domain.errors import InvalidSetting
from slipway.domain.git import Sender, Trigger
from slipway.settings import Settings, load

TRIGGER = {"pipeline": "parts", "branches": ["main"]}


def read(folder: Path, section: object) -> Settings:
    (folder / "slipway.yaml").write_text(json.dumps({"git": section}))
    return load(folder, {})


def one(**changes: Any) -> dict[str, Any]:
    """A section with one repository."""
    return {"repositories": {"factory": {"url": "/x.git", "triggers": [TRIGGER], **changes}}}


def test_a_repository_is_read(tmp_path: Path) -> None:
    trigger = {**TRIGGER, "paths": ["data/**"], "params": {"epochs": 10, "fast": True, "a": ["b"]}}
    section = one(url="./x.git", triggers=[trigger], secrets={"gitlab": "token"})
    [repository] = read(tmp_path, section).repositories
    assert (repository.name, repository.url) == ("factory", str(tmp_path / "x.git"))
    assert repository.secrets == {Sender.GITLAB: tmp_path / "token"}
    params = {"epochs": "10", "fast": "true", "a": '["b"]'}
    assert repository.triggers == (Trigger("parts", ("main",), ("data/**",), params),)


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"repos": {}}, "git.repos"),
        ([], "git is"),
        ({"repositories": {"../x": {}}}, "'../x' is no name"),
        (one(url=""), "factory.url is ''"),
        (one(url="ext::sh -c x"), "factory.url is 'ext::sh -c x'"),
        (one(url="--upload-pack=x"), "factory.url"),
        (one(url="-x@y:z"), "factory.url"),
        (one(triggers=[]), "factory.triggers is []"),
        (one(triggers=[{"branches": ["main"]}]), "number 1: pipeline is None"),
        (one(triggers=[{"pipeline": "parts"}]), "number 1 has no branches"),
        (one(triggers=[{**TRIGGER, "branch": "x"}]), "number 1.branch"),
        (one(triggers=[{**TRIGGER, "paths": "data"}]), "number 1: paths is 'data'"),
        (one(secrets={"sourcehut": "x"}), "secrets.sourcehut"),
        (one(secrets={"hook": "x"}), "secrets.hook"),
    ],
)
def test_what_makes_no_sense_is_named(section: object, named: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as caught:
        read(tmp_path, section)
    assert named in caught.value.message
