"""The workloads on signals: what each has to say for itself, and where it is found."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidInput, NotFound
from slipway_components.signals.recordings import Recording
from slipway_features.scaling import Scaling

Reals = NDArray[np.float64]
Parameters = Mapping[str, Any]  # of a pipeline, by name


class Workload(Protocol):
    """What is one workload's own; the pipeline's steps do the rest.

    A workload inherits from this class. What has a body here is as most need it.
    """

    task: str = "series-classification"  # as the model's card names it
    kernels: str = "reference"  # those that serve, as the model's card names them
    smoothing: float = 0.05  # of labels in training: how much of each is given to all labels
    axes: tuple[str, ...]
    labels: tuple[str, ...] = ()  # in the card's order; none where the data says which there are

    def load(self, source: Path) -> Iterator[Recording]:
        """The recordings of a user's folder, in this workload's formats; a SlipwayError names the
        file at fault."""
        ...

    def signed_with(self, key: bytes) -> "Workload":
        """The same workload, whose `load` takes nothing but what is signed with the key; raises
        InvalidInput where the formats know no signature."""
        raise InvalidInput(
            "these recordings have no signatures", hint="Leave the key out that checks them"
        )

    def synthesise(self, seed: int, recordings: int) -> Iterator[Recording]:
        """So many recordings per label that look like real ones; the same seed gives the same."""
        ...

    def check(self, parameters: Parameters) -> None:
        """Raise InvalidInput for a parameter that would fail a run later."""

    def candidates(self, parameters: Parameters) -> Iterator[dict[str, Any]]:
        """Parameters worth trying in the place of those given, without an order; nothing where
        there is nothing to tune."""
        yield from ()

    def preprocessing(self, parameters: Parameters) -> dict[str, Any]:
        """The card's `preprocessing`, complete."""
        ...

    def scaling(self, features: Reals, parameters: Parameters) -> Scaling:
        """Learned from unscaled features [N, …] of training windows; of anomaly-detection only from
        the normal ones."""
        ...

    def network(self, shape: tuple[int, ...], labels: int, parameters: Parameters) -> Any:
        """A new Keras model: scaled features [batch, *shape] → scores [batch, labels], or of
        anomaly-detection the same features again."""
        ...

    def variations(
        self, recording: Recording, parameters: Parameters, rng: np.random.Generator
    ) -> Iterator[Recording]:
        """More recordings to learn from, made out of one of the training's; never judged."""
        yield from ()

    def select(self, targets: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Which of the training windows with these label indices to learn from; all."""
        return np.arange(len(targets))


def _appliances() -> Workload:
    from slipway_components.signals.appliances import Appliances

    return Appliances()


def _motion() -> Workload:
    from slipway_components.signals.motion import Motion

    return Motion()


def _sounds() -> Workload:
    from slipway_components.signals.sounds import Sounds

    return Sounds()


def _vibration() -> Workload:
    from slipway_components.signals.vibration import Vibration

    return Vibration()


# Name → what makes it; imported when it is asked for.
WORKLOADS: Final[Mapping[str, Callable[[], Workload]]] = {
    "appliances": _appliances,
    "motion": _motion,
    "sounds": _sounds,
    "vibration": _vibration,
}


def workload(name: str) -> Workload:
    """The workload of that name; raises NotFound."""
    if name not in WORKLOADS:
        raise NotFound(
            f"there is no workload {name!r} on signals", hint=f"Known are {', '.join(WORKLOADS)}"
        )
    return WORKLOADS[name]()
