"""Texts with placeholders: `$class` stands for the prediction's class. There is no code in them."""

import re
from collections.abc import Mapping
from typing import Any, Final

PLACES: Final = (
    "class", "probability", "score", "threshold", "anomaly", "timestamp", "device", "sensor",
    "model", "version", "rule",
)  # fmt: skip
_PLACE: Final = re.compile(r"\$(?:([a-z]+)|\{([a-z]+)\})")
_IN_A_TOPIC: Final = re.compile(r"[/+#\x00-\x1f\x7f]")


def unknown_place(template: Any) -> str:
    """The first placeholder in a text, or in a table of texts, that there is none of; or empty."""
    if isinstance(template, str):
        places = (one or other for one, other in _PLACE.findall(template))
        return next((place for place in places if place not in PLACES), "")
    if isinstance(template, dict):
        template = list(template.values())
    if isinstance(template, list):
        return next(filter(None, map(unknown_place, template)), "")
    return ""


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The same with values in their places; a text that is one placeholder and nothing else
    becomes the value itself, be it a number. What a prediction has not is null or empty."""
    if isinstance(template, dict):
        return {key: fill(inner, values) for key, inner in template.items()}
    if isinstance(template, list):
        return [fill(inner, values) for inner in template]
    if not isinstance(template, str):
        return template
    if whole := _PLACE.fullmatch(template):
        return values.get(whole[1] or whole[2])
    return _PLACE.sub(lambda place: _shown(values.get(place[1] or place[2])), template)


def fill_topic(template: str, values: Mapping[str, Any]) -> str:
    """A topic; what would change its levels becomes `_`."""
    return _PLACE.sub(
        lambda place: _IN_A_TOPIC.sub("_", _shown(values.get(place[1] or place[2]))), template
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
