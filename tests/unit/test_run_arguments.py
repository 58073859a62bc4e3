"""Arguments of a run, and what a failed task's output says."""

import subprocess
from pathlib import Path

import pytest

from slipway.adapters.task_errors import reason
from slipway.domain.errors import GateClosed, InvalidInput, RunFailed
from slipway.ports.pipeline_backend import Argument, Kind, Parameter, RunError
from slipway.services.lineage import git_commit
from slipway.services.run_arguments import check_complete, parse_arguments
from slipway.services.run_errors import as_exception

DECLARED = [
    Parameter("name", Kind.TEXT, None, "The name."),
    Parameter("epochs", Kind.INTEGER, 3, "Rounds."),
    Parameter("rate", Kind.NUMBER, 0.1, ""),
    Parameter("fast", Kind.BOOLEAN, False, ""),
    Parameter("labels", Kind.LIST, [], ""),
]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("name=a=b, c", "name", "a=b, c"),
        ("name=", "name", ""),
        ("epochs=12", "epochs", 12),
        ("rate=1e-3", "rate", 0.001),
        ("rate=2", "rate", 2.0),
        ("fast=True", "fast", True),
        ("fast=false", "fast", False),
        ("labels=a, b,c", "labels", ["a", "b", "c"]),
        ('labels=["a,b", "c"]', "labels", ["a,b", "c"]),
        ("labels=", "labels", []),
    ],
)
def test_texts_become_what_the_parameter_takes(text: str, key: str, value: Argument) -> None:
    found = parse_arguments("parts", DECLARED, [text])
    assert found == {key: value}
    assert type(found[key]) is type(value)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (["epoch=3"], "no parameter 'epoch'", "name, epochs, rate, fast, labels"),
        (["epochs"], "'epochs' is not a parameter", "KEY=VALUE"),
        (["epochs=3.5"], "epochs is '3.5'", "integer"),
        (["epochs=many"], "epochs is 'many'", "Rounds."),
        (["rate=fast"], "rate is 'fast'", "number"),
        (["rate=nan"], "rate is 'nan'", "number"),
        (["fast=1"], "fast is '1'", "true or false"),
        (["labels=[a"], "labels is '[a'", "list"),
        (["epochs=3", "epochs=4"], "epochs is given twice", "once"),
    ],
)
def test_what_is_wrong_is_said_once_and_clearly(given: list[str], message: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_arguments("parts", DECLARED, given)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_what_has_no_default_has_to_be_given() -> None:
    check_complete("parts", DECLARED, {"name": "x"})
    with pytest.raises(InvalidInput, match="needs the parameter name"):
        check_complete("parts", DECLARED, {"epochs": 3})


TRACEBACK = """\
    train: epoch 3/10
    Traceback (most recent call last):
      File "a.py", line 1, in <module>
    KeyError: 'x'

    The above exception was the direct cause of the following exception:

    Traceback (most recent call last):
      File "b.py", line 2, in gate
        raise GateClosed(
    {}
    [KFP Executor INFO]: gone


"""


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            "slipway.domain.errors.GateClosed: accuracy 0.5 is low\n    hint: Train longer",
            RunError("gate-closed", "task gate: accuracy 0.5 is low", "Train longer"),
        ),
        (
            "slipway.domain.errors.NoSuchKind: odd\n",
            RunError("run-failed", "task gate: odd"),
        ),
        (
            "ModuleNotFoundError: No module named 'x'\n",
            RunError("run-failed", "task gate: ModuleNotFoundError: No module named 'x'"),
        ),
        ("MemoryError\n", RunError("run-failed", "task gate: MemoryError")),
        (
            "OSError: [Errno 28] No space left on device: '/x'\n",
            RunError(
                "disk-full",
                "task gate: OSError: [Errno 28] No space left on device: '/x'",
                "Free some space and try again",
            ),
        ),
    ],
)
def test_the_reason_is_read_out_of_the_output(end: str, expected: RunError) -> None:
    assert reason("gate", TRACEBACK.format(end)) == expected


@pytest.mark.parametrize(
    ("output", "words"), [("    so far\n\n", "so far"), ("", "it wrote nothing"), ("\n", "nothing")]
)
def test_a_task_that_says_no_reason(output: str, words: str) -> None:
    assert words in reason("train", output).message


def test_the_error_of_a_run_is_of_the_kind_that_its_task_raised() -> None:
    error = as_exception(RunError("gate-closed", "task gate: low", "Train longer"), "/runs/x/log")
    assert type(error) is GateClosed
    assert error.hint == "Train longer. The log is /runs/x/log"
    other = as_exception(RunError("unheard-of", "odd"), "/runs/x/log")
    assert type(other) is RunFailed


def test_the_commit_of_a_working_tree(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert git_commit(tmp_path) == ""
    git("init", "-q")
    assert git_commit(tmp_path) == "", "nothing is committed yet"
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    assert git_commit(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("two")
    assert git_commit(tmp_path) == git("rev-parse", "HEAD") + "-dirty"
