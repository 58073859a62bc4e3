"""The vocabulary parses what it should and names what it does not."""

import pytest

from slipway.domain.errors import InvalidName, InvalidReference
from slipway.domain.image import Digest, ImageReference
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion


def test_a_version_survives_parsing_and_printing() -> None:
    version = ModelVersion.parse("equipment-Parts_12_1501089026")
    assert version == ModelVersion(ModelName("equipment-Parts"), 12, 1501089026)
    assert str(version) == "equipment-Parts_12_1501089026"
    assert version.name.repository == "equipment-parts"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "equipmentparts",
        "equipmentparts_1",
        "equipmentparts_1_",
        "equipmentparts_01_1501089026",
        "equipmentparts_1_0",
        "equipmentparts_1_-5",
        "1parts_1_1501089026",
        "equipment_parts_1_1501089026",
        "equipmentparts_1_1501089026\n",
        "equipmentparts_1_1501089026/..",
        "équipe_1_1501089026",
        "parts_1_" + "1" * 130,
    ],
)
def test_a_malformed_version_is_refused_with_the_value(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ModelVersion.parse(text)
    assert repr(text) in caught.value.message
    assert "NAME_MAJOR_TIMESTAMP" in caught.value.hint


@pytest.mark.parametrize("text", ["", "9lives", "a b", "a_b", "a-", "a" * 64, "..", "a/b"])
def test_a_malformed_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName, match="not a model name"):
        ModelName.parse(text)


def test_archs_know_their_oci_platform() -> None:
    assert {str(arch): str(arch.platform) for arch in Arch} == {
        "x86_64": "linux/amd64",
        "armv7l": "linux/arm/v7",
        "aarch64": "linux/arm64",
    }


def test_unknown_channels_and_archs_are_refused_with_the_choices() -> None:
    with pytest.raises(InvalidName) as channel:
        Channel.parse("nightly")
    assert channel.value.hint == "Choose one of latest, alpha, beta, stable"
    with pytest.raises(InvalidName) as arch:
        Arch.parse("riscv64")
    assert arch.value.hint == "Choose one of x86_64, armv7l, aarch64"


def test_references_are_pinned_or_refused() -> None:
    digest = "sha256:" + "ab" * 32
    reference = ImageReference.parse(f"127.0.0.1:5050/parts@{digest}")
    assert reference == ImageReference("127.0.0.1:5050/parts", Digest(digest))
    for text in ("127.0.0.1:5050/parts:latest", "parts@sha256:12", f"a b@{digest}", ""):
        with pytest.raises(InvalidReference):
            ImageReference.parse(text)
