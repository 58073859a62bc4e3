"""Decoding, and what may be named in the image folder."""

import io
import os
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from slipway_components.ingest.picture import convert
from slipway_serving.errors import RequestError
from slipway_serving.images import MAX_PIXELS, ImageFolder, decode

from tests.fixtures.serving import png


def _saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_what_is_lossless_keeps_its_pixels(kind: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (7, 5, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert np.array_equal(decode(file.getvalue()), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_becomes_three_channels(mode: str) -> None:
    decoded = decode(_saved(Image.new(mode, (4, 3)), "PNG"))
    assert decoded.shape == (3, 4, 3)
    assert decoded.dtype == np.uint8


def test_an_image_of_many_strips_is_whole() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (777, 3, 3), np.uint8)
    assert np.array_equal(decode(_saved(Image.fromarray(pixels), "PNG")), pixels)


def _gradient(mode: str) -> Image.Image:
    across, down = Image.linear_gradient("L").resize((40, 30)), Image.radial_gradient("L")
    down = down.resize((40, 30))
    rgba = Image.merge("RGBA", (across, down, across.rotate(180), down))
    if mode == "I;16":
        return Image.fromarray((np.asarray(across).astype(np.uint16) * 257) ^ 0x0F0F)
    return rgba.convert(mode)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    + [("WEBP", "RGB"), ("WEBP", "RGBA"), ("BMP", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK")],
)
def test_serving_sees_what_training_saw(kind: str, mode: str, tmp_path: Path) -> None:
    file = tmp_path / "original"
    file.write_bytes(_saved(_gradient(mode), kind))
    convert(file, tmp_path / "ingested.png", None)
    ingested = decode((tmp_path / "ingested.png").read_bytes())
    assert np.array_equal(decode(file.read_bytes()), ingested)
    assert np.unique(ingested).size > 1


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_lies_on_white(mode: str, tmp_path: Path) -> None:
    file = tmp_path / "original.png"
    image = Image.new(mode, (4, 3))
    image.save(file, transparency=(0, 0, 0) if mode == "RGB" else 0)
    convert(file, tmp_path / "ingested.png", None)
    assert np.array_equal(decode(file.read_bytes()), np.full((3, 4, 3), 255, np.uint8))
    assert np.array_equal(
        decode((tmp_path / "ingested.png").read_bytes()), decode(file.read_bytes())
    )


@pytest.mark.parametrize("orientation", range(10))
def test_a_photograph_is_turned_as_for_training(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / "photo.jpg"
    _gradient("RGB").save(file, exif=exif)
    convert(file, tmp_path / "ingested.png", None)
    ingested = decode((tmp_path / "ingested.png").read_bytes())
    assert np.array_equal(decode(file.read_bytes()), ingested)
    assert ingested.shape == ((40, 30, 3) if orientation in (5, 6, 7, 8) else (30, 40, 3))


@pytest.mark.parametrize(
    "block", [b"", b"rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM"]
)
def test_a_malformed_exif_block_is_passed_over(block: bytes, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    _gradient("RGB").save(file, exif=block)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert decode(file.read_bytes()).shape == (30, 40, 3)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_other_formats_are_known(kind: str) -> None:
    assert decode(_saved(Image.new("RGB", (9, 6), (200, 10, 10)), kind)).shape == (6, 9, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"rubbish",
        b"\x89PNG\r\n\x1a\n",
        png()[:60],
        png()[:-40],
        _saved(Image.new("RGB", (50, 50)), "JPEG")[:200],
        _saved(Image.new("RGB", (8, 8)), "TIFF"),
        _saved(Image.new("RGB", (8, 8)), "PPM"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        decode(data)
    assert caught.value.status == 400
    assert caught.value.code in ("not-an-image", "no-image")


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(RequestError) as caught:
        decode(bomb + chunk(b"IEND", b""))
    assert (caught.value.status, caught.value.code) == (413, "image-too-large")
    assert str(MAX_PIXELS) in caught.value.message


def test_mangled_images_are_refused_or_read_but_never_crash() -> None:
    dice = random.Random(2)
    originals = [_saved(Image.effect_noise((40, 30), 90).convert("P"), k) for k in ("PNG", "GIF")]
    noise = Image.effect_noise((40, 30), 90).convert("RGB")
    originals += [_saved(noise, k) for k in ("PNG", "JPEG", "WEBP", "BMP")]
    for _ in range(1200):
        data = bytearray(dice.choice(originals))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            assert decode(bytes(data[: dice.randrange(1, 2 * len(data))])).shape[2] == 3
        except RequestError as error:
            assert error.status in (400, 413)


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    (root / "nut.png").write_bytes(b"nut")
    (root / "sub" / "ü b.png").write_bytes(b"bolt")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (root / "link.png").symlink_to("nut.png")
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    (root / "big.png").write_bytes(bytes(101))
    os.mkfifo(root / "pipe.png")
    return ImageFolder(root, 100)


def test_a_file_in_the_folder_is_read(folder: ImageFolder) -> None:
    assert folder.read("nut.png") == b"nut"
    assert folder.read("sub/ü b.png") == b"bolt"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("", 400, "bad-path"),
        ("..", 400, "bad-path"),
        ("../secret.png", 400, "bad-path"),
        ("sub/../../secret.png", 400, "bad-path"),
        ("sub/../nut.png", 400, "bad-path"),
        ("/etc/passwd", 400, "bad-path"),
        ("./nut.png", 400, "bad-path"),
        ("nut.png/", 400, "bad-path"),
        ("sub//b.png", 400, "bad-path"),
        ("nut.png\0.jpg", 400, "bad-path"),
        ("\ud800.png", 400, "bad-path"),
        ("x" * 300, 400, "bad-path"),
        ("link.png", 400, "bad-path"),
        ("out.png", 400, "bad-path"),
        ("sub", 400, "bad-path"),
        ("pipe.png", 400, "bad-path"),
        (7, 400, "bad-path"),
        (None, 400, "bad-path"),
        (["nut.png"], 400, "bad-path"),
        ("none.png", 404, "no-such-image"),
        ("nut.png/below", 404, "no-such-image"),
        ("up/secret.png", 404, "no-such-image"),
        ("big.png", 413, "image-too-large"),
    ],
)
def test_anything_else_is_refused(
    folder: ImageFolder, name: object, status: int, code: str
) -> None:
    with pytest.raises(RequestError) as caught:
        folder.read(name)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_folder_that_is_not_mounted_has_no_images(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        ImageFolder(tmp_path / "none", 100).read("nut.png")
    assert caught.value.status == 404
