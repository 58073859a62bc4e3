"""What the pipelines on images check before anything costs time."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from slipway.domain.card import Kernels
from slipway.domain.choice import choose
from slipway_components.configure import task
from slipway_components.split.task import check_shares
from slipway_components.train.task import TrainingParameters


class Plan(NamedTuple):
    """The checked parameters, and what is known of the card's preprocessing; canonical JSON."""

    configuration: str
    preprocessing: str


def plan(given: Mapping[str, Any]) -> Plan:
    """Check a pipeline's parameters; InvalidInput, InvalidName or NotFound names what cannot be."""
    check_shares(given["validation_share"], given["test_share"])
    TrainingParameters(**{field.name: given[field.name] for field in fields(TrainingParameters)})
    choose(Kernels, given["kernels"], f"kernels is {given['kernels']!r}")
    size = given["image_size"]
    preprocessing = {"kind": "image", "width": size, "height": size}
    return Plan(task.configure(given), task.canonical(preprocessing))
