"""A made-up installation for benchmarks of the console: a fleet that reports, and many versions."""

import json
import random
import time
from pathlib import Path

from slipway.domain.image import VERSION_KEY, Digest
from slipway.domain.names import Arch, Channel, ModelVersion
from tests.fakes.image_registry import FakeImageRegistry
from tests.fixtures.cards import make_card
from tests.fixtures.reports import pod, report

DEVICES, VERSIONS, MODELS = 10_000, 5_000, 20
_OF_DEVICE = 3  # models in a channel, at most
_NEWEST = 1_760_000_000  # unix seconds
_FOLLOWED = {Channel.ALPHA: 1, Channel.BETA: 3, Channel.STABLE: 16}  # by shares of the devices


def version(model: int, number: int) -> str:
    """Version `number`, from 0 up to the newest, of a model."""
    return f"model{model:02}_1_{_NEWEST - (VERSIONS // MODELS - 1 - number) * 3600}"


def registry() -> FakeImageRegistry:
    """All versions. Every model stands in latest, three in the channels that devices follow, each
    of which is a few versions behind the one before it."""
    made = FakeImageRegistry()
    for model in range(MODELS):
        repository = f"model{model:02}"
        for number in range(VERSIONS // MODELS):
            name = version(model, number)
            images = {arch: made.add_image(repository, arch, name) for arch in Arch}
            index = made.push_index(repository, images, {VERSION_KEY: name})
            made.tag(repository, index, name)
        for channel in Channel:
            if channel is Channel.LATEST or model < _OF_DEVICE:
                made.tag(repository, _index(made, version(model, _standing(channel))), channel)
    return made


def write_reports(folder: Path, images: FakeImageRegistry) -> None:
    """What all devices told last, some of them a while ago."""
    for number in range(DEVICES):
        write_report(folder, images, number, first=True)


def write_report(
    folder: Path, images: FakeImageRegistry, number: int, *, first: bool = False
) -> None:
    """One device's report of now."""
    chance = random.Random(number)  # noqa: S311
    silent = first and chance.random() < 0.02
    arch = chance.choice(list(Arch))
    (channel,) = chance.choices(list(_FOLLOWED), list(_FOLLOWED.values()))
    document = report(
        f"press-{number:05}",
        f"{number:08x}",
        arch=arch,
        channel=channel,
        time=int(time.time()) - (5000 if silent else 0),
        pods=[_pod(images, model, arch, channel, chance) for model in range(_OF_DEVICE)],
    )
    path = folder / "devices" / f"press-{number:05}" / f"{number:08x}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(".part")
    part.write_text(json.dumps(document, indent=1))
    part.replace(path)


def write_models(folder: Path) -> None:
    """The files of all versions."""
    for model in range(MODELS):
        for number in range(VERSIONS // MODELS):
            name = version(model, number)
            parsed = ModelVersion.parse(name)
            own = folder / str(parsed.name) / name
            own.mkdir(parents=True)
            accuracy = 0.7 + 0.25 * random.Random(name).random()  # noqa: S311
            (own / "model.json").write_bytes(make_card(name, accuracy=accuracy).to_json())
            (own / "model.tflite").write_bytes(b"x" * 1000)
            (own / "TRAINER-DONE").touch()


def _standing(channel: Channel) -> int:
    return VERSIONS // MODELS - 1 - 3 * list(Channel).index(channel)


def _pod(
    images: FakeImageRegistry, model: int, arch: Arch, channel: Channel, chance: random.Random
) -> dict[str, object]:
    stands = _standing(channel)
    wanted = version(model, stands)
    told = (wanted, _image(images, wanted, arch))
    older = version(model, stands - chance.randrange(1, 9))
    luck = chance.random()
    if luck < 0.93:
        return pod(f"model{model:02}", *told)
    if luck < 0.96:
        return pod(f"model{model:02}", older, _image(images, older, arch))
    state, reason = (
        ("starting", "the image is being pulled")
        if luck < 0.98
        else ("rolled-back", "it ended with exit code 3 while it was on probation")
    )
    image = _image(images, older, arch)
    return pod(f"model{model:02}", older, image, wanted=told, state=state, reason=reason)


def _image(images: FakeImageRegistry, name: str, arch: Arch) -> str:
    repository = ModelVersion.parse(name).name.repository
    return str(images.index(repository, _index(images, name)).images[arch])


def _index(images: FakeImageRegistry, name: str) -> Digest:
    index = images.resolve(ModelVersion.parse(name).name.repository, name)
    if index is None:
        raise SystemExit(f"error: nobody made {name} up")
    return index
