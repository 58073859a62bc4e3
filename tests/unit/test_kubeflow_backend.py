"""Runs on Kubeflow Pipelines: a server checks each request by the description of the API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway.adapters.kubeflow_api import KubeflowApi
from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
from slipway.domain.errors import (
    Denied,
    InvalidInput,
    InvalidReference,
    InvalidSetting,
    NotFound,
    ServerError,
    SlipwayError,
    Unavailable,
)
from slipway.ports.pipeline_backend import Argument, Commit, Origin, RunError, Status
from slipway.settings import load
from slipway.wiring import pipeline_backend, pipeline_backends
from tests.fixtures.free_ports import free_port
from tests.fixtures.kubeflow_description import Violation, check, operations
from tests.fixtures.kubeflow_server import KubeflowServer, kubeflow_server, now
from tests.fixtures.tiny_pipelines import PACKAGE

IMAGE = "registry.example.org/slipway-pipeline@sha256:" + "0" * 64


@pytest.fixture
def server() -> Iterator[KubeflowServer]:
    with kubeflow_server() as server:
        yield server


Backends = Callable[..., KubeflowPipelineBackend]


@pytest.fixture
def backend_of(server: KubeflowServer, tiny_pipelines: Path) -> Backends:
    """Makes backends of one server."""

    def made(token: str = "", image: str = IMAGE, namespace: str = "") -> KubeflowPipelineBackend:
        api = KubeflowApi(server.host, token)
        return KubeflowPipelineBackend(
            api, image=image, namespace=namespace, package=PACKAGE, cache=tiny_pipelines
        )

    return made


@pytest.fixture
def backend(backend_of: Backends) -> KubeflowPipelineBackend:
    return backend_of()


def test_the_compiled_pipeline_is_submitted_with_its_arguments(
    backend: KubeflowPipelineBackend, server: KubeflowServer
) -> None:
    given: dict[str, Argument] = {"text": "ü", "number": 4, "flag": True, "items": ["a", "b"]}
    state = backend.start("tiny", given, Origin("ann", Commit("a" * 40, "factory", "main")))
    [run] = server.runs.values()
    assert run["runtime_config"]["parameters"] == given
    executors = run["pipeline_spec"]["deploymentSpec"]["executors"]
    assert {each["container"]["image"] for each in executors.values()} == {IMAGE}
    assert json.loads(run["description"])["actor"] == "ann"
    assert (state.pipeline, state.status, state.actor) == ("tiny", Status.WAITING, "ann")
    assert state.location == f"{server.host}/#/runs/details/{state.id}"
    assert [task.name for task in state.tasks] == ["first", "second"]
    assert backend.arguments(state.id) == given


def test_there_is_one_experiment_however_often_it_is_asked_for(
    server: KubeflowServer, backend_of: Backends
) -> None:
    for namespace in ("", "", "team", "team"):
        backend_of(namespace=namespace).start("tiny", {"text": "x"})
    found = [(e["display_name"], e.get("namespace")) for e in server.experiments.values()]
    assert found == [("slipway", None), ("slipway", "team")]


def test_a_run_is_followed_to_its_end(
    backend: KubeflowPipelineBackend, server: KubeflowServer
) -> None:
    run_id = backend.start("tiny", {"text": "x"}).id
    details = [
        {"display_name": "root-driver", "state": "SUCCEEDED", "start_time": now()},
        {"display_name": "first", "state": "RUNNING", "start_time": now(), "end_time": None},
    ]
    server.runs[run_id].update(state="RUNNING", run_details={"task_details": details})
    state = backend.state(run_id)
    assert [(t.name, t.status, t.started > 0) for t in state.tasks] == [
        ("first", Status.RUNNING, True),
        ("second", Status.WAITING, False),
    ]
    assert (state.over, state.ended) == (False, 0.0)
    server.runs[run_id].update(state="SUCCEEDED", finished_at=now())
    state = backend.state(run_id)
    assert (state.status, state.error) == (Status.SUCCEEDED, None)
    assert state.ended >= state.started > 1_600_000_000


def test_a_failed_run_says_why(backend: KubeflowPipelineBackend, server: KubeflowServer) -> None:
    run_id = backend.start("tiny", {"text": "x"}).id
    failed = {"display_name": "second", "state": "FAILED", "error": {"code": 2, "message": "OOM"}}
    server.runs[run_id].update(state="FAILED", run_details={"task_details": [failed]})
    assert backend.state(run_id).error == RunError("run-failed", "task second: OOM")
    server.runs[run_id].update(run_details=None, error={"code": 2, "message": "quota exceeded"})
    assert backend.state(run_id).error == RunError("run-failed", "the run failed: quota exceeded")
    server.runs[run_id].update(error=None)
    assert backend.state(run_id).error == RunError(
        "run-failed", "the run failed: it gave no reason"
    )


def test_cancelling_terminates_once(
    backend: KubeflowPipelineBackend, server: KubeflowServer
) -> None:
    run_id = backend.start("tiny", {"text": "x"}).id
    assert backend.cancel(run_id).status is Status.CANCELLED
    assert backend.cancel(run_id).status is Status.CANCELLED
    assert server.requests.count("run_service_terminate_run") == 1


def test_all_pages_of_the_runs_are_read_and_others_runs_are_not(
    backend: KubeflowPipelineBackend, server: KubeflowServer
) -> None:
    assert backend.runs() == []
    ids = [backend.start("tiny", {"text": "x"}).id for _ in range(5)]
    other = server.experiment_service_create_experiment({"display_name": "other"})
    server.run_service_create_run({"experiment_id": other["experiment_id"]})
    assert [state.id for state in backend.runs()] == ids[::-1]
    assert server.requests.count("run_service_list_runs") == 1 + 3


@pytest.mark.parametrize(
    ("name", "value"), [("text", "file:///data"), ("text", "sqlite:////mlflow.db")]
)
def test_what_only_this_machine_reaches_is_refused(
    backend: KubeflowPipelineBackend, server: KubeflowServer, name: str, value: str
) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is '{value}'"):
        backend.start("tiny", {name: value})
    assert not server.runs


def test_an_image_that_is_none(server: KubeflowServer, backend_of: Backends) -> None:
    with pytest.raises(InvalidReference, match="'no image'"):
        backend_of(image="no image").start("tiny", {"text": "x"})
    with pytest.raises(InvalidSetting, match=r"kubeflow\.image is not set"):
        backend_of(image="").start("tiny", {"text": "x"})
    assert not server.requests


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ServerError),
        (400, InvalidInput),
        (401, Denied),
        (403, Denied),
        (404, NotFound),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_what_the_server_refuses(
    backend: KubeflowPipelineBackend, server: KubeflowServer, status: int, kind: type[SlipwayError]
) -> None:
    server.failure = (status, "so it is")
    with pytest.raises(kind) as caught:
        backend.state("abc")
    assert type(caught.value) is kind
    assert "abc" in caught.value.message
    if status in (401, 403):
        assert "kubeflow.token_file" in caught.value.hint


def test_the_token_is_sent_and_a_wrong_one_is_told(
    server: KubeflowServer, backend_of: Backends
) -> None:
    server.token = "geheim"
    assert backend_of("geheim").runs() == []
    with pytest.raises(Denied) as caught:
        backend_of("falsch").runs()
    assert "falsch" not in caught.value.message + caught.value.hint


def test_a_server_that_is_not_there() -> None:
    host = f"http://127.0.0.1:{free_port()}"
    backend = KubeflowPipelineBackend(KubeflowApi(host), image=IMAGE)
    with pytest.raises(Unavailable, match=host):
        backend.runs()


@pytest.mark.parametrize("document", [b"<html>log in</html>", b"{}", b"[]", b'"x"'])
def test_a_server_that_is_something_else(
    backend: KubeflowPipelineBackend,
    server: KubeflowServer,
    document: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "answer", lambda *_: (200, document))
    with pytest.raises(ServerError, match="does not answer as Kubeflow"):
        backend.state("abc")
    with pytest.raises(ServerError, match="does not answer as Kubeflow"):
        backend.start("tiny", {"text": "x"})


@pytest.mark.parametrize("description", ["", "made by hand", "[1]", '{"commit": 3}', "null"])
def test_runs_that_others_described(
    backend: KubeflowPipelineBackend, server: KubeflowServer, description: str
) -> None:
    run_id = backend.start("tiny", {"text": "x"}).id
    server.runs[run_id].update(description=description, pipeline_spec=None)
    state = backend.state(run_id)
    assert (state.pipeline, state.actor, state.commit, state.tasks) == ("", "", None, [])


def test_logs_and_artifacts_are_the_clusters(backend: KubeflowPipelineBackend) -> None:
    state = backend.start("tiny", {"text": "x"})
    assert backend.artifacts(state.id) == ()
    assert backend.last_words(state.id) == ""
    for ask in (backend.log, lambda run_id: backend.open_artifact(run_id, "x")):
        with pytest.raises(NotFound) as caught:
            ask(state.id)
        assert state.location in caught.value.hint


@pytest.mark.parametrize("host", ["kubeflow.example.org", "ftp://x", "http://", "https:///x"])
def test_a_host_that_is_no_url(host: str) -> None:
    with pytest.raises(InvalidSetting, match=r"kubeflow\.host"):
        KubeflowApi(host)


def test_a_token_does_not_go_over_the_network_in_the_clear() -> None:
    KubeflowApi("https://kubeflow.example.org", "geheim")
    with pytest.raises(InvalidSetting, match="unencrypted"):
        KubeflowApi("http://kubeflow.example.org", "geheim")


def test_the_settings_choose_the_backends(tmp_path: Path) -> None:
    assert list(pipeline_backends(load(tmp_path, {}))) == ["local"]
    with pytest.raises(InvalidSetting, match=r"kubeflow\.host is not set"):
        pipeline_backend(load(tmp_path, {}), "kubeflow")
    host = {"SLIPWAY_KUBEFLOW_HOST": "https://kubeflow.example.org"}
    token = tmp_path / "token"
    token.write_text("geheim\n")
    token.chmod(0o644)
    given = {**host, "SLIPWAY_KUBEFLOW_TOKEN_FILE": str(token)}
    with pytest.raises(Denied, match="everyone"):
        pipeline_backends(load(tmp_path, given))
    token.chmod(0o600)
    assert list(pipeline_backends(load(tmp_path, given))) == ["local", "kubeflow"]


def test_the_description_holds_what_the_server_checks() -> None:
    named = {operation.name: operation for operation in operations()}
    create = named["run_service_create_run"]
    assert (create.method, create.body, create.answer) == ("POST", "V2beta1Run", "V2beta1Run")
    assert named["run_service_list_runs"].query["page_size"] == "int"
    assert named["run_service_get_run"].path.fullmatch("/apis/v2beta1/runs/abc")
    bodies: list[object] = [
        {"runid": "x"},
        {"run_id": 3},
        {"state": "ODD"},
        {"created_at": 3},
        [],
        None,
    ]
    for body in bodies:
        with pytest.raises(Violation):
            create.check_request({}, body)
    with pytest.raises(Violation, match="page_size"):
        named["run_service_list_runs"].check_request({"page_size": ["many"]}, None)
    with pytest.raises(Violation, match="no query parameter pages"):
        named["run_service_list_runs"].check_request({"pages": ["1"]}, None)
    check("V2beta1Run", {"run_id": "x", "created_at": now()}, "run")
