"""The console's pages over real runs on this machine."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.ports.pipeline_backend import Status
from slipway.services.runner import Runner
from tests.fixtures.console import Console
from tests.fixtures.tiny_pipelines import PACKAGE

SECONDS = 120

pytestmark = pytest.mark.slow


@pytest.fixture
def backend(console: Console, tiny_pipelines: object) -> Iterator[LocalPipelineBackend]:
    """The console's only backend, with the pipelines of the tests."""
    runs = console.settings.home / "runs"
    made = LocalPipelineBackend(runs, package=PACKAGE, cache=console.settings.home / "compiled")
    console.site.__dict__["backends"] = {"local": made}
    yield made
    for state in made.runs():
        made.cancel(state.id)


def _until(backend: LocalPipelineBackend, run_id: str, words: str) -> None:
    deadline = time.monotonic() + SECONDS
    while words not in backend.last_words(run_id):
        assert time.monotonic() < deadline, backend.log(run_id)
        time.sleep(0.05)


def _start(console: Console, how: str) -> str:
    typed = {"text": "x <y>", "number": "3", "rate": "0.5", "items": "a\nb", "how": how}
    page = console.post("/pipelines/tiny", {f"p-{name}": text for name, text in typed.items()})
    found = re.search(r"<h1>(tiny-[\d-]+)</h1>", page)
    assert found
    return found[1]


def test_runs_from_the_form_wait_for_each_other_and_another_console_finds_them(
    console: Console, backend: LocalPipelineBackend
) -> None:
    runner = Runner(backend, 2, lambda: None, lambda _: None)
    ids = [_start(console, "hang") for _ in range(3)]
    runner.look()
    for run_id in ids[:2]:
        _until(backend, run_id, "grandchild")
    assert "grandchild: " in console.get(f"/runs/{ids[0]}")
    assert "next in the queue" in console.get(f"/runs/{ids[2]}")
    runs = console.settings.home / "runs"
    console.site.__dict__["backends"] = {"local": LocalPipelineBackend(runs, package=PACKAGE)}
    console.site.runs.forget()
    page = console.get("/runs?status=running")
    assert [run_id in page for run_id in ids] == [True, True, False]
    for run_id in ids:
        assert "The run is over: cancelled." in console.post(f"/runs/{run_id}/cancel")
    assert {state.status for state in backend.runs()} == {Status.CANCELLED}
    assert [entry.action for entry in console.site.audit.read()] == [
        *["run.cancel"] * 3,
        *["run.start"] * 3,
    ]


def test_a_run_that_failed_tells_why_and_gives_its_files(
    console: Console, backend: LocalPipelineBackend
) -> None:
    run_id = _start(console, "refuse")
    Runner(backend, 1, lambda: None, lambda _: None).look()
    deadline = time.monotonic() + SECONDS
    while not backend.state(run_id).over:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    page = console.get(f"/runs/{run_id}")
    assert "task second: accuracy 0.5 is 0.2 below 0.7" in page
    assert "Train longer" in page
    link = re.search(r'href="(/runs/[^"]*given\.json)"', page)
    assert link
    assert "x <y>" in console.get(link[1])
    assert "x &lt;y&gt;" in page


LIGHT = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from slipway.console.app import create_app
from slipway.settings import load

folder = Path(sys.argv[1])
settings = load(folder, {"SLIPWAY_HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder)})
with TestClient(create_app(settings), base_url="http://127.0.0.1:5055") as client:
    page = client.get("/pipelines/parts")
    assert "<svg" in page.text and "render_sources" in page.text, page.text
    assert client.get("/runs").status_code == client.get("/pipelines").status_code == 200
print([name for name in ("kfp", "tensorflow", "kubernetes") if name in sys.modules])
"""


def test_the_consoles_process_loads_no_kfp(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIGHT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
