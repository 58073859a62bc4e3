"""The pages of runs over backends in memory."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.adapters.kubeflow_api import KubeflowApi
from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
from slipway.console.access import Role, User
from slipway.domain.errors import Unavailable
from slipway.local import stack
from slipway.ports.pipeline_backend import (
    Commit,
    Confusion,
    Origin,
    RunError,
    Status,
    TaskState,
)
from tests.fakes.pipeline_backend import FakePipelineBackend
from tests.fixtures.console import Console
from tests.fixtures.console_runs import fake_backend
from tests.fixtures.kubeflow_server import kubeflow_server, now
from tests.fixtures.tiny_pipelines import PACKAGE

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def backend(console: Console) -> FakePipelineBackend:
    return fake_backend(console)


def test_runs_are_filtered_searched_and_paged(
    console: Console, backend: FakePipelineBackend
) -> None:
    backend.declare("sounds", [])
    for number in range(60):
        backend.start("parts" if number % 2 else "sounds", {}, Origin("ann" if number else "ben"))
    failed = backend.state("sounds-1")
    error = RunError("run-failed", "the disk <full>")
    backend.put(replace(failed, status=Status.FAILED, ended=9.0, error=error))
    page = console.get("/runs")
    assert "1–50 of 60 runs" in page
    assert page.index("/runs/parts-60") < page.index("/runs/sounds-59"), "newest first"
    assert "51–60 of 60 runs" in console.get("/runs?page=2")
    assert "1–30 of 30 runs" in console.get("/runs?pipeline=parts")
    for query in ("status=failed", "actor=ben", "q=DISK+%3Cfull", "q=sounds-1&status=failed"):
        page = console.get(f"/runs?{query}")
        assert "1–1 of 1 runs" in page, query
        assert "the disk &lt;full&gt;" in page
    assert "No runs" in console.get("/runs?q=nowhere")
    assert "page is" in console.get("/runs?page=0", 400)


def test_a_backend_that_is_away_hides_no_other(
    console: Console, backend: FakePipelineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("the cluster does not answer", hint="Wait")

    other = FakePipelineBackend({})
    monkeypatch.setattr(other, "runs", away)
    console.site.backends["kubeflow"] = other  # type: ignore[index]
    backend.start("parts", {})
    page = console.get("/runs")
    assert "the cluster does not answer" in page
    assert "/runs/parts-1" in page


def test_a_run_shows_its_steps_and_what_it_made(
    console: Console, backend: FakePipelineBackend
) -> None:
    state = backend.start("parts", {"data": "x"}, Origin("ann", Commit("a" * 40, "factory")))
    tasks = [
        TaskState("collect", Status.SUCCEEDED, 1.0, 31.0),
        TaskState("train", Status.FAILED, 31.0, 33.5),
        TaskState("measure"),
    ]
    backend.put(
        replace(
            state,
            status=Status.FAILED,
            tasks=tasks,
            ended=34.0,
            version="parts_1_7",
            metrics={"accuracy": 0.8125},
            error=RunError("run-failed", "task train: <script>", "Train longer"),
        )
    )
    backend.logs[state.id] = "\x1b[96mbegin\x1b[0m <img src=x>\n"
    backend.files[state.id] = {
        "train/plot/loss.png": PNG,
        **{f"collect/images/{number}.png": PNG for number in range(5)},
        "train/model.html": b"<script>",
    }
    backend.matrices[state.id] = [Confusion("train/matrix", ["nut", "bolt"], [[9, 1], [0, 10]])]
    page = console.get(f"/runs/{state.id}")
    assert "<svg" in page
    assert re.search(r"<title>train: failed</title>", page)
    assert re.search(r"<title>more: not run, labels</title>", page)
    row = re.search(r'<tr>\s*<th scope="row" data-label="Step">.*?train.*?</tr>', page, re.DOTALL)
    assert row
    assert "2.5 s" in row[0]
    assert "collect" in row[0], "what it comes after"
    assert "task train: &lt;script&gt;" in page
    assert "Train longer" in page
    assert 'href="/models/parts/versions/parts_1_7"' in page
    assert "0.8125" in page
    assert "begin &lt;img src=x&gt;" in page
    assert "\x1b" not in page
    assert f'src="/runs/{state.id}/pictures/train/plot/loss.png"' in page
    assert "pictures/collect" not in page, "a set of images is no plot"
    assert "shade-5" in page
    assert "a" * 40 in page
    assert "Cancel the run" not in page
    assert "<script>" not in page.replace("<script src=", "")


def test_files_are_for_saving_and_only_pictures_are_shown(
    console: Console, backend: FakePipelineBackend
) -> None:
    run_id = backend.start("parts", {}).id
    backend.files[run_id] = {'a/ü ".png': PNG, "b.png": b"<html>", "c.svg": b"<svg/>"}
    answer = console.client.get(f"/runs/{run_id}/artifacts/a/%C3%BC%20%22.png")
    assert answer.content == PNG
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BC%20%22.png"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    answer = console.client.get(f"/runs/{run_id}/pictures/a/%C3%BC%20%22.png")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    for path in ("b.png", "c.svg"):
        assert "is no picture" in console.get(f"/runs/{run_id}/pictures/{path}", 404)
    for path in ("..%2fsecret", "%2e%2e/state.json", "nothing"):
        console.get(f"/runs/{run_id}/artifacts/{path}", 404)


def test_a_log_is_read_on_from_where_it_ended(
    console: Console, backend: FakePipelineBackend
) -> None:
    run_id = backend.start("parts", {}).id
    backend.logs[run_id] = "one\n\x1b[9"
    answer = console.client.get(f"/runs/{run_id}/log?offset=0")
    assert (answer.text, answer.headers["slipway-log-end"]) == ("one\n", "4")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    backend.logs[run_id] += "6mtwo\x1b[0m <b>\n"
    answer = console.client.get(f"/runs/{run_id}/log?offset=4")
    assert answer.text == "two <b>\n"
    assert answer.headers["slipway-log-end"] == str(len(backend.logs[run_id]))
    answer = console.client.get(f"/runs/{run_id}/log/file")
    assert answer.text == backend.logs[run_id]
    assert answer.headers["content-disposition"].startswith("attachment")
    for offset in ("-1", "x", "1" * 20):
        console.get(f"/runs/{run_id}/log?offset={offset}", 400)


def test_of_a_long_log_the_end_is_shown(console: Console, backend: FakePipelineBackend) -> None:
    run_id = backend.start("parts", {}).id
    backend.logs[run_id] = "".join(f"line {number}.\n" for number in range(20_000))
    page = console.get(f"/runs/{run_id}")
    assert "line 19999." in page
    assert "line 1." not in page
    assert "what comes before is in the download" in page
    assert f'data-end="{len(backend.logs[run_id])}"' in page


def test_a_run_that_waits_shows_its_place(
    console: Console, backend: FakePipelineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [backend.start("parts", {}, queue=True).id for _ in range(3)]
    page = console.get(f"/runs/{ids[2]}")
    assert "place 3 in the queue; one run at a time" in page
    assert "Nothing lets it begin: the runner does not run" in page
    assert "next in the queue" in console.get(f"/runs/{ids[0]}")
    monkeypatch.setattr(stack, "runner", lambda _: FoundRunner())
    assert "Nothing lets it begin" not in console.get(f"/runs/{ids[2]}")


class FoundRunner:
    """A runner that runs."""

    def find(self) -> int:
        return 1


def test_cancelling_ends_a_run_and_is_written_down(
    console: Console, backend: FakePipelineBackend
) -> None:
    run_id = backend.start("parts", {}).id
    assert "Cancel the run" in console.get(f"/runs/{run_id}")
    page = console.post(f"/runs/{run_id}/cancel")
    assert "The run is over: cancelled." in page
    assert backend.state(run_id).status is Status.CANCELLED
    assert [(e.action, e.target) for e in console.site.audit.read()] == [("run.cancel", run_id)]
    console.post("/runs/nothing/cancel", status=404)


def test_what_a_run_is_at_is_sent_until_it_is_over(
    console: Console, backend: FakePipelineBackend
) -> None:
    run_id = backend.start("parts", {}).id
    backend.put(replace(backend.state(run_id), status=Status.SUCCEEDED, ended=5.0))
    answer = console.client.get(f"/runs/{run_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    kinds = re.findall(r"^event: (\w+)", answer.text, re.MULTILINE)
    assert kinds == ["state", "over"]
    assert 'data-status="succeeded"' in answer.text
    console.get("/runs/nothing/events", 404)


def test_who_may_only_look_changes_nothing(
    console: Console, backend: FakePipelineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = backend.start("parts", {}).id
    visitor = User("vic", Role.LOOK)
    monkeypatch.setattr(console.site.door, "user", lambda *_: visitor)
    for page in ("/pipelines", "/pipelines/parts", "/runs", f"/runs/{run_id}", "/schedules"):
        told = console.get(page)
        for words in (
            "Start the run",
            "Schedule this",
            "Cancel the run",
            "Run again",
            '<form method="post" action="/schedules',
        ):
            assert words not in told, page
    for path in (
        "/pipelines/parts",
        "/pipelines/parts/schedule",
        f"/runs/{run_id}/cancel",
        "/schedules",
        *(f"/schedules/local/nightly/{what}" for what in ("pause", "resume", "remove")),
    ):
        assert "vic has the role look, and this needs run" in console.post(path, status=403), path
    assert [state.status for state in backend.runs()] == [Status.RUNNING]


def test_runs_on_a_cluster_are_alike(
    console: Console, backend: FakePipelineBackend, tiny_pipelines: Path
) -> None:
    with kubeflow_server() as server:
        cluster = KubeflowPipelineBackend(
            KubeflowApi(server.host), image="tiny", package=PACKAGE, cache=tiny_pipelines
        )
        console.site.__dict__["backends"] = {"local": backend, "kubeflow": cluster}
        backend.declare("tiny", cluster.parameters("tiny"))
        assert "<option>kubeflow</option>" in console.get("/pipelines/tiny")
        typed = {"text": "x", "number": "3", "rate": "0.5", "items": "a\nb", "how": "well"}
        fields = {f"p-{name}": text for name, text in typed.items()}
        page = console.post("/pipelines/tiny", {**fields, "backend": "kubeflow"})
        [run] = server.runs.values()
        assert f"<h1>{run['run_id']}</h1>" in page
        assert "The log is in the cluster." in page
        assert f'href="{server.host}/#/runs/details/{run["run_id"]}"' in page
        details = [{"display_name": "first", "state": "FAILED", "start_time": now()}]
        run.update(state="FAILED", finished_at=now(), run_details={"task_details": details})
        page = console.get(f"/runs/{run['run_id']}")
        assert "<title>first: failed</title>" in page
        assert "<title>second: not run</title>" in page
        page = console.get(f"/pipelines/tiny?run={run['run_id']}")
        assert "<option selected>kubeflow</option>" in page
        console.site.runs.forget()
        assert run["run_id"] in console.get("/runs?status=failed")
        assert backend.runs() == []
