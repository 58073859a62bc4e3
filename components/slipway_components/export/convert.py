"""Converts Keras models to a SavedModel and to LiteRT files: a program of its own.

    python -m slipway_components.export.convert MODEL.keras REPRESENTATIVE.npy OUTPUT …

It runs in its own process because the converter can take the interpreter down with it.
REPRESENTATIVE holds float32 [N, …], inputs as the model takes them. OUTPUT, an existing folder,
gets `saved_model/`, `model_float.tflite` and `model.tflite`. More models follow in threes.
"""

import hashlib
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from slipway_components.export.pointwise import without_dense_layers
from slipway_components.tensorflow_import import import_keras


def main(model_file: str, representative_file: str, output: Path) -> None:
    """Write all three forms of the model."""
    keras, tf = import_keras()
    keras.utils.set_random_seed(0)  # dropout's random state is a variable of the SavedModel
    trained = without_dense_layers(keras.saving.load_model(model_file, compile=False))
    saved = output / "saved_model"
    _save(tf, trained, saved)

    (output / "model_float.tflite").write_bytes(
        tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert()
    )

    samples = np.load(representative_file)

    def representative() -> Iterator[list[Any]]:
        for sample in samples:
            yield [sample[np.newaxis]]

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # What may still be dense within other layers: tflite-runtime 2.14 on armv7l crashes on it where
    # it is quantised per channel, and knows no version of FULLY_CONNECTED that is.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    (output / "model.tflite").write_bytes(converter.convert())


def _save(tf: Any, trained: Any, folder: Path) -> None:
    """Write the SavedModel: `serving_default` takes what the Keras input is named, gives scores.

    Keras' own export keeps variables in the order of a set of objects, another one each time.
    """
    module = tf.Module()
    module.variables_in_order = [variable.value for variable in trained.variables]
    given = tf.TensorSpec(trained.input_shape, tf.float32, name=trained.inputs[0].name)
    module.serve = tf.function(
        lambda given: {"scores": trained(given, training=False)}, input_signature=[given]
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    _fix_fingerprint(folder / "fingerprint.pb")


def _fix_fingerprint(file: Path) -> None:
    """Replace the random identifier in the fingerprint by one that the content decides."""
    from tensorflow.core.protobuf import fingerprint_pb2

    fingerprint = fingerprint_pb2.FingerprintDef.FromString(file.read_bytes())
    fingerprint.uuid = ""
    content = hashlib.sha256(fingerprint.SerializeToString(deterministic=True)).digest()
    fingerprint.uuid = str(uuid.UUID(bytes=content[:16]))
    file.write_bytes(fingerprint.SerializeToString(deterministic=True))


if __name__ == "__main__":
    for one in range(1, len(sys.argv), 3):
        main(sys.argv[one], sys.argv[one + 1], Path(sys.argv[one + 2]))
