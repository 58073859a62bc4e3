"""Packaging hello and the agent, with fakes."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.domain.errors import BuildFailed, MissingTool
from slipway.domain.names import Arch, Channel
from slipway.ports.image_builder import Outcome
from slipway.services.image_context import ImageSources, Workshop
from slipway.services.package_app import AppPackager
from tests.fakes.image_builder import FakeImageBuilder
from tests.fakes.image_parts import FakeImageParts
from tests.fakes.image_registry import FakeImageRegistry

ROOT = Path(__file__).parents[2]


class FixedClock:
    """A clock that stands still."""

    def now(self) -> int:
        return 1501089026


class Bench:
    """A packager over fakes and an agent of one file."""

    def __init__(self, folder: Path) -> None:
        self.registry = FakeImageRegistry()
        self.builder = FakeImageBuilder(self.registry)
        self.agent = folder / "slipway_agent"
        self.agent.mkdir()
        (self.agent / "__main__.py").write_text("print('agent')\n")
        (self.agent / "requirements.lock").write_text("tuf==7\n")
        hello = ROOT / "containers" / "hello" / "slipway_hello"
        sources = ImageSources(ROOT / "containers", (hello, self.agent))
        self.parts = FakeImageParts()
        self.workshop = Workshop(
            self.builder, self.registry, self.parts, sources, list(Arch), folder
        )
        self.packager = AppPackager(self.workshop, FixedClock())

    def channels(self, repository: str) -> dict[str, str]:
        tags = [tag for tag in self.registry.tags(repository) if "_" not in tag]
        return {tag: str(self.registry.resolve(repository, tag)) for tag in tags}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_hello_is_a_new_version_each_time_and_goes_to_latest(bench: Bench) -> None:
    first, second = bench.packager.hello(), bench.packager.hello()
    assert (str(first.version), str(second.version)) == ("hello_1_1501089026", "hello_1_1501089027")
    assert first.digest != second.digest
    assert bench.channels("hello") == {"latest": str(second.digest)}
    assert set(second.images) == set(Arch)


def test_the_first_agent_goes_to_every_channel(bench: Bench) -> None:
    done = bench.packager.agent()
    assert bench.channels("slipway-agent") == dict.fromkeys(map(str, Channel), str(done.digest))


def test_a_changed_agent_goes_to_latest_and_the_same_one_stays_what_it_is(bench: Bench) -> None:
    first = bench.packager.agent()
    assert bench.packager.agent().digest == first.digest
    assert len(bench.registry.tags("slipway-agent")) == len(Channel) + 1
    (bench.agent / "__main__.py").write_text("print('better agent')\n")
    second = bench.packager.agent()
    channels = bench.channels("slipway-agent")
    assert channels["latest"] == str(second.digest) != str(first.digest)
    assert channels["stable"] == str(first.digest)


def test_the_agent_is_put_on_a_runtime_that_is_made_once(bench: Bench) -> None:
    bench.packager.agent()
    (bench.agent / "__main__.py").write_text("print('better agent')\n")
    bench.packager.agent()
    made = [what for what in bench.parts.made if what.startswith("wheels")]
    assert sorted(made) == sorted(f"wheels {arch}" for arch in Arch)
    assert len(bench.registry.tags("slipway-agent-runtime")) == len(Arch)
    (bench.agent / "requirements.lock").write_text("tuf==8\n")
    bench.packager.agent()
    assert len(bench.registry.tags("slipway-agent-runtime")) == 2 * len(Arch)


def test_channels_can_be_chosen(bench: Bench) -> None:
    done = bench.packager.agent([Channel.BETA])
    assert bench.channels("slipway-agent") == {"beta": str(done.digest)}


def test_an_image_that_does_not_start_is_not_released(bench: Bench) -> None:
    bench.builder.answer = lambda image, command: Outcome(1, "", "ModuleNotFoundError")
    with pytest.raises(BuildFailed, match=r"(?s)slipway_hello.*ModuleNotFoundError"):
        bench.packager.hello()
    assert bench.registry.tags("hello") == []


def test_a_package_that_is_not_installed_is_named(bench: Bench) -> None:
    workshop = replace(bench.workshop, sources=ImageSources(ROOT / "containers", ()))
    with pytest.raises(MissingTool, match="slipway_agent"):
        AppPackager(workshop, FixedClock()).agent()
