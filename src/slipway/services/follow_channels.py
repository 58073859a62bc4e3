"""Lets the model registry's aliases follow the channels."""

from collections.abc import Mapping

from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import ModelRegistry


def follow_channels(
    models: ModelRegistry, standing: Mapping[tuple[ModelName, Channel], ModelVersion | None]
) -> int:
    """Set the aliases that differ and say how many there were. What was never trained, as the
    agent's own image, has no aliases; NotFound for a version that its model does not have."""
    changed = 0
    for (name, channel), version in standing.items():
        current = models.in_channel(name, channel)
        if (current.version if current else None) == version:
            continue
        if version is None or models.versions(name):
            models.set_channel(name, channel, version)
            changed += 1
    return changed
