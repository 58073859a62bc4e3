"""Pods that cannot live together on one device.

A device has one pod of each slot at a time, and two of them only while one takes the other's place:
a channel's goes before one of `all`, but of two in one folder nobody knows which is meant. Two pods
of one name give undefined behaviour in the kubelet. Two that listen on one port of the device's
network would not fail, since the serving container sets SO_REUSEPORT to hand over without a gap:
one would get the other's requests.
"""

from collections import defaultdict
from collections.abc import Mapping

from slipway.domain.errors import Conflict, InvalidManifest
from slipway.domain.names import ALL_FOLDER
from slipway.services.check_manifest import CheckedManifest, check_manifest


def conflicts(
    wanted: Mapping[str, CheckedManifest], kept: Mapping[str, bytes]
) -> dict[str, Conflict]:
    """The keys of `wanted` that claim what another manifest of their folder, or of its arch's
    `all`, claims as well. None of them is given way to: which one would be right, nobody knows."""
    folders: dict[str, dict[str, CheckedManifest]] = defaultdict(dict)
    for key, manifest in {**_read(kept), **wanted}.items():
        folders[key.rpartition("/")[0]][key] = manifest
    found: dict[str, Conflict] = {}
    for key, manifest in wanted.items():
        folder, _, name = key.rpartition("/")
        base = folders[f"{folder.partition('/')[0]}/{ALL_FOLDER}"]
        slot = _slot(key, manifest)
        others = {k: m for k, m in base.items() if _slot(k, m) != slot} | folders[folder]
        for other, theirs in sorted(others.items()):
            shared = sorted(manifest.claims & theirs.claims)
            if _slot(other, theirs) == slot:
                shared.insert(0, f"slot {slot}")
            if other != key and shared:
                found[key] = Conflict(
                    f"{name} and {other.rpartition('/')[2]} both claim {shared[0]}",
                    hint=f"Give one of them another: ports.{name.removesuffix('-pod.yaml')} in "
                    "slipway.yaml, or a template of its own",
                )
    return found


def _slot(key: str, manifest: CheckedManifest) -> str:
    name = key.rpartition("/")[2].removesuffix(".yaml").removesuffix("-pod")
    return manifest.slot or name


def _read(kept: Mapping[str, bytes]) -> dict[str, CheckedManifest]:
    """What lies there already, as far as Slipway can tell what it is."""
    read: dict[str, CheckedManifest] = {}
    for key, data in kept.items():
        try:
            read[key] = check_manifest(data.decode())
        except (InvalidManifest, UnicodeDecodeError):
            continue
    return read
