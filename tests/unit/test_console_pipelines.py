"""The pages of pipelines and schedules over backends in memory."""

import json
import re

import pytest

from slipway.ports.pipeline_backend import Argument, Status
from tests.fakes.pipeline_backend import FakePipelineBackend
from tests.fixtures.console import Console
from tests.fixtures.console_runs import fake_backend


@pytest.fixture
def backend(console: Console) -> FakePipelineBackend:
    return fake_backend(console)


def _fields(page: str) -> dict[str, str]:
    """The texts that the form's inputs hold."""
    return dict(re.findall(r'name="p-(\w+)" value="([^"]*)"', page))


def test_the_form_is_made_of_the_parameters(console: Console, backend: FakePipelineBackend) -> None:
    page = console.get("/pipelines/parts")
    fields = _fields(page)
    assert (fields["name"], fields["epochs"], fields["rate"]) == ("parts", "3", "0.5")
    assert fields["bucket"] == "", "what settings give is a hint"
    assert f'placeholder="{console.settings.model_output_url}"' in page
    assert re.search(r'type="number" step="1" id="p-epochs"', page)
    assert re.search(r'type="number" step="any" id="p-rate"', page)
    assert re.search(r'type="checkbox" id="p-strict"[^>]*checked', page)
    assert ">\nnut\nbolt</textarea>" in page
    assert re.search(r'id="p-data"[^>]* required', page)
    assert "How often." in page
    assert "What parts does." in page


def _filled(**changes: str) -> dict[str, str]:
    """The form as a browser sends it when only what is needed was typed."""
    fields = {
        "name": "parts",
        "epochs": "3",
        "rate": "0.5",
        "strict": "true",
        "labels": "nut\r\nbolt",
        "data": "/images",
        **changes,
    }
    return {f"p-{name}": text for name, text in fields.items() if text or name != "strict"}


def test_a_form_queues_a_run_with_what_was_changed(
    console: Console, backend: FakePipelineBackend
) -> None:
    page = console.post(
        "/pipelines/parts", _filled(epochs="7", strict="", labels=" nut \r\n\r\na, b\r\n")
    )
    [state] = backend.runs()
    assert f"<h1>{state.id}</h1>" in page
    assert state.status is Status.WAITING
    given = dict(backend.arguments(state.id))
    assert given.pop("bucket") == console.settings.model_output_url
    assert isinstance(given.pop("git_commit"), str)
    assert given == {"epochs": 7, "strict": False, "labels": ["nut", "a, b"], "data": "/images"}
    [entry] = console.site.audit.read()
    assert (entry.via, entry.action, entry.target) == ("console", "run.start", state.id)
    assert entry.who == state.actor


def test_a_mistake_keeps_what_was_typed(console: Console, backend: FakePipelineBackend) -> None:
    typed = _filled(epochs="many", name="<b>x</b>", data="")
    page = console.post("/pipelines/parts", typed, status=400)
    assert backend.runs() == []
    fields = _fields(page)
    assert (fields["epochs"], fields["name"]) == ("many", "&lt;b&gt;x&lt;/b&gt;")
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert "parameter epochs is &#39;many&#39;" in alert
    assert "data is needed" in alert
    assert page.count('aria-invalid="true"') == 2
    assert console.site.audit.read() == []


def test_a_run_again_begins_with_what_it_was_given(
    console: Console, backend: FakePipelineBackend
) -> None:
    arguments: dict[str, Argument] = {
        "epochs": 9,
        "labels": ["x"],
        "strict": False,
        "data": "/d",
        "bucket": "gs://other",
    }
    state = backend.start("parts", {**arguments, "started": 17, "git_commit": "c" * 40})
    assert f"/pipelines/parts?run={state.id}" in console.get(f"/runs/{state.id}")
    page = console.get(f"/pipelines/parts?run={state.id}")
    fields = _fields(page)
    assert (fields["epochs"], fields["data"], fields["bucket"]) == ("9", "/d", "gs://other")
    assert (fields["started"], fields["git_commit"]) == ("", ""), "each run finds them out itself"
    assert ">\nx</textarea>" in page
    assert not re.search(r'id="p-strict"[^>]*checked', page)
    console.get("/pipelines/parts?run=nothing", 404)


def test_a_pipeline_or_backend_that_there_is_not(
    console: Console, backend: FakePipelineBackend
) -> None:
    assert "there is no pipeline" in console.get("/pipelines/x", 404)
    assert "there is no pipeline" in console.post("/pipelines/x", status=404)
    page = console.post("/pipelines/parts", {**_filled(), "backend": "moon"}, status=400)
    assert "there is no backend" in page
    assert backend.runs() == []


def test_pipelines_are_listed_with_their_last_runs(
    console: Console, backend: FakePipelineBackend
) -> None:
    assert "never" in console.get("/pipelines")
    first = backend.start("parts", {"data": "x"})
    last = backend.start("parts", {"data": "x"})
    console.site.runs.forget()
    page = console.get("/pipelines")
    assert f"/runs/{last.id}" in page
    assert f"/runs/{first.id}" not in page


@pytest.fixture
def scheduled(console: Console, backend: FakePipelineBackend) -> str:
    """A schedule that was made through the form, by the name nightly."""
    fields = {**_filled(epochs="7"), "schedule": "nightly", "cron": "0 3 * * *"}
    page = console.post("/pipelines/parts/schedule", fields)
    assert len(re.findall(r"<li><time[^>]*>[\d-]+ [\d:]+</time></li>", page)) == 3
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    hidden.pop("csrf")
    assert hidden["g-epochs"] == "7"
    page = console.post("/schedules", {**hidden, "name": "nightly"})
    assert "The schedule nightly is kept." in page
    return "nightly"


def test_a_schedule_is_made_paused_and_removed(console: Console, scheduled: str) -> None:
    file = console.settings.home / "schedules" / "nightly.json"
    kept = json.loads(file.read_text())
    assert (kept["pipeline"], kept["cron"]) == ("parts", "0 3 * * *")
    assert kept["given"] == {"epochs": "7", "data": "/images"}
    for what, shown in (("pause", "Resume"), ("resume", "Pause")):
        page = console.post(f"/schedules/local/nightly/{what}")
        assert f'aria-label="{shown} nightly"' in page
    page = console.post("/schedules/local/nightly/remove")
    assert "There is no schedule." in page
    assert not file.exists()
    assert [entry.action for entry in console.site.audit.read(newest_first=False)] == [
        "schedule.add",
        "schedule.pause",
        "schedule.resume",
        "schedule.remove",
    ]
    console.post("/schedules/local/nightly/pause", status=404)
    console.post("/schedules/moon/nightly/pause", status=400)


def test_a_time_that_is_none_keeps_the_form(console: Console, backend: FakePipelineBackend) -> None:
    fields = {**_filled(), "schedule": "nightly", "cron": "at night"}
    page = console.post("/pipelines/parts/schedule", fields, status=400)
    assert "&#39;at night&#39; is not a time" in page
    assert 'value="at night"' in page
    assert _fields(page)["data"] == "/images"
    assert "There is no schedule." in console.get("/schedules")


def test_a_schedule_that_cannot_be_kept_says_why(console: Console, scheduled: str) -> None:
    fields = {"pipeline": "parts", "cron": "0 3 * * *", "backend": "local", "g-data": "/x"}
    page = console.post("/schedules", {**fields, "name": "nightly"}, status=409)
    assert "there is a schedule &#39;nightly&#39; already" in page
    assert 'name="g-data" value="/x"' in page
    for name, wrong in (("no name", {}), ("other", {"g-epochs": "many"})):
        page = console.post("/schedules", {**fields, **wrong, "name": name}, status=400)
        assert f'value="{name}"' in page
    console.post("/schedules", {**fields, "name": "other", "pipeline": "x"}, status=404)
    assert len(list((console.settings.home / "schedules").glob("*.json"))) == 1
