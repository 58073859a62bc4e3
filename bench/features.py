"""Features in the serving container of every arch: a second of sound to its MFCC cascade, and a
window of motion to its spectral features, beside librosa and scipy here.

Archs that are not this machine's are emulated, which says nothing of how fast their processors are;
how far their features are from librosa's and scipy's it does say.
"""

import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench import mfcc, spectral
from bench.mfcc import Reals
from bench.report import percentile, report
from slipway.domain.names import Arch
from tests.fixtures.registry import running_registry
from tests.fixtures.serving_images import ServingImages, serving_images

PROGRAM = Path(__file__).with_name("feature_program.py")
SOUNDS, MOTIONS = 6, 40  # the first of each warms up


def main() -> None:
    """Measure each arch on the same signals."""
    sounds = np.array([mfcc.sound(seed) for seed in range(SOUNDS)])
    motions = np.array(
        [spectral.motion(seed, spectral.PARAMETERS["window"]) for seed in range(MOTIONS)]
    )
    right = {
        "mfcc": np.array([mfcc.with_librosa(sound) for sound in sounds]),
        "spectral": np.array(
            [[spectral.with_scipy(window, spectral.PARAMETERS)] for window in motions]
        ),
    }
    step = spectral.PARAMETERS["window"]
    parameters = {
        "mfcc": {**mfcc.PARAMETERS, "kind": "mfcc"},
        "spectral": {**spectral.PARAMETERS, "kind": "spectral", "step": step},
    }
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(scratch) / "given"
        given.mkdir(mode=0o755)
        np.savez(given / "given.npz", mfcc=sounds, spectral=motions)
        (given / "parameters.json").write_text(json.dumps(parameters))
        folder = Path(scratch) / "images"
        folder.mkdir()
        with (
            running_registry(folder) as registry,
            serving_images(folder, f"{registry}/bench") as images,
        ):
            for arch in Arch:
                _report(arch, _told(images, arch, given), right)


def _told(images: ServingImages, arch: Arch, given: Path) -> dict[str, Any]:
    arguments = ("/given/given.npz", "/given/parameters.json")
    told: dict[str, Any] = json.loads(
        images.run(arch, PROGRAM, *arguments, mounts={given: "/given"})
    )
    return told


def _report(arch: Arch, told: dict[str, Any], right: dict[str, Reals]) -> None:
    def difference(name: str) -> float:
        return float(np.abs(np.array(told[name]["features"]) - right[name]).max())

    def seconds(name: str) -> float:
        return percentile(told[name]["seconds"], 0.5)

    report(
        "features",
        arch_of_image=str(arch),
        emulated=platform.machine() != arch,
        numpy=told["numpy"],
        mfcc_processor_milliseconds_of_a_second_p50=round(1e3 * seconds("mfcc"), 2),
        mfcc_largest_difference=difference("mfcc"),
        mfcc_tolerance=mfcc.TOLERANCE,
        spectral_processor_microseconds_p50=round(1e6 * seconds("spectral")),
        spectral_largest_difference=difference("spectral"),
        spectral_tolerance=spectral.TOLERANCE,
    )


if __name__ == "__main__":
    main()
