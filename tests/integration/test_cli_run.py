"""The commands run, runs and compile, with tiny pipelines in the place of the real ones."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.kubeflow_server import kubeflow_server, now

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from slipway.adapters import kfp_pipelines, local_pipeline_backend
local_pipeline_backend.LocalPipelineBackend.__init__.__defaults__ = ("tests.pipelines", None, None)
kfp_pipelines.PACKAGE = "tests.pipelines"
from slipway.adapters.kubeflow_pipeline_backend import KubeflowPipelineBackend
KubeflowPipelineBackend.__init__.__kwdefaults__["package"] = "tests.pipelines"
from slipway.cli import main
main()
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


class Cli:
    """The command line in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Done:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_a_run_shows_its_tasks_and_what_it_made(cli: Cli) -> None:
    done = cli("run", "tiny", "--param", "text=x")
    assert done.status == 0, done.err
    run, first, second = done.err.splitlines()  # progress, apart from the result
    assert run.startswith("run tiny-")
    assert first.startswith("✓ first")
    assert second.startswith("✓ second")
    lines = done.out.splitlines()
    assert lines[0].startswith("parts_1_7 in ")
    assert "accuracy 0.5000" in done.out
    assert str(cli.folder / ".slipway" / "runs") in lines[-1]


def test_a_run_for_machines_and_the_list_of_runs(cli: Cli) -> None:
    done = cli("run", "tiny", "--param", "text=x", "-p", "number=4", "--json")
    assert done.status == 0, done.err
    document = json.loads(done.out)
    assert document["status"] == "succeeded"
    assert document["version"] == "parts_1_7"
    assert document["metrics"] == {"accuracy": 0.5, "count": 3.0}
    assert list(document["tasks"]) == ["first", "second"]
    assert json.loads((Path(document["folder"]) / "parameters.json").read_text())["number"] == 4
    assert json.loads(cli("runs", "--json").out) == [document]
    table = cli("runs").out
    assert document["run"] in table
    assert document["actor"] == pwd.getpwuid(os.getuid()).pw_name
    [line] = (cli.folder / ".slipway" / "audit" / "log.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["who"], entry["via"]) == (document["actor"], "cli")
    assert (entry["action"], entry["target"]) == ("run.start", document["run"])
    assert "succeeded" in table


def test_a_refusal_is_one_message_with_its_own_exit_code(cli: Cli) -> None:
    done = cli("run", "tiny", "-p", "text=x", "-p", "how=refuse")
    assert done.status == 6
    *_, second, message, hint = done.err.splitlines()
    assert message == "error: task second: accuracy 0.5 is 0.2 below 0.7"
    assert hint.startswith("hint: Train longer. The log is ")
    assert Path(hint.rpartition(" ")[2]).is_file()
    assert second.startswith("✗ second")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nothing"], 3, "no pipeline 'nothing'"),
        (["tiny"], 2, "needs the parameter text"),
        (["tiny", "-p", "texts=x"], 2, "no parameter 'texts'"),
        (["tiny", "-p", "text=x", "-p", "number=x"], 2, "number is 'x'"),
    ],
)
def test_a_mistake_starts_nothing(cli: Cli, arguments: list[str], status: int, words: str) -> None:
    done = cli("run", *arguments)
    assert done.status == status
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (cli.folder / ".slipway" / "runs").exists()


def test_the_parameters_are_listed(cli: Cli) -> None:
    done = cli("run", "tiny", "--list")
    assert "Any number." in done.out
    [first, *_] = json.loads(cli("run", "tiny", "--list", "--json").out)
    assert first == {"name": "text", "kind": "text", "default": None, "description": "Any text."}


def test_a_run_on_a_cluster_is_followed_and_listed_beside_those_here(cli: Cli) -> None:
    assert cli("run", "tiny", "-p", "text=x").status == 0
    with kubeflow_server() as server:
        cli.environment |= {"SLIPWAY_KUBEFLOW_HOST": server.host, "SLIPWAY_KUBEFLOW_IMAGE": "tiny"}
        first = {"display_name": "first", "state": "SUCCEEDED", "start_time": now()}
        done = {"task_details": [{**first, "end_time": now()}]}
        server.steps = [{"state": "RUNNING"}, {"state": "SUCCEEDED", "run_details": done}]
        ran = cli("run", "tiny", "--backend", "kubeflow", "-p", "text=x", "--json")
        assert ran.status == 0, ran.err
        document = json.loads(ran.out)
        assert (document["status"], document["backend"]) == ("succeeded", "kubeflow")
        assert "✓ first" in ran.err
        listed = json.loads(cli("runs", "--json").out)
        assert [run["backend"] for run in listed] == ["kubeflow", "local"]
        assert [run["status"] for run in listed] == ["succeeded", "succeeded"]
        shown = cli("runs", document["run"])
        assert server.host in shown.out

        failed = {"display_name": "second", "state": "FAILED", "error": {"message": "no memory"}}
        server.steps = [{"state": "FAILED", "run_details": {"task_details": [failed]}}]
        refused = cli("run", "tiny", "--backend", "kubeflow", "-p", "text=x")
        assert refused.status == 10
        assert "error: task second: no memory" in refused.err
        assert server.host in refused.err
    away = cli("runs", "--json")
    assert away.status == 7
    assert [run["backend"] for run in json.loads(away.out)] == ["local"]
    assert "does not answer" in away.err


def test_one_run_is_shown_and_cancelled(cli: Cli) -> None:
    with cli.start("run", "tiny", "-p", "text=x", "-p", "how=hang") as process:
        _wait_until_it_hangs(cli, process)
        [run] = json.loads(cli("runs", "--json").out)
        shown = cli("runs", run["run"])
        assert "running" in shown.out
        assert "second" in shown.out
        cancelled = json.loads(cli("runs", run["run"], "--cancel", "--json").out)
        assert cancelled["status"] == "cancelled"
        process.communicate(timeout=60)
    assert cli("runs", "nothing").status == 3
    assert cli("runs", "--cancel").status == 2


def test_a_detached_run_waits_for_the_runner(cli: Cli) -> None:
    queued = cli("run", "tiny", "-p", "text=x", "--detach")
    assert queued.status == 0, queued.err
    assert "slipway up" in queued.err
    [run] = json.loads(cli("runs", "--json").out)
    assert (run["run"], run["status"]) == (queued.out.strip(), "waiting")
    state = cli.folder / ".slipway" / "runs" / run["run"] / "state.json"
    with cli.start("runner") as runner:
        deadline = time.monotonic() + 120
        while json.loads(state.read_text())["status"] != "succeeded":
            assert time.monotonic() < deadline
            assert runner.poll() is None
            time.sleep(0.1)
        runner.send_signal(signal.SIGINT)
        out, _ = runner.communicate(timeout=60)
    assert f"{run['run']}: running" in out


def test_a_schedule_is_added_listed_paused_and_removed(cli: Cli) -> None:
    add = ("schedule", "add", "nightly", "tiny", "--cron", "0 3 * * *", "-p")
    assert cli(*add, "texts=x").status == 2
    assert json.loads(cli("schedule", "list", "--json").out) == []
    added = cli(*add, "text=x")
    assert added.status == 0, added.err
    assert added.out.startswith("nightly: next at ")
    assert added.out.endswith("03:00 UTC\n")
    [schedule] = json.loads(cli("schedule", "list", "--json").out)
    assert (schedule["name"], schedule["parameters"]) == ("nightly", {"text": "x"})
    assert cli("schedule", "pause", "nightly").status == 0
    assert "paused" in cli("schedule", "list").out
    assert cli("schedule", "resume", "nightly").status == 0
    assert cli("schedule", "remove", "nightly").status == 0
    assert cli("schedule", "remove", "nightly").status == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_run(cli: Cli, number: signal.Signals) -> None:
    with cli.start("run", "tiny", "-p", "text=x", "-p", "how=hang") as process:
        _wait_until_it_hangs(cli, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    [state] = json.loads(cli("runs", "--json").out)
    assert state["status"] == "cancelled"


def test_down_cancels_a_run_whose_command_was_killed(cli: Cli) -> None:
    with cli.start("run", "tiny", "-p", "text=x", "-p", "how=hang") as process:
        _wait_until_it_hangs(cli, process)
        process.kill()
        process.communicate()
    assert "cancelled" in cli("down").out
    [state] = json.loads(cli("runs", "--json").out)
    assert state["status"] == "cancelled"
    left = subprocess.run(["pgrep", "-f", str(cli.folder)], capture_output=True, check=False)
    assert left.stdout == b""


def _wait_until_it_hangs(cli: Cli, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not any(
        "grandchild" in log.read_text() for log in cli.folder.glob(".slipway/runs/*/log")
    ):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)


def test_compiling_writes_the_same_file_twice(cli: Cli) -> None:
    assert cli("compile", "tiny").out.strip() == "tiny.yaml"
    assert cli("compile", "tiny", "-o", "b.yaml", "--image", "example.org/slipway:1").status == 0
    assert cli("compile", "tiny", "-o", "c.yaml", "--image", "example.org/slipway:1").status == 0
    first, second, third = (
        (cli.folder / name).read_text() for name in ("tiny.yaml", "b.yaml", "c.yaml")
    )
    assert second == third
    assert second.replace("image: example.org/slipway:1", "image: tiny") == first


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nothing"], 3, "no pipeline 'nothing'"),
        (["tiny", "--image", "no image"], 2, "'no image' is not an image reference"),
        (["tiny", "-o", "missing/x.yaml"], 3, "no folder missing"),
    ],
)
def test_a_mistake_leaves_no_file(cli: Cli, arguments: list[str], status: int, words: str) -> None:
    done = cli("compile", *arguments)
    assert done.status == status
    assert words in done.err
    assert not list(cli.folder.rglob("*.yaml"))
