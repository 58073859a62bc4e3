"""Which runs a delivery starts, and how often."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from slipway.domain.errors import Unavailable
from slipway.domain.git import Delivery, Push, Trigger, WatchedRepository
from slipway.ports.pipeline_backend import Commit, RunError, RunState, Status
from slipway.services.git_push import deliveries
from slipway.services.git_push.deliveries import Deliveries
from slipway.services.git_push.matching import matches_branch, matches_paths
from slipway.services.git_push.push import PushReceiver
from tests.fixtures.webhooks import AFTER, BEFORE

ZEROS = "0" * 40


class Source:
    """A repository that changed one file."""

    def __init__(self) -> None:
        self.heads = {"refs/heads/main": AFTER}
        self.down = False

    def fetch(self) -> None:
        if self.down:
            raise Unavailable("the repository is away")

    def head(self, ref: str) -> str:
        return self.heads.get(ref, "")

    def has(self, commit: str) -> bool:
        return commit == AFTER

    def changed(self, push: Push) -> Sequence[str]:
        return ["data/a.png"]

    def checkout(self, commit: str) -> Path:
        return Path("/checkouts") / commit

    def tidy(self, keep: Collection[Path]) -> None:
        return


class Runs:
    """Notes what is started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, Commit, str]] = []
        self.error: RunError | None = None

    def start(self, trigger: Trigger, commit: Commit, pusher: str) -> RunState:
        self.started.append((trigger.pipeline, commit, pusher))
        status = Status.FAILED if self.error else Status.RUNNING
        return RunState(f"{trigger.pipeline}-1", trigger.pipeline, status, 1.0, error=self.error)


class Case:
    """A receiver between a source and runs."""

    def __init__(self, folder: Path, *triggers: Trigger) -> None:
        self.source = Source()
        self.runs = Runs()
        self._folder = folder
        self._repository = WatchedRepository("factory", "/srv/factory.git", triggers)

    def receive(self, *pushes: Push, key: str = "a") -> list[str]:
        """What the pusher is told; each time by a function that was started anew."""
        receiver = PushReceiver(
            self._repository,
            self.source,
            Deliveries(self._folder / "deliveries"),
            self.runs.start,
            set,
        )
        return receiver.receive(Delivery((key,), "dora", pushes)).lines


MAIN = Push("refs/heads/main", BEFORE, AFTER)
PARTS = Trigger("parts", ("main",), ("data/**",))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path, PARTS, Trigger("docs", ("main",), ("docs/**",)), Trigger("all", ("ma*",)))


def test_a_push_starts_what_it_concerns(case: Case) -> None:
    lines = case.receive(MAIN)
    commit = Commit(AFTER, "factory", "refs/heads/main", f"/checkouts/{AFTER}")
    assert case.runs.started == [("parts", commit, "dora"), ("all", commit, "dora")]
    assert lines == [f"main {AFTER[:10]}: run {name}-1 running" for name in ("parts", "all")]


def test_a_delivery_is_taken_once(case: Case) -> None:
    case.receive(MAIN)
    assert case.receive(MAIN) == ["this delivery came before: nothing is started again"]
    assert len(case.runs.started) == 2
    case.receive(MAIN, key="b")
    assert len(case.runs.started) == 4


def test_a_delivery_that_nothing_came_of_may_come_again(case: Case) -> None:
    case.source.down = True
    with pytest.raises(Unavailable):
        case.receive(MAIN)
    case.source.down = False
    case.receive(MAIN)
    assert len(case.runs.started) == 2


def test_the_deliveries_that_are_remembered_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_REMEMBERED", 3)
    known = Deliveries(tmp_path / "deliveries")
    assert all(known.take(Delivery((key,), "", ())) for key in "abcd")
    assert not known.take(Delivery(("x", "b"), "", ()))
    assert known.take(Delivery(("a",), "", ()))


@pytest.mark.parametrize(
    ("push", "words"),
    [
        (Push("refs/tags/v1", ZEROS, AFTER), "refs/tags/v1 is no branch"),
        (Push("refs/heads/main", BEFORE, ZEROS), "main was deleted"),
        (Push("refs/heads/try", BEFORE, AFTER), "no trigger is for this branch"),
        (Push("refs/heads/main", BEFORE, "f" * 40), "is not in the repository any more"),
    ],
)
def test_no_run_has_a_reason(push: Push, words: str, case: Case) -> None:
    [line] = case.receive(push)
    assert words in line
    assert "no run" in line
    assert not case.runs.started


def test_files_that_no_trigger_is_for_start_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path, Trigger("docs", ("main",), ("docs/**",)))
    assert case.receive(MAIN) == [
        f"main {AFTER[:10]}: no run, no trigger is for the files it changed"
    ]
    assert not case.runs.started


def test_a_branch_that_moved_on_is_told_of_and_run_as_pushed(case: Case) -> None:
    case.source.heads["refs/heads/main"] = BEFORE
    assert "moved on" in case.receive(MAIN)[0]
    assert {commit.id for _, commit, _ in case.runs.started} == {AFTER}


def test_the_reason_of_a_failure_is_told(case: Case) -> None:
    case.runs.error = RunError("invalid-input", "SyntaxError in parts.py")
    assert case.receive(MAIN)[0].endswith("run parts-1 failed: SyntaxError in parts.py")


@pytest.mark.parametrize(
    ("pattern", "branch", "yes"),
    [
        ("main", "main", True),
        ("main", "domain", False),
        ("main", "a/main", False),
        ("release/*", "release/1.2", True),
        ("release/*", "release/1/2", False),
        ("*", "main", True),
        ("*", "a/b", False),
        ("v[0-9]", "v2", True),
    ],
)
def test_branches_are_matched_as_a_whole(pattern: str, branch: str, yes: bool) -> None:
    assert matches_branch(Trigger("parts", (pattern,)), branch) is yes


@pytest.mark.parametrize(
    ("patterns", "path", "yes"),
    [
        ([], "anything", True),
        (["data/**"], "data/a/b.png", True),
        (["data/**"], "metadata/a", False),
        (["*.py"], "a/b/c.py", True),
        (["/setup.py"], "a/setup.py", False),
        (["data/**", "!*.md"], "data/README.md", False),
        (["a/**/b"], "a/b", True),
    ],
)
def test_paths_are_matched_as_in_gitignore(patterns: list[str], path: str, yes: bool) -> None:
    assert matches_paths(Trigger("parts", ("main",), tuple(patterns)), [path]) is yes
