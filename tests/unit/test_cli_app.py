"""The command line turns every error into one message and its own exit code."""

import json
import pkgutil
from pathlib import Path

import pytest

import slipway.cli
from slipway.cli._commands import SECTIONS
from slipway.domain import errors
from tests.fixtures.command_line import slipway_command


def test_every_command_has_its_file_and_its_line_in_help(tmp_path: Path) -> None:
    listed = [name for section in SECTIONS.values() for name in section]
    helpers = {"app", "output", "packaging"}
    modules = {module.name for module in pkgutil.iter_modules(slipway.cli.__path__)} - helpers
    names = [name.replace("_", "-") for name in modules if not name.startswith("_")]
    assert sorted(listed) == sorted(names)
    shown = slipway_command("--help", folder=tmp_path).stdout
    for name in listed:
        assert f"  {name} " in shown


def test_an_error_is_one_message_with_a_hint_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "slipway.yaml").write_text("registri: {}")
    done = slipway_command("status", folder=tmp_path)
    assert done.returncode == errors.InvalidSetting.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: slipway.yaml: unknown section 'registri'\nhint: Known")
    assert "Traceback" not in done.stderr


def test_machines_get_the_error_as_json(tmp_path: Path) -> None:
    (tmp_path / "slipway.yaml").write_text("registri: {}")
    error = json.loads(slipway_command("status", "--json", folder=tmp_path).stderr)["error"]
    assert error["code"] == "invalid-setting"
    assert "registri" in error["message"]


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    (tmp_path / "slipway.yaml").write_text("registri: {}")
    assert "Traceback" in slipway_command("--debug", "status", folder=tmp_path).stderr


@pytest.mark.parametrize("arguments", [("nonsense",), ("status", "--nonsense")])
def test_a_wrong_word_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = slipway_command(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_word_is_json_for_machines_too(tmp_path: Path) -> None:
    error = json.loads(slipway_command("promote", "--json", folder=tmp_path).stderr)["error"]
    assert error["code"] == "usage"
    assert "NAME" in error["message"]
    assert "slipway promote --help" in error["hint"]


def test_a_command_that_is_mistyped_is_guessed(tmp_path: Path) -> None:
    done = slipway_command("promot", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: No such command 'promot': did you mean promote?")


def test_what_the_system_refuses_is_a_message(tmp_path: Path) -> None:
    (tmp_path / ".slipway").write_text("a file")
    done = slipway_command("up", folder=tmp_path)
    assert done.returncode == errors.Conflict.exit_code
    assert f"{tmp_path}/.slipway" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_defect_is_called_one(tmp_path: Path) -> None:
    defect = "import slipway.cli.status as status; status.command.callback = lambda **_: 1 / 0"
    done = slipway_command("status", folder=tmp_path, before=defect)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ZeroDivisionError: division by zero\nhint: ")
    assert (
        "Traceback" in slipway_command("--debug", "status", folder=tmp_path, before=defect).stderr
    )


def test_ctrl_c_while_the_program_is_loaded(tmp_path: Path) -> None:
    interrupted = """
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
"""
    done = slipway_command("status", folder=tmp_path, before=interrupted)
    assert done.returncode == 130
    assert done.stderr == "\nerror: interrupted\n"


@pytest.mark.parametrize("arguments", [("--model", "1a"), ("--version", "parts_1")])
def test_a_malformed_name_finds_no_predictions(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = slipway_command("predictions", *arguments, folder=tmp_path)
    assert done.returncode == errors.InvalidName.exit_code
    assert f"error: {arguments[1]!r} is not a model " in done.stderr


@pytest.mark.parametrize("name", ["", "1_a", "a_b", "../a", "a-", "a b"])
@pytest.mark.parametrize(
    "command",
    [
        ("channels", "{}"),
        ("promote", "{}", "parts_1_5", "beta"),
        ("promote", "parts", "{}", "beta"),
        ("promote", "parts", "parts_1_5", "{}"),
        ("rollback", "{}", "beta"),
        ("package", "{}"),
        ("device", "up", "{}"),
        ("device", "up", "edge-1", "--channel", "{}"),
        ("publish-agent", "{}"),
    ],
)
def test_a_malformed_name_is_refused_before_anything_is_done(
    tmp_path: Path, name: str, command: tuple[str, ...]
) -> None:
    done = slipway_command(*(word.format(name) for word in command), folder=tmp_path)
    assert done.returncode == errors.InvalidName.exit_code
    assert f"error: {name!r} is not a " in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_every_error_class_has_a_code_of_its_own() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SlipwayError)
    ]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.exit_code not in (0, 130) for kind in kinds)
    for kind in kinds:
        assert f"{kind.__name__} " in f"{errors.__doc__} " or f"{kind.__name__}\n" in str(
            errors.__doc__
        ), f"{kind.__name__} is not in the drawn tree"
