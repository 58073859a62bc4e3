"""Compares an exported model's accuracy with the floor and with the model it would replace."""

import math
from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.errors import GateClosed, InvalidCard
from slipway.domain.names import Channel
from slipway.ports.model_registry import ModelRegistry
from slipway_components.progress import say

METRIC = "accuracy"


def gate(
    model: Path, registry: ModelRegistry, *, floor: float, allowed_drop: float, channel: str
) -> dict[str, float]:
    """Return the metrics of the card in the folder `model` when it may go on.

    Raises GateClosed when its accuracy is below `floor`, or more than `allowed_drop` below that
    of the version that stands in `channel`; InvalidCard when the card states no accuracy.
    """
    card = ModelCard.parse((model / "model.json").read_bytes())
    accuracy = card.metrics.get(METRIC, math.nan)
    if math.isnan(accuracy):
        raise InvalidCard(
            f"{card.version} states no accuracy", hint="Evaluate and export the model again"
        )
    if accuracy < floor:
        raise GateClosed(
            f"accuracy {accuracy:.4f} of {card.version} is {floor - accuracy:.4f} below the floor"
            f" of {floor:.4f}",
            hint="Train longer or with more images, or lower gate_floor",
        )
    standing = registry.in_channel(card.version.name, Channel.parse(channel))
    if standing is None:
        say(f"gate: accuracy {accuracy:.4f} ≥ floor {floor:.4f}, nothing in {channel} to compare")
        return dict(card.metrics)
    before = standing.metrics.get(METRIC, 0.0)
    # Rounded, so that 0.90 − 0.88 is the 0.02 that is allowed.
    if round(before - accuracy - allowed_drop, 9) > 0:
        raise GateClosed(
            f"accuracy {accuracy:.4f} of {card.version} is {before - accuracy:.4f} below the"
            f" {before:.4f} of {standing.version} in {channel}; {allowed_drop:.4f} is allowed",
            hint="Train longer or with more images, or raise gate_drop",
        )
    say(
        f"gate: accuracy {accuracy:.4f} ≥ floor {floor:.4f},"
        f" {standing.version} in {channel} has {before:.4f}"
    )
    return dict(card.metrics)
