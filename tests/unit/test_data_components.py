"""The data components compile, with every parameter typed and described for a form."""

from pathlib import Path

import pytest
import yaml


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (
            "render",
            {
                *("labels", "sources", "views", "size", "samples", "seed", "viewpoint"),
                *("meshes", "catalogue"),
            },
        ),
        ("ingest", {"source", "skip_bad", "size"}),
        ("snapshot", {"store"}),
        ("split", {"seed", "validation", "test"}),
    ],
)
def test_component_compiles_with_described_parameters(
    tmp_path: Path, name: str, parameters: set[str]
) -> None:
    import importlib

    from kfp import compiler

    module = importlib.import_module(f"slipway_components.{name}.component")
    compiler.Compiler().compile(getattr(module, name), str(tmp_path / "component.yaml"))
    document = next(yaml.safe_load_all((tmp_path / "component.yaml").read_text()))
    (component,) = document["components"].values()
    described = component["inputDefinitions"]["parameters"]
    assert set(described) == parameters
    for parameter in described.values():
        assert parameter["description"]
        assert parameter["parameterType"]
    (executor,) = document["deploymentSpec"]["executors"].values()
    assert executor["container"]["image"] == "slipway-pipeline:latest"
