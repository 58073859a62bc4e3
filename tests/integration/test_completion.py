"""What real shells offer after `source <(slipway completion SHELL)`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

VERSION = "parts_1_1501089026"
BASH = """
source <(slipway completion bash)
COMP_WORDS=({words}) COMP_CWORD={number}
_slipway_completion slipway
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """An installation with a version, a device and a run, and `slipway` on the PATH."""
    home = tmp_path / "home"
    (home / "buckets" / "model-output" / "parts" / VERSION).mkdir(parents=True)
    (home / "buckets" / "reports" / "devices" / "press-7").mkdir(parents=True)
    (home / "devices" / "edge-1").mkdir(parents=True)
    (home / "devices" / "edge-1" / "device.json").touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "SLIPWAY_HOME": str(home), "HOME": str(tmp_path)}


def offered(shell: str, script: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [shell, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("slipway promo", ["promote"]),
        ("slipway --de", ["--debug"]),
        ("slipway run ''", ["appliances", "motion", "objects", "parts", "sounds", "vibration"]),
        ("slipway promote pa", ["parts"]),
        ("slipway promote parts p", [VERSION]),
        ("slipway promote other p", []),
        (f"slipway promote parts {VERSION} ''", ["latest", "alpha", "beta", "stable"]),
        ("slipway device down ''", ["edge-1"]),
        ("slipway devices p", ["press-7"]),
        ("slipway doctor b", ["builder"]),
        ("slipway keys rot", ["rotate"]),
    ],
)
def test_bash(words: str, expected: list[str], here: dict[str, str]) -> None:
    number = len(words.split()) - 1
    assert offered("bash", BASH.format(words=words, number=number), here) == expected


def test_after_a_word_that_is_no_command_nothing_fails(here: dict[str, str]) -> None:
    assert "promote" in offered("bash", BASH.format(words="slipway nonsense ''", number=2), here)


def test_a_broken_configuration_offers_nothing_and_says_nothing(
    here: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slipway.yaml").write_text("registri: {}")
    monkeypatch.chdir(tmp_path)
    assert offered("bash", BASH.format(words="slipway run ''", number=2), here) == []


def test_fish(here: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    script = 'slipway completion fish | source; complete -C "slipway promote parts p"'
    assert offered("fish", script, here) == [VERSION]
