"""The form of a pipeline: a field for each of its parameters, and what was typed in them.

A field that is left as it is gives nothing: the run takes the pipeline's default then. What the
installation's settings give, such as the buckets, is shown as a hint in an empty field.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from slipway.domain.errors import InvalidInput
from slipway.ports.pipeline_backend import Argument, Kind, Parameter
from slipway.services.run_arguments import convert

PREFIX = "p-"  # of the fields' names, which the form's own fields do not have


@dataclass(frozen=True)
class Field:
    """One parameter, and what its field shows."""

    parameter: Parameter
    text: str
    hint: str = ""  # what an empty field stands for
    settings: bool = False  # whether the installation's settings have a say
    problem: str = ""

    @property
    def name(self) -> str:
        """The name of the field in the form."""
        return PREFIX + self.parameter.name

    @property
    def input(self) -> str:
        """Which kind of field it is."""
        match self.parameter.kind:
            case Kind.LIST:
                return "lines"
            case Kind.BOOLEAN:
                return "box"
            case Kind.INTEGER | Kind.NUMBER if not self.problem:
                return "number"  # which shows nothing of a text that is no number
            case _:
                return "text"

    @property
    def required(self) -> bool:
        """Whether something has to be typed."""
        return self.parameter.default is None and not self.settings


def fields_of(
    parameters: Sequence[Parameter],
    settings: Mapping[str, Argument],
    arguments: Mapping[str, Argument],
) -> list[Field]:
    """The fields as they are at first: with a run's `arguments`, or the defaults."""
    fields = []
    for parameter in parameters:
        name = parameter.name
        if name in settings:
            hint, given = _text(settings[name]), _text(arguments.get(name))
            fields.append(Field(parameter, "" if given == hint else given, hint, settings=True))
        else:
            fields.append(Field(parameter, _text(arguments.get(name, parameter.default))))
    return fields


def typed(fields: Sequence[Field], form: Mapping[str, str]) -> list[Field]:
    """The same fields with what a form holds, and what is wrong with it."""
    return [_checked(replace(field, text=_received(field, form))) for field in fields]


def given(fields: Sequence[Field]) -> dict[str, str]:
    """What fields without problems give a run, as `parse_arguments` takes it."""
    return {
        field.parameter.name: _argument(field)
        for field in fields
        if field.text != ("" if field.settings else _text(field.parameter.default))
    }


def _received(field: Field, form: Mapping[str, str]) -> str:
    text = form.get(field.name, "").replace("\r\n", "\n")
    if field.parameter.kind is Kind.BOOLEAN:
        return "true" if text else "false"
    return text if field.parameter.kind is Kind.TEXT else text.strip()


def _checked(field: Field) -> Field:
    if field.text == "" and field.required:
        return replace(field, problem=f"{field.parameter.name} is needed")
    if field.text == "" and field.settings:
        return field
    try:
        convert(field.parameter, _argument(field))
    except InvalidInput as error:
        return replace(field, problem=f"{error.message}: {error.hint}")
    return field


def _argument(field: Field) -> str:
    if field.parameter.kind is Kind.LIST:
        return json.dumps([line.strip() for line in field.text.splitlines() if line.strip()])
    return field.text


def _text(value: Argument | None) -> str:
    """A value as its field shows it; a list has a line for each entry."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.12g}"
        case str() | int():
            return str(value)
        case _:
            return "\n".join(map(_text, value))
