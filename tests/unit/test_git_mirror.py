"""What a mirror knows of pushes to a real repository, and what it does not let a repository do."""

import os
from pathlib import Path

import pytest

from slipway.adapters import git_mirror
from slipway.adapters.git_mirror import GitMirror
from slipway.domain.errors import Unavailable
from slipway.domain.git import Push
from tests.fixtures.git_clone import commit, git

ZEROS = "0" * 40


class Repository:
    """A repository with a working tree, whose branches are fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def commit(self, **files: str) -> str:
        """Commit files whose names have `_` for `.`; the commit."""
        named = {name.replace("_", "."): text for name, text in files.items()}
        return commit(self.folder, named)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


@pytest.fixture
def mirror(tmp_path: Path, repository: Repository) -> GitMirror:
    return GitMirror(tmp_path / "git", "factory", str(repository.folder))


def test_the_files_that_a_push_changed(repository: Repository, mirror: GitMirror) -> None:
    first = repository.commit(a="1", b="1")
    second = repository.commit(a="2", c="1")
    repository.git("checkout", "-q", "-b", "try")
    third = repository.commit(d="1")
    repository.git("checkout", "-q", "main")
    repository.git("reset", "-q", "--hard", first)
    fourth = repository.commit(b="2")  # a forced push took `second` away from main
    mirror.fetch()
    main, branch = "refs/heads/main", "refs/heads/try"
    assert mirror.head(main) == fourth
    assert mirror.head("refs/heads/gone") == ""
    assert mirror.has(second)
    assert not mirror.has("f" * 40)
    assert mirror.changed(Push(main, first, second)) == ["a", "c"]
    assert mirror.changed(Push(main, second, fourth)) == ["a", "b", "c"]
    assert mirror.changed(Push(main, ZEROS, first)) == ["a", "b"]
    assert mirror.changed(Push(branch, ZEROS, third)) == ["a", "c", "d"]
    assert mirror.changed(Push(branch, "e" * 40, third)) == ["a", "c", "d"]


def test_a_checkout_has_the_files_of_its_commit(repository: Repository, mirror: GitMirror) -> None:
    first, second = repository.commit(a="1"), repository.commit(a="2")
    mirror.fetch()
    assert (mirror.checkout(second) / "a").read_text() == "2"
    folder = mirror.checkout(first)
    assert (folder / "a").read_text() == "1"
    assert mirror.checkout(first) == folder


def test_old_checkouts_go_unless_they_are_in_use(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_mirror, "_KEPT", 1)
    commits = [repository.commit(a=str(number)) for number in range(3)]
    mirror.fetch()
    used, old, new = map(mirror.checkout, commits)
    for age, folder in enumerate((new, old, used)):
        os.utime(folder, (1000 - age, 1000 - age))
    mirror.tidy({used})
    assert [folder.exists() for folder in (used, old, new)] == [True, False, True]


def test_a_checkout_runs_nothing(
    repository: Repository, mirror: GitMirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a filter that the user has configured and the repository asks for, nor a hook."""
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (hooks / "post-checkout").chmod(0o755)
    configuration = tmp_path / "configuration"
    configuration.write_text(
        f'[core]\n\thooksPath = {hooks}\n[filter "evil"]\n\tsmudge = touch {ran}; cat\n'
    )
    pushed = repository.commit(a="1", _gitattributes="* filter=evil\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(configuration.read_text())
    mirror.fetch()
    assert (mirror.checkout(pushed) / "a").read_text() == "1"
    assert not ran.exists()


@pytest.mark.parametrize("url", ["/nowhere/x.git", "ext::sh -c 'touch ran'", "--upload-pack=false"])
def test_what_cannot_be_fetched_from_is_an_error(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable, match="cannot be fetched from"):
        GitMirror(tmp_path / "git", "factory", url).fetch()
    assert not list(tmp_path.rglob("ran"))


def test_an_error_tells_no_password(tmp_path: Path) -> None:
    mirror = GitMirror(tmp_path / "git", "factory", "http://me:secret@127.0.0.1:1/x.git")
    with pytest.raises(Unavailable) as caught:
        mirror.fetch()
    assert "secret" not in caught.value.message
    assert "***" in caught.value.message
