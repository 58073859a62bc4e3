"""Reads `slipway.yaml`, overridden by `SLIPWAY_SECTION_KEY`; with `wiring` the only reader of the
environment."""

import dataclasses
import math
import os
import types
import typing
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from slipway.domain.errors import InvalidSetting
from slipway.domain.git import WatchedRepository
from slipway.domain.pod import Update
from slipway.settings.sections import Settings, cache_folder

CONFIG_FILE = "slipway.yaml"
_SECONDS = ("timeout", "interval")  # of which there have to be some
_KINDS: Mapping[object, str] = {
    int: "a whole number, 0 or more",
    float: "a number, 0 or more; seconds are more than 0",
    str: "a text",
    Update: " or ".join(Update),
}


def load(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of `folder` (default: the working folder); raises InvalidSetting."""
    folder = folder or Path.cwd()
    environment = os.environ if environment is None else environment
    document = _read(folder / CONFIG_FILE)
    repositories = _repositories(document.pop("git", {}), folder)
    home = Path(environment.get("SLIPWAY_HOME") or folder / ".slipway").absolute()
    sections: dict[str, object] = {}
    for section in dataclasses.fields(Settings):
        if section.name in ("home", "cache", "repositories"):
            continue
        given = document.pop(section.name, {})
        if not isinstance(given, dict):
            raise InvalidSetting(
                f"{CONFIG_FILE}: {section.name} is {given!r}, not a mapping",
                hint=f"Write {section.name}: {{KEY: VALUE}}",
            )
        if section.name == "ports":
            sections["ports"] = {str(k): _port(f"ports.{k}", v) for k, v in given.items()}
        elif section.name == "update":
            sections["update"] = {
                str(k): _convert(f"update.{k}", v, Update) for k, v in given.items()
            }
        else:
            sections[section.name] = _section(section.name, given, environment)
    if document:
        raise InvalidSetting(
            f"{CONFIG_FILE}: unknown section {sorted(document)[0]!r}",
            hint=f"Known are {', '.join(sections)}, git",
        )
    sections["repositories"] = repositories
    return Settings(home=home, cache=cache_folder(environment), **sections)  # type: ignore[arg-type]


def _repositories(given: object, folder: Path) -> tuple[WatchedRepository, ...]:
    """The section `git`; see `settings.git`."""
    if given == {}:
        return ()
    from slipway.settings.git import read_repositories

    return read_repositories(given, folder)


def _read(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    import yaml  # not needed where there is no file

    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidSetting(f"{path} is not YAML: {reason}", hint="Mend or remove it") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidSetting(f"{path} holds no mapping", hint="Write SECTION: {KEY: VALUE}")
    return document


def _section(name: str, given: dict[str, object], environment: Mapping[str, str]) -> object:
    kind = next(
        typing.get_type_hints(Settings)[f.name]
        for f in dataclasses.fields(Settings)
        if f.name == name
    )
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(given) - set(hints))
    if unknown:
        raise InvalidSetting(
            f"{CONFIG_FILE}: unknown setting {name}.{unknown[0]}",
            hint=f"Known are {', '.join(hints)}",
        )
    values = {}
    for key, hint in hints.items():
        variable = f"SLIPWAY_{name}_{key}".upper()
        if variable in environment:
            values[key] = _convert(variable, environment[variable], hint)
        elif key in given:
            values[key] = _convert(f"{name}.{key}", given[key], hint)
    return kind(**values)


def _port(where: str, value: object) -> int:
    port = int(str(_convert(where, value, int)))
    if not 0 < port < 65536:
        raise InvalidSetting(f"{where} is {value!r}", hint="Ports go from 1 to 65535")
    return port


def _convert(where: str, value: object, kind: type | types.GenericAlias) -> object:
    """Turn a YAML value or a variable's text into the setting's type."""
    if (
        kind in (int, float)
        and isinstance(value, int | float | str)
        and not isinstance(value, bool)
    ):
        with suppress(ValueError, OverflowError):
            number: float = kind(value)  # type: ignore[operator]
            if 0 < number < math.inf or (number == 0 and not where.lower().endswith(_SECONDS)):
                return number
    elif kind is str and isinstance(value, str):
        return value
    elif kind is Update and isinstance(value, str) and value in list(Update):
        return Update(value)
    elif typing.get_origin(kind) is tuple and isinstance(value, str | list):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    wanted = "a list" if typing.get_origin(kind) is tuple else _KINDS[kind]
    raise InvalidSetting(f"{where} is {value!r}", hint=f"It takes {wanted}")
