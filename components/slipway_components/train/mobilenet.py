"""The network: a MobileNetV2 backbone, average pooling, one dense layer of scores."""

import socket
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slipway.domain.errors import InvalidInput, NotFound, Unavailable
from slipway_components.tensorflow_import import import_keras

IMAGENET_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
IMAGENET_SIZES = (96, 128, 160, 192, 224)
BLOCKS = 17  # inverted residual blocks of the whole MobileNetV2
SMALLEST_SIZE = 32  # pixels, below it the backbone's five halvings leave nothing

# Keras builds MobileNetV2 with a batch normalisation momentum of 0.999, which takes thousands of
# steps to follow; on a few hundred images the network would answer at chance.
SCRATCH_MOMENTUM = 0.95


def build(labels: int, *, image_size: int, alpha: float, blocks: int, weights: str) -> Any:
    """A Keras model [N, size, size, 3] → [N, labels] of scores that add up to 1.

    Its layer `backbone` holds the first `blocks` inverted residual blocks of MobileNetV2, with
    all 17 the last convolution too. `weights` is `none`, `imagenet` or a file. Raises
    InvalidInput for an impossible size, alpha or number of blocks or a file that does not fit,
    NotFound for a file that is not there, Unavailable when the ImageNet weights cannot be fetched.
    """
    keras, _ = import_keras()

    check(image_size, alpha, blocks, weights)
    backbone = _backbone(image_size, alpha, blocks, weights)
    if weights == "none":
        _prepare_for_scratch(backbone)
    image = keras.Input((image_size, image_size, 3), name="image")
    # Statistics that were learned from many images are kept; those of few would be worse.
    features = backbone(image) if weights == "none" else backbone(image, training=False)
    features = keras.layers.Dropout(0.2, name="dropout")(features)
    scores = keras.layers.Dense(labels, activation="softmax", name="scores")(features)
    return keras.Model(image, scores, name="parts")


def _prepare_for_scratch(backbone: Any) -> None:
    """Let a network without weights learn from few images in few steps.

    The blocks with a way around them begin as that way alone, by a scale of zero in their last
    normalisation (Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 5.1).
    """
    keras, _ = import_keras()
    names = {layer.name for layer in backbone.layers}
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = SCRATCH_MOMENTUM
            block = layer.name.removesuffix("_project_BN")
            if block != layer.name and f"{block}_add" in names:
                layer.gamma.assign(keras.ops.zeros_like(layer.gamma))


def unfreeze_top(model: Any, count: int = 4) -> None:
    """Let the last `count` blocks of the backbone and what follows them learn, nothing below."""
    backbone = model.get_layer("backbone")
    names = [layer.name for layer in backbone.layers]
    ends = [number for number, name in enumerate(names) if name.endswith("_project_BN")]
    first = ends[-count - 1] + 1 if len(ends) > count else 0
    backbone.trainable = True
    for number, layer in enumerate(backbone.layers):
        layer.trainable = number >= first


def check(image_size: int, alpha: float, blocks: int, weights: str) -> None:
    """Raise what `build` would, as far as it can be known without TensorFlow."""
    if image_size < SMALLEST_SIZE:
        raise InvalidInput(
            f"image size {image_size} is too small", hint=f"Use {SMALLEST_SIZE} pixels or more"
        )
    if not 0.05 <= alpha <= 2:
        raise InvalidInput(f"alpha {alpha} is out of range", hint="Use 0.05 to 2, usually 0.35")
    if not 1 <= blocks <= BLOCKS:
        raise InvalidInput(f"blocks is {blocks}", hint=f"MobileNetV2 has 1 to {BLOCKS}")
    if weights == "imagenet":
        if alpha not in IMAGENET_ALPHAS or image_size not in IMAGENET_SIZES:
            alphas, sizes = (
                ", ".join(map(str, all_)) for all_ in (IMAGENET_ALPHAS, IMAGENET_SIZES)
            )
            raise InvalidInput(
                f"there are no ImageNet weights for alpha {alpha} at {image_size} pixels",
                hint=f"Use an alpha of {alphas} and a size of {sizes}, or weights 'none'",
            )
    elif weights != "none":
        file = Path(weights)
        if not file.is_file():
            raise NotFound(
                f"the weights file {weights!r} does not exist",
                hint="Give 'imagenet', 'none', or a .keras, .weights.h5 or .h5 file",
            )
        if file.suffix not in (".keras", ".h5"):
            raise InvalidInput(
                f"{weights} is not a weights file by its name",
                hint="Give a .keras, .weights.h5 or .h5 file",
            )


def _backbone(image_size: int, alpha: float, blocks: int, weights: str) -> Any:
    keras, _ = import_keras()
    if weights == "imagenet":
        whole = _from_imagenet(image_size, alpha)
    else:
        whole = _bare(image_size, alpha, None)
        if weights != "none":
            _load(whole, blocks, Path(weights), alpha)
    last = whole.get_layer(_last_layer(blocks, {layer.name for layer in whole.layers}))
    features = keras.layers.GlobalAveragePooling2D(name="average")(last.output)
    return keras.Model(whole.input, features, name="backbone")


def _last_layer(blocks: int, names: set[str]) -> str:
    """Where a backbone of so many blocks ends: after the addition, where the block has one."""
    if blocks == BLOCKS:
        return "out_relu"
    block = "expanded_conv" if blocks == 1 else f"block_{blocks - 1}"
    return f"{block}_add" if f"{block}_add" in names else f"{block}_project_BN"


def _bare(image_size: int, alpha: float, weights: str | None) -> Any:
    keras, _ = import_keras()

    return keras.applications.MobileNetV2(
        input_shape=(image_size, image_size, 3), alpha=alpha, include_top=False, weights=weights
    )


def _from_imagenet(image_size: int, alpha: float) -> Any:
    try:
        with _patience(seconds=30):
            return _bare(image_size, alpha, "imagenet")
    except Exception as error:
        # Keras wraps a failed download in a bare Exception that begins with these words.
        if isinstance(error, OSError) or "URL fetch failure" in str(error):
            raise Unavailable(
                f"the ImageNet weights cannot be fetched: {error}",
                hint="Try again with a connection to storage.googleapis.com, give a weights file "
                "that was fetched elsewhere, or train the whole network with weights 'none'",
            ) from error
        raise


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Bound the waiting for a silent server: Keras' download has no time limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _load(whole: Any, blocks: int, file: Path, alpha: float) -> None:
    """Load `.keras` (a model of ours or a bare backbone), `.weights.h5`, or Keras' own `.h5`."""
    keras, _ = import_keras()

    try:
        if file.suffix == ".keras":
            _copy(keras.saving.load_model(file, compile=False), whole, blocks)
            return
        with warnings.catch_warnings():
            # For some files that do not fit Keras warns, and leaves layers untrained.
            warnings.simplefilter("error", UserWarning)
            whole.load_weights(file)
    except (OSError, ValueError, KeyError, TypeError, UserWarning, zipfile.BadZipFile) as error:
        words = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InvalidInput(
            f"{file} does not fit MobileNetV2 with alpha {alpha} and {blocks} blocks: {words}",
            hint="Use the alpha that the weights were trained with, and no more blocks",
        ) from error


def _copy(model: Any, whole: Any, blocks: int) -> None:
    """Copy the weights layer by layer, as far as `blocks` reach; a layer is found by its name."""
    names = {layer.name for layer in model.layers}
    source = model.get_layer("backbone") if "backbone" in names else model
    end = _last_layer(blocks, {layer.name for layer in whole.layers})
    for layer in whole.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
        if layer.name == end:
            return
