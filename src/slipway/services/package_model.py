"""Packs a trained model into one serving image per arch and releases it on `latest`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.errors import (
    GoldenMismatch,
    InvalidCard,
    InvalidName,
    NotFound,
    SlipwayError,
)
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.ports.bucket import Bucket
from slipway.ports.image_builder import BuildRequest, BuiltImage
from slipway.ports.model_registry import ModelRegistry
from slipway.services.image_context import Workshop, scratch
from slipway.services.model_output import CARD, MARKER, folder_of
from slipway.services.progress import Progress, silent, stage
from slipway.services.release_images import Packaged, Releaser, labels_of
from slipway.services.shared_images import SERVING, SharedImages

MODEL = "model.tflite"
_SELF_TEST = ("python3", "-m", "slipway_serving", "--self-test")


class ModelPackager:
    """Packages versions from the model-output bucket. The same version gives the same digest."""

    def __init__(
        self,
        workshop: Workshop,
        bucket: Bucket,
        models: Callable[[], ModelRegistry] | None = None,
    ) -> None:
        """`models` opens the model registry, whose versions are told their image digests; it is
        asked for at the end alone."""
        self._shop = workshop
        self._shared = SharedImages(workshop)
        self._releaser = Releaser(workshop)
        self._bucket = bucket
        self._models = models

    def package(self, version: ModelVersion, progress: Progress = silent) -> Packaged:
        """Build, try, push and tag; `latest` moves unless a newer version is in the registry.

        Raises NotFound when the training did not end or a file is missing, InvalidCard,
        GoldenMismatch when an arch does not reproduce the golden samples, and what the builder
        and the registry raise. On any of them no tag was moved. What the model registry raises
        comes after that, and says so; packaging again makes it good.
        """
        with scratch() as context:
            with stage(progress, "model"):
                card = self._fetch(version, context)

            labels = labels_of(version, card.lineage.get("git_commit", ""))
            file = self._shop.sources.containers / "serving" / "model.Containerfile"

            def request(arch: Arch) -> BuildRequest:
                serving = self._shared.serving(arch, progress)
                args = {"BASE": self._shop.reference(SERVING, serving)}
                return BuildRequest(file, context, arch, args, labels, labels, version.timestamp)

            newer = [v for v in self._releaser.versions(version) if v.timestamp > version.timestamp]
            channels = () if newer else (Channel.LATEST,)
            done = self._releaser.release(
                version,
                request,
                self._self_test,
                channels=channels,
                progress=progress,
                annotations=labels,
            )
        if self._models is not None:
            with stage(progress, "model registry"):
                _tell(self._models, done)
        return done

    def _fetch(self, version: ModelVersion, folder: Path) -> ModelCard:
        """Download what goes into the image, and check it."""
        prefix = folder_of(version)
        there = {entry.key.removeprefix(prefix) for entry in self._bucket.objects(prefix)}
        where = f"{self._bucket.url}/{prefix}"
        if MARKER not in there:
            raise NotFound(
                f"{where} has no {MARKER}",
                hint="The training has not ended, or there is no such version",
            )
        for name in (CARD, MODEL):
            if name not in there:
                raise NotFound(f"{where} has no {name}", hint="Export the model again")
            self._bucket.download(prefix + name, folder / name)
            (folder / name).chmod(0o644)
        card = ModelCard.parse((folder / CARD).read_bytes(), f"{where}{CARD}")
        if card.version != version:
            raise InvalidCard(
                f"{where}{CARD} says version {card.version}",
                hint="Export the model again with the version of its folder",
            )
        if not card.golden:
            raise InvalidCard(
                f"{where}{CARD} has no golden samples",
                hint="An image is released only when it has reproduced some; export again",
            )
        return card

    def _self_test(self, image: BuiltImage) -> str:
        outcome = self._shop.builder.run(image, _SELF_TEST)
        report = _report(outcome.output)
        if outcome.exit_code == 0 and report.get("ok") is True:
            exact = ", reference kernels exact" if report.get("exact") else ""
            distance = f"largest distance {report.get('max_distance')}"
            return f"{report.get('samples')} samples, {distance}{exact}"
        if report:
            why = report.get("error") or (
                f"golden sample {report.get('sample')} is off by {report.get('max_distance')},"
                f" {report.get('tolerance')} is allowed"
            )
            raise GoldenMismatch(
                f"the {image.arch} image does not answer as the exported model did: {why}",
                hint="Nothing was released; see docs/own-model.md on what each arch can run",
            )
        raise GoldenMismatch(
            f"the {image.arch} image ended with exit status {outcome.exit_code} in its self-test,"
            f" without an answer\n{outcome.errors.strip()[-2000:]}".strip(),
            hint="Nothing was released; the interpreter of that arch cannot run the model",
        )


def version_of_marker(key: str) -> ModelVersion | None:
    """The version whose training ended when the object `MODEL/VERSION/TRAINER-DONE` was written;
    None for any other object."""
    name, _, rest = key.partition("/")
    folder, _, file = rest.partition("/")
    if file != MARKER:
        return None
    try:
        version = ModelVersion.parse(folder)
        return version if version.name == ModelName.parse(name) else None
    except InvalidName:
        return None


def _report(output: str) -> Mapping[str, object]:
    """The last line that is JSON; empty when the container died before it wrote one."""
    for line in reversed(output.splitlines()):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return {}


def _tell(open_models: Callable[[], ModelRegistry], done: Packaged) -> None:
    """Write the images' digests to the version in the model registry."""
    try:
        models = open_models()
        if models.find(done.version) is not None:  # not every model was trained by a run
            models.annotate(done.version, _tags(done))
    except SlipwayError as error:
        raise type(error)(
            f"{done.version} is released as {done.digest}, but the model registry was not told: "
            f"{error.message}",
            hint=f"{error.hint}. Then slipway package {done.version} again",
        ) from error


def _tags(done: Packaged) -> dict[str, str]:
    """What the model registry is told."""
    archs = {f"dev.slipway.image.{arch}": str(digest) for arch, digest in done.images.items()}
    return {
        "dev.slipway.image": str(done.digest),
        "dev.slipway.repository": done.repository,
        **archs,
    }
