"""Seconds to package one version for all archs, with nothing cached and with everything; sizes."""

import json
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.report import report
from tests.fixtures.installation import Installation, new_installation
from tests.fixtures.tiny_model import make_tiny_model

NAME = "benchmodel"
VERSIONS = tuple(f"{NAME}_1_{1501089026 + number}" for number in range(2))
ARCHS = ("x86_64", "armv7l", "aarch64")


def main() -> None:
    """Package a first version cold, a second one warm, and weigh the images."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        folder = Path(scratch)
        installation = new_installation(folder, archs=ARCHS, cache=folder / "cache")
        try:
            installation.slipway("up")
            seconds = []
            for version in VERSIONS:
                make_tiny_model(installation.home / "buckets" / "model-output", version)
                begun = time.perf_counter()
                digests = installation.ask("package", version)["images"]
                seconds.append(round(time.perf_counter() - begun, 1))
            report("packaging", archs=len(ARCHS), seconds_cold=seconds[0], seconds_warm=seconds[1])
            for arch, digest in digests.items():
                report("image-size", arch_of_image=arch, **_size(installation, digest))
        finally:
            installation.run("down")


def _size(installation: Installation, digest: str) -> dict[str, int]:
    """Compressed bytes as a registry stores them."""
    request = urllib.request.Request(
        f"http://{installation.registry}/v2/{NAME}/manifests/{digest}",
        headers={"accept": "application/vnd.oci.image.manifest.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        layers = [layer["size"] for layer in json.load(answer)["layers"]]
    return {"bytes": sum(layers), "layers": len(layers), "bytes_of_last_layer": layers[-1]}
