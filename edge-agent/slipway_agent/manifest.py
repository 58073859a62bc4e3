"""A pod manifest as the agent knows it: which slot it is for and how it wants to be brought up.

    metadata:
      name: equipmentparts-1a2b3c4d      # unique for each move of the channel
      annotations:
        dev.slipway.slot: equipmentparts # without it: the file's name without -pod.yaml or .yaml
        dev.slipway.update: beside       # or recreate, which it is without the annotation
        dev.slipway.start: "60"          # seconds from the container's start to ready
        dev.slipway.probation: "30"      # seconds after the switch
        dev.slipway.model, dev.slipway.version

Whether such a pod may run on this device is another question: `policy.py`.
"""

import hashlib
import re
from typing import NamedTuple

from slipway_agent.errors import Refused

AGENT_SLOT = "slipway-agent"  # of the agent's own pod
LARGEST_MANIFEST = 256 * 1024  # bytes
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")

_SLOT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_POD = re.compile(r"[a-z0-9]([a-z0-9.-]{0,198}[a-z0-9])?")
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([kMGTPE]|[KMGTPE]i|)")
_LONGEST_WAIT = 3600.0  # seconds
_ANNOTATION = "dev.slipway."


class Manifest(NamedTuple):
    """One manifest, its bytes as they were signed."""

    slot: str
    pod: str  # metadata.name
    sha256: str
    data: bytes
    folder: str  # "x86_64/latest"
    images: tuple[str, ...]  # references
    model: str  # "" when not told
    version: str
    update: str  # "beside" or "recreate"
    start: float  # seconds
    probation: float  # seconds
    memory: int  # bytes, the sum of the containers' limits; 0: not known


def read_manifest(data: bytes, where: str) -> Manifest:
    """Read the manifest at `where` (`ARCH/FOLDER/NAME`); Refused if it is no complete pod."""
    return manifest_of(read_document(data, where), data, where)


def read_document(data: bytes, where: str) -> dict[str, object]:
    """The document of a manifest; Refused, with `where` and the reason, if it holds no Pod."""
    from slipway_agent.strict_yaml import load

    if len(data) > LARGEST_MANIFEST:
        raise Refused(f"{where} has more than {LARGEST_MANIFEST} bytes")
    try:
        document = load(data.decode())
    except UnicodeDecodeError as error:
        raise Refused(f"{where} is not UTF-8 text") from error
    except ValueError as error:
        raise Refused(f"{where} is not the YAML of a manifest: {error}") from error
    if not isinstance(document, dict):
        raise Refused(f"{where} is empty or not a manifest")
    if (document.get("apiVersion"), document.get("kind")) != ("v1", "Pod"):
        found = f"{document.get('apiVersion')} {document.get('kind')}"
        raise Refused(f"{where} is not a Pod of v1: it is {found[:80]!r}")
    if not items(section(document, "spec", where), "containers", where):
        raise Refused(f"{where} has no spec.containers: it may be cut")
    return document


def manifest_of(document: dict[str, object], data: bytes, where: str) -> Manifest:
    """What the agent needs of a document that `read_document` has read."""
    folder, _, name = where.rpartition("/")
    metadata = section(document, "metadata", where)
    notes = section(metadata, "annotations", where)
    pod = metadata.get("name")
    if not isinstance(pod, str) or not _POD.fullmatch(pod):
        raise Refused(f"{where} has no usable metadata.name: {str(pod)[:80]!r}")
    slot = _note(notes, "slot", slot_of(name), where)
    if not _SLOT.fullmatch(slot):
        raise Refused(f"{where} is for the slot {slot[:80]!r}, which is no name for one")
    update = _note(notes, "update", "recreate", where)
    if update not in ("beside", "recreate"):
        raise Refused(f"{where}: {_ANNOTATION}update is {update[:80]!r}, not beside or recreate")
    containers = containers_of(document, where)
    return Manifest(
        slot=slot,
        pod=pod,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        folder=folder,
        images=tuple(str(container.get("image", "")) for container in containers),
        model=_note(notes, "model", "", where),
        version=_note(notes, "version", "", where),
        update=update,
        start=_seconds(notes, "start", 60.0, where),
        probation=_seconds(notes, "probation", 30.0, where),
        memory=_memory(items(section(document, "spec", where), "containers", where), where),
    )


def slot_of(name: str) -> str:
    """The slot of a manifest that does not tell one, by its file's name."""
    return name.removesuffix(".yaml").removesuffix(".yml").removesuffix("-pod")


def containers_of(document: dict[str, object], where: str) -> list[dict[str, object]]:
    """The containers of all three kinds."""
    spec = section(document, "spec", where)
    return [container for kind in CONTAINERS for container in items(spec, kind, where)]


def section(parent: dict[str, object], key: str, where: str) -> dict[str, object]:
    """The mapping at `key`, empty if it is not there; Refused if it is something else."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{where}: {key} is not a mapping")
    return value


def items(parent: dict[str, object], key: str, where: str) -> list[dict[str, object]]:
    """The list of mappings at `key`, empty if it is not there; Refused if it is something else."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refused(f"{where}: {key} is not a list of mappings")
    return value


def quantity(value: object) -> int:
    """The bytes of a Kubernetes quantity, `512Mi`; ValueError if it is none."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int) else None
    if not match:
        raise ValueError(f"{str(value)[:40]!r} is not a quantity such as 512Mi")
    unit = match[2]
    base = 1024 if unit.endswith("i") else 1000
    power = " KMGTPE".index(unit[0].upper()) if unit else 0
    return int(float(match[1]) * base**power)


def _memory(containers: list[dict[str, object]], where: str) -> int:
    limits = [
        section(section(container, "resources", where), "limits", where).get("memory")
        for container in containers
    ]
    try:
        return 0 if None in limits else sum(quantity(limit) for limit in limits)
    except ValueError as error:
        raise Refused(f"{where}: the memory limit {error}") from error


def _note(notes: dict[str, object], name: str, default: str, where: str) -> str:
    value = notes.get(_ANNOTATION + name, default)
    if not isinstance(value, str):
        raise Refused(f"{where}: the annotation {_ANNOTATION}{name} is not text; quote it")
    return value


def _seconds(notes: dict[str, object], name: str, default: float, where: str) -> float:
    text = _note(notes, name, str(default), where)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise Refused(
            f"{where}: {_ANNOTATION}{name} is {text[:40]!r}, not seconds up to {_LONGEST_WAIT:g}"
        )
    return seconds
