"""Pipelines written in the kfp DSL: found, loaded, compiled.

A pipeline NAME is the module NAME of a package, whose attribute NAME is what `@dsl.pipeline` made.
Modules whose names begin with _ hold what several pipelines share.
"""

import importlib
import pkgutil
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipway.adapters.files import replacing
from slipway.domain.errors import InvalidReference, MissingTool, NotFound
from slipway.domain.system_errors import os_errors

PACKAGE = "slipway_pipelines"

_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]*")


def pipeline_names(package: str) -> Sequence[str]:
    """The pipelines of a package, sorted."""
    found = importlib.import_module(package)
    names = (module.name for module in pkgutil.iter_modules(found.__path__))
    return sorted(name for name in names if not name.startswith("_"))


def load_pipeline(package: str, name: str) -> Any:
    """The kfp pipeline; NotFound, MissingTool."""
    if name not in (known := pipeline_names(package)):
        raise NotFound(f"there is no pipeline {name!r}", hint=f"Known are {', '.join(known)}")
    try:
        module = importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        if error.name != "kfp":
            raise
        raise MissingTool(
            "the Python package kfp is not installed", hint="pip install 'slipway[pipelines]'"
        ) from error
    return getattr(module, name)


def check_image(image: str) -> None:
    """Raise InvalidReference for what no task could run in."""
    if not _IMAGE.fullmatch(image):
        raise InvalidReference(
            f"{image!r} is not an image reference", hint="Write HOST/REPOSITORY:TAG or …@sha256:…"
        )


def compile_pipeline(package: str, name: str, output: Path, image: str | None) -> None:
    """Write a pipeline's IR YAML, atomically; the same pipeline gives the same bytes.

    `image` is what its tasks run in, None for the one that the components name. Raises NotFound,
    InvalidReference, DiskFull, Denied.
    """
    if image is not None:
        check_image(image)
    pipeline = load_pipeline(package, name)
    from kfp.compiler import pipeline_spec_builder as builder

    spec = builder.modify_pipeline_spec_with_override(
        pipeline_spec=pipeline.pipeline_spec,
        pipeline_name=None,
        pipeline_parameters=None,
        pipeline_display_name=None,
    )
    if image is not None:
        for executor in spec.deployment_spec["executors"].values():
            executor["container"]["image"] = image
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "pipeline.yaml"
        builder.write_pipeline_spec_to_file(
            pipeline_spec=spec,
            pipeline_description=pipeline.description,
            platform_spec=pipeline.platform_spec,
            package_path=str(file),
        )
        with os_errors(str(output)):
            data = file.read_bytes()
        with replacing(output) as written:
            written.write(data)
