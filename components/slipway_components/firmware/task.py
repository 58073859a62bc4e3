"""Writes a model of sounds as C sources, and says what it will take on a microcontroller."""

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import GoldenSample, ModelCard
from slipway.domain.errors import InvalidCard, InvalidInput
from slipway_components.firmware import c_source
from slipway_components.firmware.arena import Arena, arena
from slipway_components.firmware.parameters import Parameters
from slipway_components.folder import appearing

_FIXED = ("slipway_features.h", "slipway_features.c", "selftest.c")
_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Written:
    """Bytes."""

    model: int  # of flash
    features: int  # of flash, the tables
    arena: Arena  # of RAM

    @property
    def flash(self) -> int:
        """Of all constants; the code of interpreter and features comes on top."""
        return self.model + self.features


def export_c(model: Path, output: Path) -> Written:
    """From the version's folder `model` to the new folder `output`.

    `output` gets slipway_model.h and .c (the `.tflite` as an array), slipway_parameters.h (tables
    of the features, scaling, labels), slipway_features.h and .c, slipway_test_vector.h (samples,
    the model's input for them, its stored answers) and selftest.c, a program that checks the
    features where it is compiled. Raises InvalidInput for a model of anything but sounds,
    InvalidCard for one without golden samples.
    """
    card = ModelCard.parse((model / "model.json").read_bytes())
    if card.preprocessing.get("kind") != "mfcc" or len(card.inputs) != 1:
        raise InvalidInput(
            f"{card.version} takes {card.preprocessing.get('kind')!r}, not 'mfcc'",
            hint="There are C sources for the features of sounds alone",
        )
    if not card.golden:
        raise InvalidCard(f"{card.version} has no golden samples", hint="Export the model again")
    stored = (model / "model.tflite").read_bytes()
    parameters = Parameters.of(card)
    with appearing(output) as folder:
        for name in _FIXED:
            shutil.copyfile(Path(__file__).parent / "c" / name, folder / name)
        _write_model(folder, card, stored)
        (folder / "slipway_parameters.h").write_text(parameters.source())
        (folder / "slipway_test_vector.h").write_text(_test_vector(card, parameters))
        return Written(len(stored), parameters.bytes, arena(model / "model.tflite"))


def _write_model(folder: Path, card: ModelCard, stored: bytes) -> None:
    data = np.frombuffer(stored, np.uint8)
    digest = hashlib.sha256(stored).hexdigest()
    header = (
        f"/* {card.version}, SHA-256 {digest} */\n"
        "#ifndef SLIPWAY_MODEL_H\n#define SLIPWAY_MODEL_H\n\n"
        '#ifdef __cplusplus\nextern "C" {\n#endif\n\n'
        "extern const unsigned char slipway_model[];\n"
        "extern const unsigned int slipway_model_size;\n\n"
        "#ifdef __cplusplus\n}\n#endif\n\n#endif\n"
    )
    (folder / "slipway_model.h").write_text(header)
    source = (
        '#include "slipway_model.h"\n\n'
        "/* The interpreter reads numbers of up to 16 bytes in place. */\n"
        f"__attribute__((aligned(16))) const unsigned char slipway_model[] = "
        f"{c_source.braced(data)};\n"
        f"const unsigned int slipway_model_size = {len(data)};\n"
    )
    (folder / "slipway_model.c").write_text(source)


def _test_vector(card: ModelCard, parameters: Parameters) -> str:
    """The golden samples: what went in, what the model was given, what it answered."""
    samples = np.array([_samples(sample) for sample in card.golden])
    inputs = np.array([parameters.stored(one / _FULL_SCALE) for one in samples])
    outputs = np.array([sample.output[0] for sample in card.golden]).astype(np.int8)
    return (
        "#ifndef SLIPWAY_TEST_VECTOR_H\n#define SLIPWAY_TEST_VECTOR_H\n\n#include <stdint.h>\n\n"
        + c_source.define("SLIPWAY_TEST_WINDOWS", len(samples))
        + "\n/* Of each window: 16-bit samples, */\n"
        + c_source.array("int16_t", "slipway_test_samples", samples)
        + "\n/* what the model is given, */\n"
        + c_source.array("int8_t", "slipway_test_input", inputs)
        + "\n/* and what it answers, by the interpreter's reference kernels. */\n"
        + c_source.array("int8_t", "slipway_test_output", outputs)
        + "\n#endif\n"
    )


def _samples(golden: GoldenSample) -> NDArray[np.int64]:
    """A golden window as 16-bit samples."""
    values: Sequence[Sequence[float]] = json.loads(base64.b64decode(golden.input))["values"]
    scaled = np.array(values, np.float64)[:, 0] * _FULL_SCALE
    whole = np.rint(scaled).astype(np.int64)
    if not np.array_equal(whole, scaled):
        raise InvalidCard(
            "the golden samples are not of 16 bits", hint="Train on WAV files of 16 bits"
        )
    return whole
