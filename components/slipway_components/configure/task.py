"""The run's parameters: checked first, then written down as the model's configuration."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence

from slipway.domain.errors import InvalidInput
from slipway.domain.names import Channel, ModelName
from slipway.ports.bucket import Bucket
from slipway.services.model_output import timestamps
from slipway_components.progress import say

Parameter = str | int | float | bool | Sequence[str]

# Where a run finds things and when it began: no part of what the model was made with.
_PLACES = ("bucket", "tracking_uri", "git_commit", "started")


def configure(parameters: Mapping[str, Parameter]) -> str:
    """Check what all pipelines have in common and return the configuration as canonical JSON.

    `name`, `major`, `gate_floor`, `gate_drop` and `gate_channel` have to be among them. Raises
    InvalidName or InvalidInput. Places and times are left out.
    """
    ModelName.parse(str(parameters["name"]))
    Channel.parse(str(parameters["gate_channel"]))
    between("major", parameters["major"], 0, 1_000_000)
    between("gate_floor", parameters["gate_floor"], 0, 1)
    between("gate_drop", parameters["gate_drop"], 0, 1)
    kept = {key: value for key, value in parameters.items() if key not in _PLACES}
    configuration = canonical(kept)
    say(f"configure: {configuration_digest(configuration)}")
    for key, value in kept.items():
        say(f"configure: {key} = {value}")
    return configuration


def check_bucket(name: str, bucket: Bucket) -> None:
    """Raise NotFound, Denied or Unavailable now when the model-output bucket cannot be used."""
    timestamps(bucket, ModelName.parse(name))


def begin(started: int) -> int:
    """The run's start in unix seconds: `started`, or now when it is 0."""
    between("started", started, 0, 10**11)
    return started or int(time.time())


def canonical(parameters: Mapping[str, object]) -> str:
    """One text for one set of parameters: sorted keys, no spaces."""
    return json.dumps(parameters, sort_keys=True, separators=(",", ":"))


def configuration_digest(configuration: str) -> str:
    """SHA-256 of the canonical JSON, as `sha256:…`."""
    return f"sha256:{hashlib.sha256(configuration.encode()).hexdigest()}"


def between(name: str, value: Parameter, least: float, most: float) -> None:
    """Raise InvalidInput when the parameter is no number from `least` to `most`."""
    if not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidInput(f"{name} is {value!r}", hint=f"It lies between {least:g} and {most:g}")
