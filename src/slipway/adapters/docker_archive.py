"""Turns an image as `docker save` writes it into an OCI layout, in one way only.

A Docker engine writes the time of the build into an image's configuration and history and into
the folders it makes. Here all times become the one that was asked for and the history is dropped,
so that the same inputs have the same digest.
"""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from slipway.adapters.oci_layout import canonical, write_blob, write_manifest
from slipway.domain.image import Digest
from slipway.domain.names import Arch

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_KEPT = ("User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels")  # of the run configuration
_LEVEL = 6
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Layer:
    digest: Digest
    size: int
    diff_id: str  # digest of the layer before compression


def convert(
    archive: Path, layout: Path, arch: Arch, created: int, annotations: Mapping[str, str]
) -> Digest:
    """Write the image in `archive` to `layout`; returns the digest of its manifest."""
    with tarfile.open(archive) as saved:
        (entry,) = json.loads(_read(saved, "manifest.json"))
        configuration = json.loads(_read(saved, entry["Config"]))
        layers = [_layer(saved, name, layout, created) for name in entry["Layers"]]
    run = {k: v for k, v in (configuration.get("config") or {}).items() if k in _KEPT and v}
    platform = arch.platform
    document: dict[str, object] = {
        "created": datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z"),
        "architecture": platform.architecture,
        "os": platform.os,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }
    if platform.variant:
        document["variant"] = platform.variant
    digest, size = write_blob(layout, canonical(document))
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": str(digest), "size": size},
        "layers": [{"mediaType": _LAYER, "digest": str(x.digest), "size": x.size} for x in layers],
        "annotations": dict(annotations),
    }
    return write_manifest(layout, manifest)


def _layer(saved: tarfile.TarFile, name: str, layout: Path, created: int) -> _Layer:
    with tempfile.TemporaryFile(dir=layout) as plain:
        with _open(saved, name) as packed, tarfile.open(fileobj=packed, mode="r:*") as old:
            _repack(old, plain, created)
        plain.seek(0)
        diff_id = hashlib.sha256()
        compressed = io.BytesIO()
        with gzip.GzipFile("", "wb", _LEVEL, compressed, mtime=0) as output:
            while chunk := plain.read(_CHUNK):
                diff_id.update(chunk)
                output.write(chunk)
    digest, size = write_blob(layout, compressed.getvalue())
    return _Layer(digest, size, f"sha256:{diff_id.hexdigest()}")


def _repack(old: tarfile.TarFile, output: IO[bytes], created: int) -> None:
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            content = old.extractfile(member) if member.isreg() else None
            member.mtime = created
            member.uname = member.gname = ""
            member.pax_headers = {
                key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY")
            }
            new.addfile(member, content)


def _read(saved: tarfile.TarFile, name: str) -> bytes:
    with _open(saved, name) as file:
        return file.read()


def _open(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    file = saved.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file
