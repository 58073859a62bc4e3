"""Pushes with git to a bare repository, whose hook tells the function, which queues real runs with
the code that was pushed."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway import wiring
from slipway.cli import git_trigger
from slipway.local import functions, stack
from slipway.ports.pipeline_backend import RunState, Status
from slipway.services.audit import Via
from slipway.settings import Settings, load
from tests.fixtures.free_ports import free_port
from tests.fixtures.git_clone import Clone

TINY = Path(__file__).parents[1] / "pipelines" / "tiny.py"
PIPELINE = "pipelines/slipway_pipelines/tiny.py"
VERSION = "parts_1_7"  # what the tiny pipeline gives as it is

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with a function and a runner that run."""
    monkeypatch.chdir(tmp_path)
    trigger = {
        "pipeline": "tiny",
        "branches": ["main", "release/*"],
        "paths": ["pipelines/**", "!*.md"],
        "params": {"text": "pushed", "number": 4},
    }
    factory = {"url": "./factory.git", "triggers": [trigger]}
    document = {
        "git": {"repositories": {"factory": factory}},
        "local": {"git_push_port": free_port()},
    }
    (tmp_path / "slipway.yaml").write_text(json.dumps(document))  # JSON is YAML
    settings = load(tmp_path, {})
    functions.start(settings, "git_push")
    runner = [sys.executable, "-c", "from slipway.cli import main; main()", "runner"]
    stack.runner(settings).start(runner)
    yield settings
    stack.down(settings, print)


@pytest.fixture
def clone(tmp_path: Path, settings: Settings) -> Clone:
    clone = Clone(tmp_path / "clone", tmp_path / "factory.git")
    done = CliRunner().invoke(git_trigger.command, ["install", "factory.git"])
    assert done.exit_code == 0, done.output
    return clone


def runs(settings: Settings) -> list[RunState]:
    """All runs, oldest first, when they are over."""
    backend = wiring.pipeline_backend(settings)
    deadline = time.monotonic() + 240
    while not all(run.over for run in backend.runs()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return list(reversed(backend.runs()))


def test_a_push_starts_runs_with_the_code_that_was_pushed(settings: Settings, clone: Clone) -> None:
    init = "pipelines/slipway_pipelines/__init__.py"
    source = TINY.read_text()
    told = clone.push({init: "", PIPELINE: source.replace(VERSION, "parts_1_9")})
    first = clone.head
    [run] = runs(settings)
    assert f"slipway: main {first[:10]}: run {run.id} " in told
    assert run.status is Status.SUCCEEDED, run.error
    assert run.version == "parts_1_9"
    assert run.commit
    assert (run.commit.id, run.commit.ref) == (first, "refs/heads/main")
    assert run.actor == "dora"
    arguments = wiring.pipeline_backend(settings).arguments(run.id)
    assert (arguments["text"], arguments["number"]) == ("pushed", 4)
    [entry] = wiring.audit_log(settings).read()
    assert (entry.who, entry.via, entry.target) == ("dora", Via.GIT, run.id)

    assert "no run" in clone.push({"pipelines/notes.md": "words"})
    assert "no run" in clone.push({PIPELINE: f"{source}# other branch"}, branch="try")
    assert len(runs(settings)) == 1

    told = clone.push({PIPELINE: "def tiny(:"})
    _, broken = runs(settings)
    assert broken.status is Status.FAILED
    assert broken.commit
    assert broken.commit.id == clone.head
    assert broken.error
    assert "SyntaxError" in broken.error.message
    assert broken.error.message in told

    told = clone.push({PIPELINE: source.replace("number: int = 3", "count: int = 3")})
    *_, unknown = runs(settings)
    assert unknown.status is Status.FAILED
    assert unknown.id in told
