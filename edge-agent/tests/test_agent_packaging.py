"""The distribution stands on its own: a wheel that runs with what it says it needs."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, Attacked
from agent_testing.device import AGENT
from agent_testing.pods_seen import visible
from agent_testing.repository import ARCH, CHANNEL

PROJECT = tomllib.loads((AGENT / "pyproject.toml").read_text())["project"]


@pytest.mark.slow
def test_the_wheel_installs_and_runs(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(
        AGENT,
        sources,
        ignore=shutil.ignore_patterns("tests", "agent_testing", "build", "*.egg-info"),
    )
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps"]
    quiet = ["-q", "--no-build-isolation"]
    build: list[str | Path] = [*pip, "wheel", *quiet, *offline, sources, "-w", tmp_path]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("slipway_agent-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "slipway_agent/sources/http.py" in archive.namelist()
        assert not any("test" in Path(name).stem.split("_") for name in archive.namelist())
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin/python"
    install: list[str | Path] = [*pip, "--python", python, "install", "-q", *offline, wheel]
    subprocess.run(install, check=True)
    # What it depends on is not downloaded again; that the names are right, the agent's image tells.
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    device = Attacked(tmp_path)
    arguments: list[str | Path] = [
        *("--bucket", device.poller.url, "--arch", ARCH, "--channel", CHANNEL, "--once"),
        *("--pods", tmp_path / "pods", "--state", tmp_path / "agent"),
        *("--trust", tmp_path / "trust", "--spool", tmp_path / "spool"),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    for command in ([python, "-m", "slipway_agent"], [venv / "bin/slipway-agent"]):
        told = subprocess.run(
            [*command, "--version"], check=True, capture_output=True, text=True, env=environment
        )
        assert told.stdout.startswith("slipway-agent 0.")
        run = subprocess.run(
            [*command, *arguments], check=False, capture_output=True, text=True, env=environment
        )
        assert run.returncode == 0, run.stderr
        assert list(visible(tmp_path / "pods").values()) == list(GOOD.values())
        shutil.rmtree(tmp_path / "pods")
        shutil.rmtree(tmp_path / "agent")


def test_the_readme_and_the_extras_are_as_told() -> None:
    names = {text.partition(">")[0] for text in PROJECT["dependencies"]}
    assert names == {"cryptography", "pyyaml", "securesystemslib", "tuf", "urllib3"}
    assert set(PROJECT["optional-dependencies"]) == {"gcs", "s3"}
    assert (AGENT / PROJECT["readme"]).is_file()
