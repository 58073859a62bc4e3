"""model.json survives a round trip, and a broken one is refused with the field at fault."""

import json
from collections.abc import Callable

import pytest

from slipway.domain.card import GoldenSample, ModelCard, Quantisation, Task, Tensor
from slipway.domain.errors import InvalidCard
from slipway.domain.names import ModelVersion

CARD = ModelCard(
    version=ModelVersion.parse("equipmentparts_1_1501089026"),
    task=Task.IMAGES,
    labels=("bracket", "hex-nut"),
    inputs=(Tensor("image", (1, 96, 96, 3), "int8", Quantisation(0.0078, -1)),),
    outputs=(Tensor("scores", (1, 2), "int8", Quantisation(0.0039, -128)),),
    preprocessing={"kind": "image", "width": 96, "height": 96, "mean": 127.5, "std": 127.5},
    thresholds={"unknown": 0.5},
    metrics={"accuracy": 0.97},
    lineage={"git_commit": "abc"},
    golden=(GoldenSample("aGVsbG8=", ((-128.0, 127.0),)),),
    golden_tolerance=1.0,
)


def test_a_card_survives_a_round_trip() -> None:
    assert ModelCard.parse(CARD.to_json()) == CARD


def test_the_same_card_is_the_same_bytes() -> None:
    assert CARD.to_json() == ModelCard.parse(CARD.to_json()).to_json()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda d: d.pop("labels"), "labels"),
        (lambda d: d.update(version="parts"), "'parts'"),
        (lambda d: d.update(schema=2), "2"),
        (lambda d: d.update(inputs=[{"name": "x", "shape": 3, "dtype": "int8"}]), "3"),
        (lambda d: d.update(metrics={"accuracy": "good"}), "good"),
        (lambda d: d.update(golden=[{"input": "x", "output": 1}]), "1"),
        (lambda d: d.update(outputs=[None]), "NoneType"),
    ],
)
def test_a_broken_card_names_what_is_wrong(
    spoil: Callable[[dict[str, object]], object], named: str
) -> None:
    document = json.loads(CARD.to_json())
    spoil(document)
    with pytest.raises(InvalidCard) as caught:
        ModelCard.parse(json.dumps(document).encode())
    assert named in caught.value.message


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff"])
def test_rubbish_is_no_card(data: bytes) -> None:
    with pytest.raises(InvalidCard):
        ModelCard.parse(data)
