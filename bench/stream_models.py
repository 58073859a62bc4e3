"""Versions to stream to, as the pipelines make them but of little training: what a model answers
makes no difference to how fast it does.

    python -m bench.stream_models WORKLOAD FOLDER

leaves FOLDER/WORKLOAD/VERSION. A program of its own, so that a benchmark is without TensorFlow.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from slipway_components.signals import recordings
from slipway_components.signals.export.task import export
from slipway_components.signals.fit.task import fit
from slipway_components.signals.workloads import workload

RECORDINGS = 2  # of each label


def main(name: str, folder: Path) -> None:
    """Make the version."""
    parameters = {**_defaults(name), "epochs": 1}
    data = folder / "recordings"
    for recording in workload(name).synthesise(1, RECORDINGS):
        recordings.write(data, recording)
    fit(data, folder / "fitted", name=name, parameters=parameters)
    (folder / "evaluation").mkdir()
    judged = {"metrics": {}, "split": "not judged"}
    (folder / "evaluation" / "metrics.json").write_text(json.dumps(judged))
    version = f"{name}_1_1501089026"
    export(
        folder / "fitted",
        data,
        folder / "evaluation",
        folder / name / version,
        version=version,
        lineage={},
    )


def _defaults(name: str) -> dict[str, Any]:
    """The parameters of the workload's pipeline."""
    pipeline = getattr(importlib.import_module(f"slipway_pipelines.{name}"), name)
    return {key: given.default for key, given in pipeline.component_spec.inputs.items()}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
