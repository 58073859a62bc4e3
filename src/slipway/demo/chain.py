"""The stages of the demo, in order: from nothing to a second version on one channel only."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.demo.material import Material
from slipway.demo.narrator import Narrator
from slipway.demo.programs import run_program
from slipway.demo.report import Prediction
from slipway.domain.errors import Failed
from slipway.domain.names import Channel
from slipway.domain.pod import AGENT_SLOT
from slipway.local.events import given_up

MODEL = "equipmentparts"
DEVICES = {"edge-latest": Channel.LATEST, "edge-stable": Channel.STABLE}
SCRIPTS = Path(__file__).parents[3] / "scripts"
# A version that goes on from the weights of another one, on the same images, needs few epochs; it
# may be a little worse by chance, and the demo is about replacing it all the same.
FURTHER = {"epochs": "4", "gate_drop": "0.1"}

_ARRIVES = 120.0  # seconds until something small has come through
_PACKAGED = 600.0  # seconds until three archs are built, cold, on two cores


@dataclass
class Chain:
    """What the stages hand on to one another."""

    tell: Narrator
    home: Path
    own: Mapping[str, str] = field(default_factory=dict)  # the user's parameters of both runs
    material: Material = field(default_factory=Material)
    weights: Path = Path()  # of the last training
    versions: list[str] = field(default_factory=list)
    digests: dict[str, dict[str, str]] = field(default_factory=dict)
    predictions: list[Prediction] = field(default_factory=list)

    def kubelet(self) -> None:
        """A kubelet in the cache: downloaded or built once."""
        status, _ = run_program([sys.executable, str(SCRIPTS / "kubelet")])
        if status:
            raise Failed("scripts/kubelet failed", hint="Its own message stands above")

    def stack(self) -> None:
        """Registry, functions, events."""
        self.tell.slipway("up")

    def agent(self) -> None:
        """The agent's image, in every channel."""
        done = self.tell.ask("publish-agent")
        self.tell.say(f"{done['version']} {done['digest']}")
        for channel in DEVICES.values():
            self._published(AGENT_SLOT, channel, done["version"])

    def train_first(self) -> None:
        """Render, train, export, evaluate, gate, register, publish.

        An earlier demo's images and weights are used again where they are still there.
        """
        self._train(self._further(self.material.weights) if self.material.complete else {})

    def package_first(self) -> None:
        """Three images, tried on their golden samples, one index, tags."""
        self._released(self.versions[0])

    def publish_first(self) -> None:
        """The manifest in the deploy bucket."""
        self._published(MODEL, Channel.LATEST, self.versions[0])

    def devices(self) -> None:
        """Two devices, each with its own containerd, kubelet and network."""
        for name, channel in DEVICES.items():
            self.tell.slipway("device", "up", name, "--channel", channel)

    def deliver_first(self) -> None:
        """The agent brings the manifest, the kubelet runs the pod."""
        self._runs("edge-latest", self.versions[0])

    def predict(self) -> None:
        """Ask the pod on the device."""
        self._predict("edge-latest")

    def promote(self) -> None:
        """One version through alpha and beta to stable."""
        for channel in (Channel.ALPHA, Channel.BETA, Channel.STABLE):
            self.tell.slipway("promote", MODEL, self.versions[0], channel)
        self._published(MODEL, Channel.STABLE, self.versions[0])

    def deliver_stable(self) -> None:
        """The device on stable follows by itself."""
        self._runs("edge-stable", self.versions[0])
        self._predict("edge-stable")

    def train_second(self) -> None:
        """A training that goes on from the first one, on the same images."""
        self._train(self._further(self.weights))

    def package_second(self) -> None:
        """Built on what the first left: only the model's layer is new."""
        self._released(self.versions[1])

    def replace(self) -> None:
        """The second version replaces the first on latest, and not on stable."""
        self._published(MODEL, Channel.LATEST, self.versions[1])
        self._runs("edge-latest", self.versions[1])
        self._runs("edge-stable", self.versions[0])
        self._predict("edge-latest")
        self._predict("edge-stable")

    def _train(self, parameters: Mapping[str, str]) -> None:
        together = {**parameters, **self.own}
        words = (word for key, value in together.items() for word in ("--param", f"{key}={value}"))
        done = self.tell.ask("run", "parts", *words)
        self.versions.append(done["version"])
        metrics = done["metrics"]
        self.tell.say(f"{done['version']}: accuracy {metrics['accuracy']:.3f} (int8, test images)")
        made = Material.of(Path(done["folder"]))
        if not self.material.complete:
            self.material = made
        self.weights = made.weights

    def _further(self, weights: Path) -> Mapping[str, str]:
        return {**FURTHER, "data": str(self.material.images), "weights": str(weights)}

    def _released(self, version: str) -> None:
        events = self.home / "run" / "events.log"

        def look() -> dict[str, str] | None:
            refusals = [line for line in events.read_text().splitlines() if given_up(version, line)]
            if refusals:
                raise Failed(refusals[-1], hint=f"Read {self.home / 'run' / 'model_done.log'}")
            release = self._release(MODEL, Channel.LATEST)
            if release.get("version") != version:
                return None
            return {"index": release["digest"], **release["images"]}

        logs = {str(self.home / "run" / "model_done.log"): "what packaging says"}
        what = f"{version} in the registry as latest"
        self.digests[version] = self.tell.wait(what, look, _PACKAGED, logs)
        for name, digest in self.digests[version].items():
            self.tell.say(f"{name:<8} {digest}")

    def _published(self, name: str, channel: Channel, version: str) -> None:
        def look() -> bool | None:
            release = self._release(name, channel)
            return (
                release.get("version") == version and all(release["published"].values())
            ) or None

        logs = {str(self.home / "run" / "tag_monitor.log"): "what the tag monitor says"}
        self.tell.wait(f"{name}'s manifests for {channel} in the bucket", look, _ARRIVES, logs)

    def _release(self, name: str, channel: Channel) -> dict[str, Any]:
        known = self.tell.look("channels")
        return next((r for r in known if (r["model"], r["channel"]) == (name, channel)), {})

    def _runs(self, device: str, version: str) -> None:
        image = self.digests[version].get(platform.machine())
        wanted = {"slot": MODEL, "version": version, "digest": image, "ready": True}

        def look() -> bool | None:
            known = self.tell.look("device", "list")
            pods: list[dict[str, Any]] = next((d["pods"] for d in known if d["name"] == device), [])
            ours = [pod for pod in pods if pod["slot"] == MODEL]  # the one before answers still
            return (len(ours) == 1 and wanted.items() <= ours[0].items()) or None

        logs = {str(self.home / "devices" / device / "log"): "the device's logs"}
        self.tell.wait(f"{device} runs {version}", look, _ARRIVES, logs)

    def _predict(self, device: str) -> None:
        picture = self.material.unseen(len(self.predictions))
        answer = self.tell.ask("predict", str(picture), "--device", device)
        best = answer["predictions"][0]
        prediction = Prediction(
            device=device,
            channel=str(DEVICES[device]),
            version=answer["version"],
            digest=answer["digest"],
            truth=picture.relative_to(self.material.images).parts[0],
            label=best["label"],
            score=round(best["score"], 4),
        )
        self.predictions.append(prediction)
        self.tell.say(f"a {prediction.truth} → {prediction.label} ({prediction.score:.2f})")


STAGES = (
    ("kubelet", Chain.kubelet),
    ("local stack", Chain.stack),
    ("edge agent", Chain.agent),
    ("train the first version", Chain.train_first),
    ("package it for three archs", Chain.package_first),
    ("publish to latest", Chain.publish_first),
    ("two devices", Chain.devices),
    ("deliver to the device on latest", Chain.deliver_first),
    ("predict on the device", Chain.predict),
    ("promote to alpha, beta, stable", Chain.promote),
    ("deliver to the device on stable", Chain.deliver_stable),
    ("train a second version", Chain.train_second),
    ("package it", Chain.package_second),
    ("replace on latest, not on stable", Chain.replace),
)
