"""Checks of a rendered manifest before any device may see it.

One YAML document without repeated keys, a v1 Pod by the Kubernetes schema (strict: unknown fields
are refused), every image pinned by digest, a name that the kubelet takes. The schema is that of
1.25, the oldest that kubernetes-validate brings and the nearest to the kubelets on devices; the
Pod's fields that Slipway's own templates use are in 1.20 as well.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from slipway.domain.errors import InvalidManifest, InvalidReference
from slipway.domain.image import ImageReference
from slipway.domain.pod import MOVE_KEY, SLOT_KEY, UPDATE_KEY, Update

_SCHEMA = "1.25"
_POD_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 200  # of 253: the kubelet adds the node's name
_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True)
class CheckedManifest:
    """A valid manifest's bytes and what it claims for itself on a device."""

    data: bytes
    pod: str  # metadata.name
    claims: frozenset[str]  # `pod NAME` and `port NUMBER`; two slots of a channel may share none
    slot: str = ""  # empty: devices go by the file's name
    move: int | None = None
    update: Update = Update.RECREATE  # what devices do with a pod that does not say


@lru_cache(maxsize=4096)
def check_manifest(text: str) -> CheckedManifest:
    """Check a rendered manifest and write it canonically: block style, no comments, so that a
    template's layout may change without a pod being restarted. Raises InvalidManifest, naming
    the path in the document and the value."""
    pod = _parse(text)
    _check_schema(pod)
    name = str(_get(pod, "metadata", "name"))
    if not _POD_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidManifest(
            f"metadata.name is {name[:_SHOWN]!r}",
            hint="A pod's name has lower case letters, digits, - and . inside",
        )
    claims = {f"pod {name}"}
    for path, container in _containers(pod):
        try:
            ImageReference.parse(str(container.get("image")))
        except InvalidReference as error:
            raise InvalidManifest(f"{path}.image: {error.message}", hint=error.hint) from error
        if _get(pod, "spec", "hostNetwork") is True:
            claims.update(f"port {port}" for port in _ports(container))
    import yaml

    data = yaml.safe_dump(
        pod, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1 << 20
    )
    return CheckedManifest(
        data.encode(),
        name,
        frozenset(claims),
        slot=_annotation(pod, SLOT_KEY),
        move=_move(pod),
        update=_update(pod),
    )


def standing_move(data: bytes) -> int | None:
    """The number of the move that a manifest is of; None if it does not tell."""
    try:
        return check_manifest(data.decode()).move
    except (InvalidManifest, UnicodeDecodeError):
        return None


def _parse(text: str) -> Mapping[str, object]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice, where YAML would let the last one win."""

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
        keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
        repeated = [key for key in keys if keys.count(key) > 1]
        if repeated:
            line = node.start_mark.line + 1
            raise InvalidManifest(f"key {repeated[0]!r} is given twice, from line {line} on")
        return loader.construct_mapping(node, deep=True)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    try:
        documents = [d for d in yaml.load_all(text, Loader) if d is not None]
    except (yaml.YAMLError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidManifest(f"it is not YAML: {reason[:200]}") from error
    if len(documents) != 1:
        raise InvalidManifest(f"it holds {len(documents)} documents, one Pod is wanted")
    document: object = documents[0]
    if not isinstance(document, dict):
        raise InvalidManifest(f"it is {_shown(document)}, not a mapping")
    for key, wanted in (("apiVersion", "v1"), ("kind", "Pod")):
        if document.get(key) != wanted:
            raise InvalidManifest(f"{key} is {_shown(document.get(key))}, not {wanted}")
    return document


def _check_schema(pod: Mapping[str, object]) -> None:
    import kubernetes_validate  # type: ignore[import-untyped]

    try:
        kubernetes_validate.validate(pod, _SCHEMA, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
        raise InvalidManifest(
            f"{path.lstrip('.') or 'the document'}: {error.message[:300]}",
            hint=f"It is checked against the Kubernetes {_SCHEMA} schema of a v1 Pod",
        ) from error


def _containers(pod: Mapping[str, object]) -> Iterable[tuple[str, Mapping[str, object]]]:
    for kind in ("initContainers", "containers"):
        containers = _get(pod, "spec", kind)
        for number, container in enumerate(containers if isinstance(containers, list) else []):
            yield f"spec.{kind}[{number}]", container


def _annotation(pod: Mapping[str, object], key: str) -> str:
    return str(_get(pod, "metadata", "annotations", key) or "")


def _move(pod: Mapping[str, object]) -> int | None:
    text = _annotation(pod, MOVE_KEY)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise InvalidManifest(f"metadata.annotations.{MOVE_KEY} is {text[:_SHOWN]!r}, not a number")
    return int(text)


def _update(pod: Mapping[str, object]) -> Update:
    text = _annotation(pod, UPDATE_KEY) or Update.RECREATE
    try:
        return Update(text)
    except ValueError as error:
        raise InvalidManifest(
            f"metadata.annotations.{UPDATE_KEY} is {text[:_SHOWN]!r}",
            hint=f"Choose {' or '.join(Update)}",
        ) from error


def _ports(container: Mapping[str, object]) -> Iterable[int]:
    """The ports that a container listens on, as its probes give them away."""
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        for kind in ("httpGet", "tcpSocket"):
            port = _get(container, probe, kind, "port")
            if isinstance(port, int):
                yield port


def _get(document: object, *path: str) -> object:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
