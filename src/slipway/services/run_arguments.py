"""Arguments of a run: `key=value` texts turned into what the pipeline's parameters take."""

import json
import math
from collections.abc import Mapping, Sequence

from slipway.domain.errors import InvalidInput
from slipway.ports.pipeline_backend import Argument, Kind, Parameter


def parse_arguments(
    pipeline: str, parameters: Sequence[Parameter], given: Sequence[str] | Mapping[str, str]
) -> dict[str, Argument]:
    """Read `key=value` texts, or the same as a mapping; raises InvalidInput for an unknown key, a
    value of another kind, a key given twice. A list is written `a,b,c` or as JSON."""
    known = {parameter.name: parameter for parameter in parameters}
    arguments: dict[str, Argument] = {}
    for key, value in given.items() if isinstance(given, Mapping) else map(_pair, given):
        if key not in known:
            raise InvalidInput(
                f"pipeline {pipeline} has no parameter {key!r}",
                hint=f"Known are {', '.join(known)}",
            )
        if key in arguments:
            raise InvalidInput(f"parameter {key} is given twice", hint="Give it once")
        arguments[key] = convert(known[key], value)
    return arguments


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"{text!r} is not a parameter", hint="Write --param KEY=VALUE")
    return key, value


def check_complete(
    pipeline: str, parameters: Sequence[Parameter], arguments: Mapping[str, Argument]
) -> None:
    """Raise InvalidInput when a parameter without a default is not among the arguments."""
    for parameter in parameters:
        if parameter.default is None and parameter.name not in arguments:
            raise InvalidInput(
                f"pipeline {pipeline} needs the parameter {parameter.name}",
                hint=f"Give --param {parameter.name}=VALUE. {parameter.description}".strip(),
            )


def convert(parameter: Parameter, text: str) -> Argument:
    """Turn a text into what a parameter takes; raises InvalidInput."""
    try:
        match parameter.kind:
            case Kind.TEXT:
                return text
            case Kind.INTEGER:
                return int(text)
            case Kind.NUMBER:
                return _finite(text)
            case Kind.BOOLEAN:
                return {"true": True, "false": False}[text.lower()]
            case Kind.LIST:
                return _list(text)
    except (ValueError, KeyError):
        raise InvalidInput(
            f"parameter {parameter.name} is {text!r}",
            hint=f"It takes a value of the kind: {parameter.kind}. {parameter.description}".strip(),
        ) from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _list(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    return [str(part) for part in json.loads(text)]
