"""An OCI image layout with one image in it, and its way to a registry.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from slipway.adapters.processes import run
from slipway.adapters.registry_address import is_loopback
from slipway.domain.image import Digest

_BASE = "org.opencontainers.image.base."  # names the registry, which is not part of an image
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PATIENCE = "30m"  # with a registry that takes a connection and never answers


def settle(layout: Path) -> Digest:
    """Drop what a builder noted about the base; returns the digest of the image's manifest, which
    then depends on the image alone."""
    index = json.loads((layout / "index.json").read_bytes())
    (entry,) = index["manifests"]
    old = _blob(layout, entry["digest"])
    manifest = json.loads(old.read_bytes())
    old.unlink()
    found = manifest.get("annotations", {})
    annotations = {k: v for k, v in found.items() if not k.startswith(_BASE)}
    return write_manifest(layout, {**manifest, "annotations": annotations})


def write_manifest(layout: Path, manifest: Mapping[str, object]) -> Digest:
    """Make `manifest` the layout's image."""
    digest, size = write_blob(layout, canonical(manifest))
    entry = {"mediaType": _MANIFEST, "digest": str(digest), "size": size}
    index = {"schemaVersion": 2, "manifests": [entry]}
    (layout / "index.json").write_bytes(canonical(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return digest


def write_blob(layout: Path, content: bytes) -> tuple[Digest, int]:
    """Store a blob; its digest and size."""
    digest = Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")
    path = _blob(layout, str(digest))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest, len(content)


def canonical(document: Mapping[str, object]) -> bytes:
    """JSON with one way to write it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def push_layout(layout: Path, digest: Digest, target: str, authfile: Path) -> None:
    """Copy the layout's image to `HOST[:PORT]/REPOSITORY`, without a tag; Unavailable, Denied."""
    credentials = (f"--dest-authfile={authfile}",) if authfile.is_file() else ()
    run(
        [
            "skopeo", "--insecure-policy", f"--command-timeout={_PATIENCE}",
            "copy", "--quiet", "--preserve-digests",
            f"--dest-tls-verify={verify_tls(target)}", *credentials,
            f"oci:{layout}", f"docker://{target}@{digest}",
        ],
        package="skopeo", what=f"push to {target}", environment={"TMPDIR": str(layout.parent)},
    )  # fmt: skip


def verify_tls(address: str) -> str:
    """`false` for a loopback address, where plain HTTP is spoken, else `true`."""
    return "false" if is_loopback(urlsplit(f"//{address}").hostname) else "true"


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
