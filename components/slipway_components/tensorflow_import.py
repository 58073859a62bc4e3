"""Imports TensorFlow and Keras quickly and quietly; nothing else imports them in a component."""

import os
import sys
from typing import Any

# Keras imports these when they are installed, for features that are not used here: 4 of the 10
# seconds of processor time that its import takes.
_NOT_NEEDED = ("matplotlib", "pandas", "sklearn")


def import_keras() -> tuple[Any, Any]:
    """The modules (keras, tensorflow), as deterministic as TensorFlow can be made.

    TensorFlow's log is reduced to errors, unless TF_CPP_MIN_LOG_LEVEL says otherwise.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # makes `import name` fail
    try:
        import keras
        import tensorflow
    finally:
        for name in hidden:
            if sys.modules.get(name) is None:
                del sys.modules[name]
    tensorflow.config.experimental.enable_op_determinism()
    return keras, tensorflow


def begin_training(seed: int) -> Any:
    """The module keras as a new process has it: random numbers from `seed`, and layers, whose names
    are in the exported files, numbered from the first."""
    keras, _ = import_keras()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    return keras
