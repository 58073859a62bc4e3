"""What every ImageRegistry does: Debian's docker-registry over HTTP, and the fake."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.errors import InvalidReference, NotFound
from slipway.domain.image import VERSION_KEY, Digest
from slipway.domain.names import Arch
from slipway.ports.image_registry import ImageRegistry
from tests.fakes.image_registry import FakeImageRegistry
from tests.fixtures.oci import delete_manifest, push_image

_COUNTER = itertools.count()
_NOWHERE = Digest("sha256:" + "0" * 64)


@dataclass
class Subject:
    """A registry, a repository of the test's own in it, and ways to put images there and to take
    the tags of one away again."""

    registry: ImageRegistry
    repository: str
    add: Callable[[str, Arch, str], Digest]
    untag: Callable[[str, Digest], None]

    def image(self, arch: Arch = Arch.X86_64, content: str = "") -> Digest:
        return self.add(self.repository, arch, content)


@pytest.fixture(
    params=[
        "fake",
        pytest.param("oci", marks=pytest.mark.system),
        pytest.param("oci-prefix", marks=pytest.mark.system),
    ]
)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    repository = f"contract-{next(_COUNTER)}"
    if request.param == "fake":
        fake = FakeImageRegistry()
        yield Subject(fake, repository, fake.add_image, fake.remove_tags)
        return
    host: str = request.getfixturevalue("registry")
    prefix = "team/edge/" if request.param == "oci-prefix" else ""

    def add(name: str, arch: Arch, content: str) -> Digest:
        return push_image(host, prefix + name, arch, content)

    def untag(name: str, digest: Digest) -> None:
        delete_manifest(host, prefix + name, digest)

    yield Subject(OciImageRegistry(f"{host}/{prefix}".rstrip("/")), repository, add, untag)


def test_unknown_repository_and_tag(subject: Subject) -> None:
    assert subject.registry.tags(subject.repository) == []
    assert subject.registry.resolve(subject.repository, "latest") is None
    with pytest.raises(NotFound):
        subject.registry.index(subject.repository, _NOWHERE)
    with pytest.raises(NotFound):
        subject.registry.tag(subject.repository, _NOWHERE, "latest")


def test_index_comes_back_as_it_was_pushed(subject: Subject) -> None:
    images = {arch: subject.image(arch) for arch in Arch}
    annotations = {VERSION_KEY: "parts_1_7", "org.opencontainers.image.title": "Teile, größer"}
    digest = subject.registry.push_index(subject.repository, images, annotations)
    index = subject.registry.index(subject.repository, digest)
    assert (index.digest, index.images, index.annotations) == (digest, images, annotations)
    assert subject.registry.tags(subject.repository) == []  # pushing sets no tag


def test_same_index_same_digest_in_any_order(subject: Subject) -> None:
    images = {arch: subject.image(arch) for arch in Arch}
    backwards = dict(reversed(images.items()))
    first = subject.registry.push_index(subject.repository, images, {"a": "1", "b": "2"})
    again = subject.registry.push_index(subject.repository, backwards, {"b": "2", "a": "1"})
    other = subject.registry.push_index(subject.repository, images, {"a": "1", "b": "3"})
    assert first == again
    assert first != other


def test_tags_move_and_are_listed_sorted(subject: Subject) -> None:
    registry, repository = subject.registry, subject.repository
    one, two = (
        registry.push_index(repository, {Arch.X86_64: subject.image(content=text)}, {})
        for text in ("one", "two")
    )
    assert one != two
    for tag, digest in (("stable", one), ("latest", one), ("latest", two), ("parts_1_7", one)):
        registry.tag(repository, digest, tag)
    assert registry.tags(repository) == ["latest", "parts_1_7", "stable"]
    assert registry.resolve(repository, "latest") == two
    assert registry.resolve(repository, "stable") == one
    assert repository in registry.repositories()
    assert list(registry.repositories()) == sorted(registry.repositories())


def test_tags_that_are_listed_are_those_that_there_are(subject: Subject) -> None:
    """Whoever looks at listed tags alone misses none and asks for none in vain."""
    registry, repository = subject.registry, subject.repository
    one, two = subject.image(content="one"), subject.image(content="two")
    for tag, digest in (("latest", one), ("stable", one), ("beta", two)):
        registry.tag(repository, digest, tag)
    subject.untag(repository, one)
    assert registry.tags(repository) == ["beta"]
    assert registry.resolve(repository, "latest") is None
    subject.untag(repository, two)
    assert registry.tags(repository) == []


def test_single_image_can_be_tagged_but_is_no_index(subject: Subject) -> None:
    image = subject.image()
    subject.registry.tag(subject.repository, image, "latest")
    assert subject.registry.resolve(subject.repository, "latest") == image
    with pytest.raises(InvalidReference, match="not an index"):
        subject.registry.index(subject.repository, image)


def test_the_size_is_of_a_single_image(subject: Subject) -> None:
    registry, repository = subject.registry, subject.repository
    small, large = subject.image(content="x"), subject.image(content="x" * 5000)
    assert registry.size(repository, large) > 4999
    assert registry.size(repository, large) - registry.size(repository, small) > 4900
    index = registry.push_index(repository, {Arch.X86_64: small}, {})
    with pytest.raises(InvalidReference, match="single image"):
        registry.size(repository, index)
    with pytest.raises(NotFound):
        registry.size(repository, _NOWHERE)


def test_index_of_images_that_are_not_there(subject: Subject) -> None:
    subject.image()
    with pytest.raises(NotFound):
        subject.registry.push_index(subject.repository, {Arch.X86_64: _NOWHERE}, {})
    with pytest.raises(InvalidReference):
        subject.registry.push_index(subject.repository, {}, {})


def test_index_in_an_index(subject: Subject) -> None:
    inner = subject.registry.push_index(subject.repository, {Arch.X86_64: subject.image()}, {})
    with pytest.raises(InvalidReference, match="index"):
        subject.registry.push_index(subject.repository, {Arch.X86_64: inner}, {})


@pytest.mark.parametrize("name", ["Upper", "a/../b"])
def test_names_that_are_no_repository(subject: Subject, name: str) -> None:
    with pytest.raises(InvalidReference, match="repository"):
        subject.registry.tags(name)


@pytest.mark.parametrize("tag", ["", "a/b"])
def test_tags_that_are_none(subject: Subject, tag: str) -> None:
    with pytest.raises(InvalidReference, match="tag"):
        subject.registry.tag(subject.repository, subject.image(), tag)
