"""kfp spec of `version`."""

from typing import NamedTuple

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def version(
    snapshot: dsl.Input[dsl.Artifact],
    name: str,
    major: int,
    preprocessing: str,
    started: int,
    configuration: str,
    git_commit: str,
    bucket: str,
) -> NamedTuple("Outputs", [("version", str), ("lineage", dict)]):  # type: ignore[valid-type]
    """Allocate the model version, refusing early what needs another MAJOR."""
    import json
    from pathlib import Path

    from slipway.wiring import open_bucket
    from slipway_components.version import task

    done = task.version(
        Path(snapshot.path),
        open_bucket(bucket),
        name=name,
        major=major,
        preprocessing=json.loads(preprocessing),
        started=started,
        configuration=configuration,
        git_commit=git_commit,
    )
    return done.version, done.lineage
