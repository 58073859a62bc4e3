"""An OCI registry over its HTTP API, the OCI distribution spec 1.1.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from slipway.adapters.docker_credentials import Credentials
from slipway.adapters.registry_address import Address
from slipway.adapters.registry_http import Answer, RegistryHttp
from slipway.domain.errors import Denied, Failed, InvalidReference, NotFound
from slipway.domain.image import Digest, ImageIndex
from slipway.domain.names import Arch

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_ACCEPT = {"Accept": ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST))}
_INDEXES = {OCI_INDEX, DOCKER_LIST}

# The grammar of the distribution spec; it also keeps a name from becoming another path.
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NEXT_LINK = re.compile(r'<(?P<url>[^>]*)>\s*(?:;[^,;]*)*;\s*rel="?next\b')  # RFC 8288
_PAGE = 1000
_MOST_PAGES = 100  # a registry that links pages in a circle must end
_ARCHS = {(a.platform.os, a.platform.architecture, a.platform.variant): a for a in Arch}
_ARCHS["linux", "arm64", "v8"] = Arch.AARCH64  # the same platform, as some builders write it


@dataclass(frozen=True)
class _Manifest:
    media_type: str
    body: bytes


class OciImageRegistry:
    """ImageRegistry over HTTP; anonymous until the registry asks for more."""

    def __init__(
        self,
        address: str,
        *,
        timeout: float = 20.0,
        credentials: Callable[[str], Credentials | None] = lambda _host: None,
    ) -> None:
        """`credentials` is asked for a `HOST[:PORT]`; raises InvalidSetting for a bad address."""
        self._address = Address.parse(address)
        self._text = address
        self._http = RegistryHttp(self._address, timeout, credentials)

    @property
    def address(self) -> str:
        """`HOST[:PORT][/PREFIX]`."""
        return self._text

    def repositories(self) -> Sequence[str]:
        """All repositories below the prefix, sorted; Denied where there is no catalogue."""
        before = f"{self._address.prefix}/" if self._address.prefix else ""
        names: set[str] = set()
        for answer in self._pages("/v2/_catalog", "the catalogue"):
            if answer.status == 404:
                raise Denied(
                    f"registry {self._address.host} has no catalogue",
                    hint="Name the repositories in monitor.repositories",
                )
            names.update(self._names(answer, "repositories"))
        return sorted(name.removeprefix(before) for name in names if name.startswith(before))

    def tags(self, repository: str) -> Sequence[str]:
        """All tags, sorted; empty when there is no such repository."""
        names: set[str] = set()
        for answer in self._pages(f"{self._base(repository)}/tags/list", repository):
            if answer.status == 404:
                return []
            names.update(self._names(answer, "tags"))
        return sorted(names)

    def resolve(self, repository: str, tag: str) -> Digest | None:
        """The digest a tag points at; the registry's word, which `index` checks."""
        path = f"{self._base(repository)}/manifests/{_checked_tag(tag)}"
        answer = self._http.request("HEAD", path, scope=repository, headers=_ACCEPT)
        if answer.status == 404:
            return None
        if answer.status == 200 and "docker-content-digest" in answer.headers:
            return Digest.parse(answer.headers["docker-content-digest"])
        manifest = self._get(repository, tag)
        return _digest(manifest.body) if manifest else None

    def index(self, repository: str, digest: Digest) -> ImageIndex:
        """Read an index and check it against its digest."""
        manifest = self._read(repository, digest)
        try:
            document = json.loads(manifest.body)
            if document.get("mediaType", manifest.media_type) not in _INDEXES:
                raise InvalidReference(
                    f"{repository}@{digest} is one image, not an index of images per arch"
                )
            images: dict[Arch, Digest] = {}
            for entry in document["manifests"]:
                if arch := _arch(entry.get("platform") or {}):
                    images.setdefault(arch, Digest.parse(entry["digest"]))
            annotations = document.get("annotations") or {}
            texts = {str(key): str(value) for key, value in annotations.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidReference(f"{repository}@{digest} is no valid index") from error
        return ImageIndex(digest, images, texts)

    def size(self, repository: str, digest: Digest) -> int:
        """Add up the manifest, the configuration and the layers, as they are compressed."""
        manifest = self._read(repository, digest)
        try:
            document = json.loads(manifest.body)
            parts = [document["config"], *document["layers"]]
            return len(manifest.body) + sum(int(part["size"]) for part in parts)
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidReference(f"{repository}@{digest} is not a single image") from error

    def push_index(
        self, repository: str, images: Mapping[Arch, Digest], annotations: Mapping[str, str]
    ) -> Digest:
        """Store an index: archs in the vocabulary's order, keys sorted, no white space."""
        if not images:
            raise InvalidReference(f"an index of {repository} needs at least one image")
        entries = []
        for arch in (arch for arch in Arch if arch in images):
            manifest = self._read(repository, images[arch])
            if manifest.media_type in _INDEXES:
                raise InvalidReference(
                    f"{repository}@{images[arch]} for {arch} is an index, not an image"
                )
            platform = {"architecture": arch.platform.architecture, "os": arch.platform.os}
            if arch.platform.variant:
                platform["variant"] = arch.platform.variant
            entries.append(
                {
                    "mediaType": manifest.media_type,
                    "digest": str(images[arch]),
                    "size": len(manifest.body),
                    "platform": platform,
                }
            )
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": entries,
            "annotations": dict(annotations),
        }
        body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        self._put(repository, str(_digest(body)), _Manifest(OCI_INDEX, body))
        return _digest(body)

    def tag(self, repository: str, digest: Digest, tag: str) -> None:
        """Store the same bytes under the tag."""
        self._put(repository, _checked_tag(tag), self._read(repository, digest))

    def _base(self, repository: str) -> str:
        if not _REPOSITORY.fullmatch(repository):
            raise InvalidReference(
                f"{repository!r} is not an image repository",
                hint="Repositories are lower case letters, digits and . _ - / in between",
            )
        return "/v2/" + "/".join(filter(None, (self._address.prefix, repository)))

    def _pages(self, path: str, scope: str) -> Iterator[Answer]:
        """A listing's pages; the spec links the next one in the Link header."""
        next_path: str | None = f"{path}?n={_PAGE}"
        for _ in range(_MOST_PAGES):
            if next_path is None:
                return
            answer = self._http.request("GET", next_path, scope=scope)
            yield answer
            next_path = self._next(answer, next_path)
        raise Failed(f"registry {self._address.host} lists {scope} without end")

    def _next(self, answer: Answer, path: str) -> str | None:
        link = _NEXT_LINK.search(answer.headers.get("link", ""))
        if link is None:
            return None
        url = urlsplit(urljoin(self._address.origin + path, str(link["url"])))
        if f"{url.scheme}://{url.netloc}" != self._address.origin:
            raise Failed(f"registry {self._address.host} links to {url.netloc}")
        return f"{url.path}?{url.query}" if url.query else str(url.path)

    def _names(self, answer: Answer, field: str) -> list[str]:
        if answer.status != 200:
            raise self._http.unexpected(answer, f"a listing of {field}")
        try:
            return [str(name) for name in json.loads(answer.body)[field] or []]
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"registry {self._address.host} gives no list of {field}") from error

    def _read(self, repository: str, digest: Digest) -> _Manifest:
        manifest = self._get(repository, str(digest))
        if manifest is None:
            raise NotFound(
                f"{repository}@{digest} is not in registry {self._address.host}",
                hint="Push the image first",
            )
        if _digest(manifest.body) != digest:
            raise Failed(
                f"registry {self._address.host} gave other bytes for {repository}@{digest}",
                hint="The registry's storage, or the way to it, is damaged",
            )
        return manifest

    def _get(self, repository: str, reference: str) -> _Manifest | None:
        path = f"{self._base(repository)}/manifests/{reference}"
        answer = self._http.request("GET", path, scope=repository, headers=_ACCEPT)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._http.unexpected(answer, f"a request for {repository}:{reference}")
        self._compare(answer, _digest(answer.body), repository)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return _Manifest(media_type, answer.body)

    def _put(self, repository: str, reference: str, manifest: _Manifest) -> None:
        answer = self._http.request(
            "PUT",
            f"{self._base(repository)}/manifests/{reference}",
            scope=repository,
            headers={"Content-Type": manifest.media_type},
            body=manifest.body,
        )
        if answer.status == 404:
            raise NotFound(f"repository {repository} is not in registry {self._address.host}")
        if answer.status not in (200, 201):
            raise self._http.unexpected(answer, f"a push to {repository}:{reference}")
        self._compare(answer, _digest(manifest.body), repository)

    def _compare(self, answer: Answer, digest: Digest, repository: str) -> None:
        stated = answer.headers.get("docker-content-digest", str(digest))
        if stated != str(digest):
            raise Failed(
                f"registry {self._address.host} says {stated} of a manifest of {repository} "
                f"that is {digest}"
            )


def _digest(body: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def _checked_tag(tag: str) -> str:
    if not _TAG.fullmatch(tag):
        raise InvalidReference(
            f"{tag!r} is not a tag", hint="A tag has letters, digits and _ . - and at most 128"
        )
    return tag


def _arch(platform: Mapping[str, object]) -> Arch | None:
    """The arch an index's entry is for, None for one that Slipway does not know."""
    key = tuple(str(platform.get(name) or "") for name in ("os", "architecture", "variant"))
    return _ARCHS.get((key[0], key[1], key[2]))
