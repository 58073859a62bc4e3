"""Models that are asked here: evaluated, or watched."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from slipway.domain.names import ModelVersion
from slipway.settings import Settings
from slipway.wiring.buckets import model_output_bucket
from slipway.wiring.images import image_sources

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slipway.domain.prediction import Prediction
    from slipway.services.asking import Ask
    from slipway.services.evaluate import Evaluator
    from slipway.services.live import LiveModel

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def evaluator(settings: Settings) -> "Evaluator":
    """What evaluates model versions with the serving program on this machine."""
    from slipway_components.signals.workloads import workload

    from slipway.services.evaluate import Evaluator

    return Evaluator(model_output_bucket(settings), _serve, lambda name: workload(name).load, _body)


@contextmanager
def live_model(
    settings: Settings, version: ModelVersion | None, url: str, device: str | None
) -> "Iterator[LiveModel]":
    """The model of a `version`, served on this machine while the block lasts; without one that
    which answers at `url`, on the local `device` if there is one.

    Raises what evaluating raises, NotFound when the model is not in the model-output bucket.
    """
    from slipway_components.signals.workloads import workload

    from slipway.adapters.serving_client import ServingClient
    from slipway.local import netns
    from slipway.services.asking import fetched
    from slipway.services.live import LiveModel
    from slipway.services.model_output import read_card

    bucket = model_output_bucket(settings)
    with ExitStack() as stack:
        if version is not None:
            ask: Ask = stack.enter_context(_serve(stack.enter_context(fetched(bucket, version))))
        else:
            client = ServingClient(url)
            where = None if device is None else netns.running(settings, device)
            ask = client.predict if where is None else _inside(where, client.predict)
            about = client.version if where is None else _inside(where, client.version)
            version = about()
        card = read_card(bucket, version)
        yield LiveModel.of(card, ask, _body, lambda name: workload(name).load)


def _inside(pid: int, work: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The same, done in the network of a local device."""
    from slipway.local import netns

    def done(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        return netns.inside(pid, lambda: work(*args, **kwargs))

    return done


@contextmanager
def _serve(model: Path) -> "Iterator[Callable[[bytes, str], Prediction]]":
    """The serving program on this machine with the model in a folder."""
    from slipway.adapters.local_serving import serving
    from slipway.adapters.serving_client import ServingClient

    packages = image_sources()
    app = [packages.package(name) for name in ("slipway_serving", "slipway_features")]
    with serving(model, app) as url:
        yield ServingClient(url, timeout=600).predict


def _body(values: "NDArray[np.float64]", axes: Sequence[str], rate: float) -> bytes:
    from slipway.adapters.serving_client import recording_body

    return recording_body(values.tolist(), axes, rate)
