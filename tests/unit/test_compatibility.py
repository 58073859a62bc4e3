"""What needs another MAJOR, what does not, and which MAJOR it then is."""

import pytest

from slipway.domain.card import ModelCard
from slipway.domain.compatibility import Interface, check_compatible, differences
from slipway.domain.errors import IncompatibleModel
from tests.fixtures.cards import make_card


@pytest.mark.parametrize(
    "after",
    [
        make_card("parts_1_200"),
        make_card(labels=("nut", "bolt")),
        make_card(labels=("bolt", "gear", "nut")),
        make_card(accuracy=0.1),
    ],
)
def test_what_breaks_nobody(after: ModelCard) -> None:
    assert differences(make_card(), Interface.of(after)) == ()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (make_card(labels=("bolt", "gear")), ["label nut disappeared"]),
        (make_card(labels=("gear",)), ["labels bolt, nut disappeared"]),
        (
            make_card(size=48),
            [
                "input was image [1, 32, 32, 3] int8, is image [1, 48, 48, 3] int8",
                "preprocessing height was 32, is 48",
                "preprocessing width was 32, is 48",
            ],
        ),
        (make_card(dtype="float32"), ["int8, is image [1, 32, 32, 3] float32"]),
        (make_card(mean=0.0), ["preprocessing mean was 127.5, is 0.0"]),
    ],
)
def test_each_difference_is_named(after: ModelCard, words: list[str]) -> None:
    found = differences(make_card(), Interface.of(after))
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


def test_a_planned_model_is_compared_by_what_is_known_of_it() -> None:
    same = Interface(("nut", "bolt"), {"kind": "image", "width": 32, "height": 32})
    assert differences(make_card(), same) == ()
    other = Interface(("nut", "bolt"), {"kind": "image", "width": 64, "height": 32})
    assert differences(make_card(), other) == ("preprocessing width was 32, is 64",)


def test_the_first_model_of_a_major_is_compatible() -> None:
    card = make_card(size=48)
    check_compatible(2, Interface.of(card), {1: (make_card().version, make_card())})


def test_the_refusal_names_the_version_the_difference_and_the_major() -> None:
    latest = {1: (make_card().version, make_card())}
    with pytest.raises(IncompatibleModel) as caught:
        check_compatible(1, Interface.of(make_card(labels=("bolt",))), latest)
    assert caught.value.message == (
        "the model is not compatible with parts_1_100: label nut disappeared"
    )
    assert "MAJOR 2 " in caught.value.hint


def test_the_needed_major_is_the_lowest_that_takes_the_model() -> None:
    cards = {1: make_card(), 2: make_card(size=64), 3: make_card(size=48), 5: make_card()}
    latest = {major: (card.version, card) for major, card in cards.items()}

    def needed(card: ModelCard) -> str:
        with pytest.raises(IncompatibleModel) as caught:
            check_compatible(1, Interface.of(card), latest)
        return caught.value.hint

    assert "MAJOR 3 " in needed(make_card(size=48)), "compatible with the last one there"
    assert "MAJOR 4 " in needed(make_card(size=96)), "the first that is free"
