"""The network: MobileNetV2 with Keras, and weights that come from files."""

from pathlib import Path

import numpy as np
import pytest
from slipway_components.tensorflow_import import import_keras
from slipway_components.train import gradients
from slipway_components.train.mobilenet import build, unfreeze_top

from slipway.domain.errors import InvalidInput

pytestmark = pytest.mark.slow


def test_without_weights_batch_normalisation_follows_fast() -> None:
    keras, _ = import_keras()
    backbone = build(3, image_size=32, alpha=0.1, blocks=17, weights="none").get_layer("backbone")
    momenta = {
        layer.momentum
        for layer in backbone.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert momenta == {0.95}


@pytest.mark.parametrize("name", ["own.weights.h5", "own.keras"])
def test_weights_come_from_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    source = build(3, image_size=32, alpha=0.1, blocks=17, weights="none").get_layer("backbone")
    source.save(file) if name.endswith(".keras") else source.save_weights(file)
    loaded = build(3, image_size=32, alpha=0.1, blocks=17, weights=str(file)).get_layer("backbone")
    for ours, theirs in zip(loaded.get_weights(), source.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["own.weights.h5", "own.keras"])
def test_weights_of_another_width_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    source = build(3, image_size=32, alpha=0.35, blocks=17, weights="none").get_layer("backbone")
    source.save(file) if name.endswith(".keras") else source.save_weights(file)
    with pytest.raises(InvalidInput, match=r"does not fit MobileNetV2 with alpha 0\.1"):
        build(3, image_size=32, alpha=0.1, blocks=17, weights=str(file))


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    for name in ("own.weights.h5", "own.keras"):
        (tmp_path / name).write_bytes(b"neither")
        with pytest.raises(InvalidInput, match="does not fit MobileNetV2"):
            build(3, image_size=32, alpha=0.1, blocks=17, weights=str(tmp_path / name))


def test_a_backbone_can_be_cut_and_takes_the_weights_of_the_whole(tmp_path: Path) -> None:
    whole = build(3, image_size=32, alpha=0.1, blocks=17, weights="none")
    for name in ("own.weights.h5", "own.keras"):
        source = whole.get_layer("backbone")
        if name.endswith(".keras"):
            whole.save(tmp_path / name)
        else:
            source.save_weights(tmp_path / name)
        cut = build(3, image_size=32, alpha=0.1, blocks=7, weights=str(tmp_path / name))
        layers = cut.get_layer("backbone").layers
        assert [layer.name for layer in layers][-2:] == ["block_6_project_BN", "average"]
        for layer in filter(lambda layer: layer.weights, layers):
            theirs = source.get_layer(layer.name).get_weights()
            assert all(map(np.array_equal, layer.get_weights(), theirs))


def test_fine_tuning_a_cut_backbone_reaches_its_last_blocks() -> None:
    network = build(3, image_size=32, alpha=0.1, blocks=7, weights="none")
    unfreeze_top(network)
    layers = network.get_layer("backbone").layers
    learning = [layer.name for layer in layers if layer.trainable_weights]
    assert learning[0] == "block_3_expand"


def test_fine_tuning_reaches_the_top_of_the_backbone_alone() -> None:
    network = build(3, image_size=32, alpha=0.1, blocks=17, weights="none")
    unfreeze_top(network)
    layers = network.get_layer("backbone").layers
    learning = [layer.name for layer in layers if layer.trainable_weights]
    assert learning[0] == "block_13_expand"
    assert "block_12_project" not in learning
    assert "Conv_1" in learning


def test_edges_are_given_and_the_rest_is_learned() -> None:
    keras, _ = import_keras()
    network = gradients.build(3, image_size=32)
    learned = [layer.name for layer in network.layers if layer.trainable_weights]
    parts = ("conv_1", "conv_2", "conv_3", "scores")
    members = [f"member_{number}" for number in range(1, gradients.MEMBERS + 1)]
    assert {name for name in learned if not name.endswith("_BN")} == {
        f"{member}_{part}" for member in members for part in parts
    }
    even, step = np.zeros((2, 1, 32, 32, 3), np.float32)
    step[:, :, 16:] = 1.0  # brighter to the right
    inner = (0, slice(1, 7), slice(1, 7))  # without the frame, which zeros surround
    cells = keras.Model(network.input, network.get_layer("fine").output)
    assert not cells(even).numpy()[inner].any()
    seen = cells(step).numpy()[inner].sum(axis=(0, 1))
    assert seen[0] == seen.max()
    assert seen[8] < 1e-4 * seen[0], "no edge is darker to the right"
    each = network(np.concatenate([even, step])).numpy()
    assert each.shape == (2, gradients.MEMBERS, 3)
    assert each.sum(axis=2) == pytest.approx(np.ones((2, gradients.MEMBERS)))
    scores = gradients.averaged(network)(np.concatenate([even, step])).numpy()
    assert scores == pytest.approx(each.mean(axis=1))


def test_each_member_learns_by_itself() -> None:
    keras, _ = import_keras()
    network = gradients.build(3, image_size=32)
    given = np.random.default_rng(1).normal(size=(6, 32, 32, 3)).astype(np.float32)
    wanted = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    before = {layer.name: layer.get_weights() for layer in network.layers}
    # Weights of nothing for all members but the first: as if the others were not asked.
    weights = np.zeros((6, gradients.MEMBERS), np.float32)
    weights[:, 0] = 1
    network.compile("sgd", keras.losses.CategoricalCrossentropy())
    targets = np.broadcast_to(wanted[:, np.newaxis], (6, gradients.MEMBERS, 3))
    network.train_on_batch(given, targets, sample_weight=weights)
    changed = {
        layer.name.split("_scores")[0]
        for layer in network.layers
        if layer.name.endswith("_scores")
        and not all(map(np.array_equal, layer.get_weights(), before[layer.name]))
    }
    assert changed == {"member_1"}
