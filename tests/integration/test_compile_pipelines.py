"""What a Kubeflow cluster gets: IR YAML that loads, with a form that explains itself."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.domain.errors import InvalidInput, NotFound
from slipway.ports.pipeline_backend import Kind
from slipway.settings import load
from slipway.wiring import compile_pipeline, pipeline_backend, run_defaults

IMAGE = "registry.example.org/slipway-pipeline@sha256:" + "0" * 64

pytestmark = pytest.mark.slow


# Pipeline → what may be cached: all that depends on neither the moment nor what others did.
OF_SIGNALS = {"gather", "snapshot", "validate", "fit", "export"}
OF_IMAGES = {"collect", "snapshot", "split", "train", "evaluate", "export"}
CACHED = {
    "parts": OF_IMAGES,
    "objects": OF_IMAGES,
    "appliances": OF_SIGNALS,
    "motion": OF_SIGNALS,
    "sounds": OF_SIGNALS,
    "vibration": OF_SIGNALS,
}
ALWAYS_NEW = {"configure", "version", "gate", "register", "publish"}


@pytest.fixture(scope="module", params=sorted(CACHED))
def name(request: pytest.FixtureRequest) -> str:
    pipeline: str = request.param
    return pipeline


@pytest.fixture(scope="module")
def compiled(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("compiled") / f"{name}.yaml"
    compile_pipeline(name, file, IMAGE)
    return file


@pytest.fixture(scope="module")
def spec(compiled: Path) -> Any:
    return yaml.safe_load(compiled.read_text())


def test_it_loads_and_is_the_same_every_time(name: str, compiled: Path, tmp_path: Path) -> None:
    from kfp import components

    component = components.load_component_from_file(str(compiled))
    assert component.name == name
    compile_pipeline(name, tmp_path / "again.yaml", IMAGE)
    assert (tmp_path / "again.yaml").read_bytes() == compiled.read_bytes()


def test_every_parameter_has_a_type_a_default_and_a_description(name: str, spec: Any) -> None:
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters.keys() >= {"name", "major", "data", "epochs", "gate_floor", "bucket"}
    for key, parameter in parameters.items():
        assert parameter["parameterType"] != "PARAMETER_TYPE_ENUM_UNSPECIFIED", key
        assert "defaultValue" in parameter, key
        assert parameter["description"], key
    assert parameters["name"]["defaultValue"] == ("equipmentparts" if name == "parts" else name)


def test_every_task_runs_in_the_given_image_without_installing_anything(
    name: str, spec: Any
) -> None:
    executors = spec["deploymentSpec"]["executors"]
    assert len(executors) == len(CACHED[name] | ALWAYS_NEW)
    for executor in executors.values():
        assert executor["container"]["image"] == IMAGE
        assert "pip install" not in " ".join(executor["container"]["command"])


def test_what_depends_on_the_moment_is_never_cached(name: str, spec: Any) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    cached = {name for name, task in tasks.items() if task["cachingOptions"].get("enableCache")}
    assert cached == CACHED[name]
    assert tasks.keys() - cached == ALWAYS_NEW


def test_the_gate_stands_before_the_registry_and_the_hand_over_comes_last(spec: Any) -> None:
    tasks = spec["root"]["dag"]["tasks"]

    def before(name: str) -> set[str]:
        direct = set(tasks[name].get("dependentTasks", []))
        return direct.union(*map(before, direct))

    assert before("publish") == set(tasks) - {"publish"}
    assert "gate" in before("register")
    assert "configure" in before("snapshot")
    learning = {"train", "validate", "fit"} & tasks.keys()
    assert learning
    for task in learning:
        assert "version" in before(task), "an incompatible model is refused before it is trained"


@pytest.mark.parametrize("pipeline", ["parts", "objects"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", -0.1),
        ("patience", -1),
        ("network", "wide"),
        ("blocks", 18),
        ("alpha", 7.0),
        ("image_size", 16),
        ("weights", "nowhere.keras"),
        ("augmentation", "wild"),
        ("kernels", "fastest"),
        ("seed", -1),
        ("validation_share", 0.9),
        ("test_share", 0.0),
    ],
)
def test_what_no_training_takes_is_refused_before_anything_is_rendered(
    tmp_path: Path, pipeline: str, name: str, value: object
) -> None:
    """And before the bucket and the model registry are looked for, which are not there."""
    configure = import_module(f"slipway_pipelines.{pipeline}").configure

    declared = pipeline_backend(load(tmp_path, {})).parameters(pipeline)
    given = {p.name: p.default for p in declared if p.name in configure.component_spec.inputs}
    with pytest.raises((InvalidInput, NotFound)) as caught:
        configure.python_func(**{**given, name: value})
    assert str(value) in caught.value.message


def test_a_local_run_fills_in_only_what_the_pipeline_declares(name: str, tmp_path: Path) -> None:
    settings = load(tmp_path, {"SLIPWAY_GATE_FLOOR": "0.5"})
    defaults = run_defaults(settings)
    declared = {p.name: p for p in pipeline_backend(settings).parameters(name)}
    assert defaults.keys() <= declared.keys()
    assert defaults["gate_floor"] == 0.5
    assert declared["gate_floor"].kind is Kind.NUMBER
    assert str(defaults["bucket"]) == (tmp_path / ".slipway/buckets/model-output").as_uri()
    assert defaults["tracking_uri"] == f"sqlite:///{tmp_path}/.slipway/mlflow/mlflow.db"
