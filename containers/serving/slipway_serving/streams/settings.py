"""`streams.toml`, the device owner's file: the broker, the topics, and what bounds the streams.

device = "press-7"                  # default: the device's name

[broker]                            # without it readings come by HTTP alone
host = "127.0.0.1"
port = 1883
username = "edge"
password_file = "password"          # files lie beside this one
tls = false
ca_file = "ca.pem"                  # default: the system's authorities

[topics]                            # + is the sensor
readings = "slipway/readings/+"
predictions = "slipway/predictions/+"
status = "slipway/status"           # the device's name is added

[windows]
step = 48                           # samples; default: as the model's card says
votes = 3                           # windows that elect a class by majority
tumbling = 3000                     # samples of which an anomaly score is the mean

[bounds]
sensors = 64
message_bytes = 65536
incoming_bytes = 4194304            # readings that wait, of all sensors
outgoing = 10000                    # predictions that wait for the broker, and as many actions
"""

import re
from dataclasses import dataclass
from pathlib import Path

from slipway_serving.streams.fields import SettingsError, Table
from slipway_serving.streams.inbox import SHARE

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LARGEST_PASSWORD = 4096  # bytes


@dataclass(frozen=True)
class Broker:
    """Where the broker is, and as whom it is spoken to."""

    host: str
    port: int
    username: str
    password_file: Path | None
    tls: bool
    ca_file: Path | None

    def password(self) -> str | None:
        """What the file holds now, without the end of its line; SettingsError."""
        if self.password_file is None:
            return None
        try:
            with self.password_file.open("rb") as file:
                return file.read(_LARGEST_PASSWORD).decode().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(f"password_file {self.password_file}: {why}") from error


@dataclass(frozen=True)
class Topics:
    """Patterns in which + stands for the sensor."""

    readings: str
    predictions: str
    status: str  # of this device, without a pattern

    def sensor(self, topic: str) -> str:
        """The sensor whose readings come on the topic."""
        return topic.split("/")[self.readings.split("/").index("+")]

    def prediction(self, sensor: str) -> str:
        """The topic of the sensor's predictions."""
        return self.predictions.replace("+", sensor)


@dataclass(frozen=True)
class Settings:
    """All of the file."""

    device: str
    broker: Broker | None
    topics: Topics
    step: int  # samples; 0 for that of the card
    votes: int
    tumbling: int  # samples
    sensors: int
    message_bytes: int
    incoming_bytes: int
    outgoing: int


def read_settings(path: Path, device: str) -> Settings:
    """Read the file; `device` is the name of the device where the file has none.

    FileNotFoundError when there is none, SettingsError when it cannot be used.
    """
    file = Table.read(path)
    name = file.text("device", device)
    if not is_name(name):
        raise file.wrong("device", "a name of letters, digits, . _ and -, 64 at most")
    topics, windows, bounds = file.table("topics"), file.table("windows"), file.table("bounds")
    settings = Settings(
        device=name,
        broker=_broker(file.table("broker"), path.parent) if file.has("broker") else None,
        topics=Topics(
            readings=_pattern(topics, "readings", "slipway/readings/+"),
            predictions=_pattern(topics, "predictions", "slipway/predictions/+"),
            status=f"{_topic(topics, 'status', 'slipway/status')}/{name}",
        ),
        step=windows.whole("step", 0, 0, 10_000_000),
        votes=windows.whole("votes", 3, 1, 1000),
        tumbling=windows.whole("tumbling", 3000, 1, 10_000_000),
        sensors=bounds.whole("sensors", 64, 1, 10_000),
        message_bytes=bounds.whole("message_bytes", 65536, 64, 2**20),
        incoming_bytes=bounds.whole("incoming_bytes", 4 * 2**20, 2**16, 2**28),
        outgoing=bounds.whole("outgoing", 10_000, 1, 1_000_000),
    )
    file.table("broker")
    for table in (file, topics, windows, bounds):
        table.end()
    if settings.message_bytes * (SHARE + 1) > settings.incoming_bytes:
        raise bounds.wrong("incoming_bytes", f"{SHARE + 1} times message_bytes, which is the least")
    if settings.topics.readings == settings.topics.predictions:
        raise SettingsError(f"{path}: predictions would come back as readings on one topic")
    return settings


def is_name(text: str) -> bool:
    """Whether this can be the name of a device or of a sensor."""
    return _NAME.fullmatch(text) is not None


def _broker(table: Table, folder: Path) -> Broker:
    tls = table.flag("tls")
    username, password = table.text("username", ""), table.text("password_file", "")
    authorities = table.text("ca_file", "")
    broker = Broker(
        host=table.text("host", "127.0.0.1"),
        port=table.whole("port", 8883 if tls else 1883, 1, 65535),
        username=username,
        password_file=folder / password if password else None,
        tls=tls,
        ca_file=folder / authorities if authorities else None,
    )
    table.end()
    if password and not username:
        raise table.wrong("username", "a text, where there is a password_file")
    if authorities and not tls:
        raise table.wrong("tls", "true, where there is a ca_file")
    broker.password()
    return broker


def _pattern(table: Table, key: str, default: str) -> str:
    value = table.text(key, default)
    if value.split("/").count("+") != 1 or not _plain(value.replace("/+", "", 1).lstrip("+")):
        raise table.wrong(key, "a topic with one level +, like slipway/readings/+")
    return value


def _topic(table: Table, key: str, default: str) -> str:
    value = table.text(key, default)
    if not _plain(value):
        raise table.wrong(key, "a topic without + and #")
    return value


def _plain(topic: str) -> bool:
    """Whether one may publish there; topics that begin with $ are the broker's own."""
    return len(topic) < 1000 and topic.isprintable() and not re.search(r"[+#]|^\$", topic)
