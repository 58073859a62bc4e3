"""Trains the model that is released."""

import json
from pathlib import Path

from slipway_components.folder import appearing
from slipway_components.progress import say
from slipway_components.signals import recordings as recordings_files
from slipway_components.signals.dataset import prepare
from slipway_components.signals.examples import labels_of, long_enough
from slipway_components.signals.fitting import Curves
from slipway_components.signals.learned import Learned
from slipway_components.signals.workloads import Parameters, workload


def fit(recordings: Path, output: Path, *, name: str, parameters: Parameters) -> Curves:
    """Learn from all recordings and write the new folder `output`; returns the curves.

    `recordings` is what `gather` wrote, `name` the workload's. `output` gets `model.keras`, what
    belongs to it, and `history.json` (parameters, curves by epoch). How good the model is, is known
    from those that `validate` trained in the same way. The same inputs give the same model on the
    same machine. Raises InvalidDataset, InvalidInput.
    """
    of = workload(name)
    window = int(of.preprocessing(parameters)["window"])
    found = long_enough(recordings_files.read_all(recordings), window)
    labels = labels_of(found, of.labels)
    dataset = prepare(of, found, labels, parameters)
    fitted = dataset.fit(range(len(found)))
    say(f"fit: {fitted.network.count_params()} parameters, {len(fitted.inputs)} windows")
    learned = Learned(
        workload=name,
        labels=labels,
        preprocessing=of.preprocessing(parameters),
        scaling=fitted.scaling.to_dict(),
    )
    with appearing(output) as folder:
        learned.write(folder, fitted)
        history = {"schema": 1, "parameters": dict(parameters), "curves": fitted.curves}
        (folder / "history.json").write_text(json.dumps(history, indent=2) + "\n")
    return fitted.curves
