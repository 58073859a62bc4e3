"""`rules.toml`, the device owner's file: what is done when something has been predicted.

    [[rule]]
    name = "kettle-is-on"
    class = "kettle"            # what is predicted; of anomaly detection "anomaly" or "healthy"
    above = 0.8                 # the probability (the anomaly score) has to be above it; default 0
    windows = 3                 # in a row; default 1
    cooldown = 60               # seconds in which it is not done again; default 0
    sensors = ["kitchen"]       # default: all
    publish = {topic = "home/$sensor/kettle", payload = {on = true, since = "$timestamp"}}

    [[rule]]
    …
    webhook = {url = "https://example.com/alarm", timeout = 5, retries = 3}

A rule acts once when so many predictions in a row are as it says, and again only when one was not
in between. The payload is a text, or a table that becomes JSON; without one it is the prediction.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from slipway_serving.streams.fields import SettingsError, Table
from slipway_serving.streams.settings import is_name
from slipway_serving.streams.templates import PLACES, unknown_place

_MOST: Final = 64  # rules


@dataclass(frozen=True)
class Publish:
    """Publish a message."""

    topic: str
    payload: Any  # a template: text, or a table; None for the prediction


@dataclass(frozen=True)
class Webhook:
    """POST a JSON document."""

    url: str
    payload: Any  # a template: a table; None for the prediction
    timeout: float  # seconds
    retries: int

    @property
    def parts(self) -> SplitResult:
        """Of the address."""
        return urlsplit(self.url)


@dataclass(frozen=True)
class Rule:
    """When a prediction is like this, do that."""

    name: str
    label: str
    above: float
    windows: int
    cooldown: float  # seconds
    sensors: tuple[str, ...]  # none for all
    action: Publish | Webhook

    def is_about(self, sensor: str) -> bool:
        """Whether the sensor's predictions matter to it."""
        return not self.sensors or sensor in self.sensors


def read_rules(path: Path, *, broker: bool) -> tuple[Rule, ...]:
    """Read the file; none if there is no such file. SettingsError when it cannot be used.

    `broker`: whether there is one to publish to.
    """
    try:
        file = Table.read(path)
    except FileNotFoundError:
        return ()
    rules = tuple(_rule(table, broker) for table in file.tables("rule"))
    file.end()
    names = [rule.name for rule in rules]
    if len(rules) > _MOST:
        raise SettingsError(f"{path} has {len(rules)} rules, at most {_MOST} are taken")
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise SettingsError(f"{path}: two rules are named {repeated!r}")
    return rules


def _rule(table: Table, broker: bool) -> Rule:
    name = table.text("name")
    if not is_name(name):
        raise table.wrong("name", "a name of letters, digits, . _ and -")
    if table.has("publish") == table.has("webhook"):
        raise SettingsError(f"rule {name!r} needs either publish or webhook")
    if table.has("publish") and not broker:
        raise SettingsError(f"rule {name!r} publishes, but streams.toml has no [broker]")
    rule = Rule(
        name=name,
        label=table.text("class"),
        above=table.number("above", 0.0, 0.0, 1e12),
        windows=table.whole("windows", 1, 1, 1_000_000),
        cooldown=table.number("cooldown", 0.0, 0.0, 1e9),
        sensors=table.texts("sensors"),
        action=_publish(table.table("publish"))
        if table.has("publish")
        else _webhook(table.table("webhook")),
    )
    table.end()
    return rule


def _publish(table: Table) -> Publish:
    topic = table.text("topic")
    if not topic.isprintable() or any(bad in topic for bad in "+#") or topic.startswith("$SYS"):
        raise table.wrong("topic", "a topic without + and #")
    _check_places(table, "topic", topic)
    publish = Publish(topic, _payload(table, (str, dict)))
    table.end()
    return publish


def _webhook(table: Table) -> Webhook:
    webhook = Webhook(
        url=table.text("url"),
        payload=_payload(table, (dict,)),
        timeout=table.number("timeout", 5.0, 0.1, 60.0),
        retries=table.whole("retries", 3, 0, 10),
    )
    try:
        good = webhook.parts.scheme in ("http", "https") and webhook.parts.hostname
        _ = webhook.parts.port
    except ValueError:
        good = None
    if not good or webhook.parts.username is not None or not webhook.url.isascii():
        raise table.wrong("url", "an address http(s)://HOST[:PORT]/PATH without a password")
    table.end()
    return webhook


def _payload(table: Table, kinds: tuple[type, ...]) -> Any:
    if not table.has("payload"):
        return None
    payload = table.any("payload", None)
    if not isinstance(payload, kinds):
        raise table.wrong("payload", "a text or a table" if str in kinds else "a table")
    try:
        json.dumps(payload, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise table.wrong("payload", "made of what JSON has") from error
    _check_places(table, "payload", payload)
    return payload


def _check_places(table: Table, key: str, template: Any) -> None:
    if place := unknown_place(template):
        places = ", ".join(f"${known}" for known in PLACES)
        raise table.wrong(key, f"a template of {places}; ${place} is none of them")
