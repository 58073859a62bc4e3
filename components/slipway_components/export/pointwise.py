"""The network that is exported: its dense layers are convolutions over points, the same sums.

LiteRT 2.3 and tflite-runtime 2.14, which armv7l has, round the sums of convolutions alike, those of
dense layers not. And the weights of a convolution may have a scale for each channel; dense layers
that do take the latter runtime down.
"""

from typing import Any

from slipway_components.tensorflow_import import import_keras


def without_dense_layers(network: Any) -> Any:
    """The Keras network with the same weights in the same order, in which the layers Dense, and
    LSTM and GRU as far as they are unrolled, convolve; all others are as they were."""
    keras, _ = import_keras()
    kinds = _convolving()

    def changed(layer: Any) -> Any:
        kind = kinds.get(type(layer), type(layer))
        return kind.from_config(layer.get_config())

    made = keras.models.clone_model(network, clone_function=changed, recursive=True)
    made.set_weights(network.get_weights())
    return made


def _convolving() -> dict[Any, Any]:
    """Layer → what computes the same without training, recurrent ones for a batch of one."""
    keras, _ = import_keras()
    layers, ops = keras.layers, keras.ops

    def product(points: Any, kernel: Any) -> Any:
        """[batch, 1, points, n] × [n, m] → [batch, 1, points, m]"""
        return ops.conv(points, kernel[None, None])

    class Dense(layers.Dense):  # type: ignore[misc,name-defined]
        def call(self, inputs: Any, training: Any = None) -> Any:
            sums = product(ops.reshape(inputs, (-1, 1, 1, inputs.shape[-1])), self.kernel)
            sums = sums + self.bias if self.use_bias else sums
            return self.activation(ops.reshape(sums, (-1, *inputs.shape[1:-1], self.units)))

    class LSTM(layers.LSTM):  # type: ignore[misc,name-defined]
        def call(self, sequences: Any, initial_state: Any = None, **_: Any) -> Any:
            opened, active, cell = self.recurrent_activation, self.activation, self.cell
            given = product(sequences[:, None], cell.kernel) + cell.bias
            after = carry = ops.zeros((1, 1, 1, self.units))
            told = []
            for step in ops.split(given, given.shape[2], axis=2):
                sums = step + product(after, cell.recurrent_kernel)
                take, keep, new, show = ops.split(sums, 4, axis=-1)
                carry = opened(keep) * carry + opened(take) * active(new)
                after = opened(show) * active(carry)
                told.append(after)
            return _told(told, self.return_sequences)

    class GRU(layers.GRU):  # type: ignore[misc,name-defined]
        def call(self, sequences: Any, initial_state: Any = None, **_: Any) -> Any:
            opened, active, cell = self.recurrent_activation, self.activation, self.cell
            given = product(sequences[:, None], cell.kernel) + cell.bias[0]
            after = ops.zeros((1, 1, 1, self.units))
            told = []
            for step in ops.split(given, given.shape[2], axis=2):
                kept = product(after, cell.recurrent_kernel) + cell.bias[1]
                (stay, reset, new), (more_stay, more_reset, more_new) = (
                    ops.split(sums, 3, axis=-1) for sums in (step, kept)
                )
                stay, reset = opened(stay + more_stay), opened(reset + more_reset)
                after = stay * after + (1 - stay) * active(new + reset * more_new)
                told.append(after)
            return _told(told, self.return_sequences)

    def _told(steps: list[Any], sequences: bool) -> Any:
        """What a recurrent layer answers: [1, steps, units], or the last one's [1, units]."""
        return ops.concatenate(steps, axis=2)[:, 0] if sequences else steps[-1][:, 0, 0]

    return {layers.Dense: Dense, layers.LSTM: LSTM, layers.GRU: GRU}
