"""Whether one model can take another's place under the same MAJOR.

Those who call a model rely on what it takes and on the labels it may answer. MAJOR changes when
the input changes shape, type or meaning, or when a label disappears; a label more, or another
order of the labels, breaks nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from slipway.domain.card import ModelCard, Value
from slipway.domain.errors import IncompatibleModel
from slipway.domain.names import ModelVersion


@dataclass(frozen=True)
class Interface:
    """What callers see of a model. `inputs` (name, shape, dtype) is None, and `preprocessing`
    holds only some of its parameters, while a model is planned and not exported yet."""

    labels: tuple[str, ...]
    preprocessing: Mapping[str, Value]
    inputs: tuple[tuple[str, tuple[int, ...], str], ...] | None = None

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """The interface of an exported model."""
        tensors = tuple((tensor.name, tensor.shape, tensor.dtype) for tensor in card.inputs)
        return cls(card.labels, card.preprocessing, tensors)


def differences(before: ModelCard, after: Interface) -> tuple[str, ...]:
    """What callers of `before` would stumble over; empty when `after` is compatible."""
    found = []
    gone = [label for label in before.labels if label not in after.labels]
    if gone:
        found.append(f"{'labels' if len(gone) > 1 else 'label'} {', '.join(gone)} disappeared")
    if after.inputs is not None and after.inputs != Interface.of(before).inputs:
        tensors = (Interface.of(before).inputs or (), after.inputs)
        was, now = (", ".join(f"{n} {list(s)} {t}" for n, s, t in tensor) for tensor in tensors)
        found.append(f"input was {was}, is {now}")
    complete = after.inputs is not None
    keys = before.preprocessing.keys() | after.preprocessing.keys()
    for key in sorted(keys if complete else after.preprocessing):
        old, new = before.preprocessing.get(key), after.preprocessing.get(key)
        if old != new:
            found.append(f"preprocessing {key} was {old}, is {new}")
    return tuple(found)


def check_compatible(
    major: int, after: Interface, latest: Mapping[int, tuple[ModelVersion, ModelCard]]
) -> None:
    """Refuse `after` under `major` when it breaks the last version there.

    `latest` holds the last version of each MAJOR that there is. Raises IncompatibleModel with the
    differences and the lowest higher MAJOR that takes the model.
    """
    if major not in latest:
        return
    version, before = latest[major]
    found = differences(before, after)
    if not found:
        return
    needed = major + 1
    while needed in latest and differences(latest[needed][1], after):
        needed += 1
    raise IncompatibleModel(
        f"the model is not compatible with {version}: {'; '.join(found)}",
        hint=f"Train it as MAJOR {needed} (--param major={needed}), or undo the change",
    )
