"""The post-receive hook: put in beside one that is there, and what a pusher is told by it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from slipway.domain.errors import Conflict, InvalidInput, NotFound
from slipway.services.git_push import hooks
from tests.fixtures.free_ports import free_port


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "x.git")], check=True)
    return tmp_path / "x.git"


def install(bare: Path) -> hooks.Installed:
    url = f"http://127.0.0.1:{free_port()}/x"
    return hooks.install(bare, "x", url, bare.parent / "home" / "x.secret")


def push_something(bare: Path) -> "subprocess.CompletedProcess[str]":
    """What the hook does with an update, as git would call it."""
    line = f"{'0' * 40} {'a' * 40} refs/heads/main\n"
    return subprocess.run(
        [str(bare / "hooks" / "post-receive")],
        input=line,
        cwd=bare,
        env={**os.environ, "GIT_DIR": "."},
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_owner_can_read_the_secret(bare: Path) -> None:
    install(bare)
    for path in (bare.parent / "home" / "x.secret", bare / "hooks" / "slipway-push.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    notes = json.loads((bare / "hooks" / "slipway-push.json").read_text())
    assert hooks.read_secret(bare.parent / "home" / "x.secret").decode() == notes["secret"]
    assert len(notes["secret"]) == 64


def test_a_push_is_well_when_nobody_listens(bare: Path) -> None:
    install(bare)
    done = push_something(bare)
    assert done.returncode == 0
    assert "slipway: no run: " in done.stdout
    assert "slipway up starts it" in done.stdout
    assert done.stderr == ""


def test_a_hook_that_is_there_is_kept_and_comes_back(bare: Path) -> None:
    own = bare / "hooks" / "post-receive"
    own.write_text("#!/bin/sh\ncat; exit 3\n")
    own.chmod(0o755)
    before = own.read_text()
    assert install(bare).chained
    assert install(bare).chained  # again is the same
    done = push_something(bare)
    assert done.returncode == 3
    assert done.stdout.startswith(f"{'0' * 40} {'a' * 40} refs/heads/main\n")
    assert "slipway: " in done.stdout
    assert hooks.find(bare)
    assert hooks.remove(bare).chained
    assert own.read_text() == before
    assert hooks.find(bare) is None
    with pytest.raises(NotFound):
        hooks.remove(bare)


def test_a_repository_with_a_working_tree_takes_none(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "tree")], check=True)
    with pytest.raises(InvalidInput, match="no bare git repository"):
        install(tmp_path / "tree")
    with pytest.raises(NotFound):
        install(tmp_path / "nothing")


def test_hooks_that_repositories_share_are_left_alone(bare: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    subprocess.run(["git", "-C", str(bare), "config", "core.hooksPath", str(shared)], check=True)
    with pytest.raises(Conflict, match="not its own"):
        install(bare)
    assert not list(shared.iterdir())
