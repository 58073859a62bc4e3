"""The demo's last word: a table for people, `demo.json` for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway.demo.material import Material
from slipway.demo.narrator import StageResult
from slipway.local.whole_file import write_whole


@dataclass(frozen=True)
class Prediction:
    """What a device answered to one image."""

    device: str
    channel: str
    version: str
    digest: str
    truth: str
    label: str
    score: float


@dataclass(frozen=True)
class Report:
    """All that the demo did."""

    stages: Sequence[StageResult]
    versions: Sequence[str]
    digests: Mapping[str, Mapping[str, str]]  # version → "index" or arch → digest
    predictions: Sequence[Prediction]
    material: Material
    error: str = ""

    def write(self, path: Path) -> None:
        """`demo.json`, whole or not at all."""
        document = {"ok": not self.error, "seconds": self.seconds, **asdict(self)}
        write_whole(path, json.dumps(document, indent=2, default=str) + "\n")

    @property
    def seconds(self) -> float:
        """The stages' seconds together."""
        return round(sum(stage.seconds for stage in self.stages), 1)

    def show(self) -> None:
        """The tables on the terminal."""
        from slipway.cli.output import print_table

        rows = [(stage.name, f"{stage.seconds:.1f}") for stage in self.stages]
        print_table(("stage", "seconds"), [*rows, ("together", f"{self.seconds:.1f}")])
        print_table(
            ("version", "what", "digest"),
            [(v, what, digest) for v in self.versions for what, digest in self.digests[v].items()],
        )
        print_table(
            ("device", "channel", "version", "shown", "answer", "score"),
            [
                (p.device, p.channel, p.version, p.truth, p.label, f"{p.score:.2f}")
                for p in self.predictions
            ],
        )
