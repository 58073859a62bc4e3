"""Compares an exported model's metric with the floor and with the model it would replace."""

import math
from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.errors import GateClosed, InvalidCard
from slipway.domain.names import Channel
from slipway.ports.model_registry import ModelRegistry
from slipway_components.progress import say


def gate(
    model: Path,
    registry: ModelRegistry,
    *,
    metric: str,
    floor: float,
    allowed_drop: float,
    channel: str,
) -> dict[str, float]:
    """Return the metrics of the card in the folder `model` when it may go on.

    Raises GateClosed when its `metric` is below `floor`, or more than `allowed_drop` below that of
    the version that stands in `channel`; InvalidCard when the card does not state it.
    """
    card = ModelCard.parse((model / "model.json").read_bytes())
    reached = card.metrics.get(metric, math.nan)
    if math.isnan(reached):
        raise InvalidCard(
            f"{card.version} states no {metric}", hint="Evaluate and export the model again"
        )
    if reached < floor:
        raise GateClosed(
            f"{metric} {reached:.4f} of {card.version} is {floor - reached:.4f} below the floor"
            f" of {floor:.4f}",
            hint="Train longer or with more data, or lower gate_floor",
        )
    standing = registry.in_channel(card.version.name, Channel.parse(channel))
    if standing is None:
        say(f"gate: {metric} {reached:.4f} ≥ floor {floor:.4f}, nothing in {channel} to compare")
        return dict(card.metrics)
    before = standing.metrics.get(metric, 0.0)
    # Rounded, so that 0.90 − 0.88 is the 0.02 that is allowed.
    if round(before - reached - allowed_drop, 9) > 0:
        raise GateClosed(
            f"{metric} {reached:.4f} of {card.version} is {before - reached:.4f} below the"
            f" {before:.4f} of {standing.version} in {channel}; {allowed_drop:.4f} is allowed",
            hint="Train longer or with more data, or raise gate_drop",
        )
    say(
        f"gate: {metric} {reached:.4f} ≥ floor {floor:.4f},"
        f" {standing.version} in {channel} has {before:.4f}"
    )
    return dict(card.metrics)
