"""A user's folder of images: what is taken, how it is converted, what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from slipway_components.ingest import task as ingest_task
from slipway_components.ingest.task import ingest

from slipway.domain.errors import AlreadyExists, DiskFull, InvalidDataset, InvalidInput, NotFound


def _picture(path: Path, colour: object = (200, 30, 30), size: tuple[int, int] = (20, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)  # type: ignore[arg-type]


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two labels, all formats, one group."""
    folder = tmp_path / "in"
    for name in ("a.jpg", "b.png", "c.bmp", "d.webp", "e.JPEG"):
        _picture(folder / "fork" / name)
    _picture(folder / "knife" / "monday" / "a.png")
    _picture(folder / "knife" / "tuesday" / "a.png")
    return folder


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == "RGB"
        return np.asarray(image)


def test_all_formats_become_png_and_groups_stay(source: Path, tmp_path: Path) -> None:
    ingest(source, tmp_path / "out")
    assert _files(tmp_path / "out") == [
        *(f"fork/{name}.png" for name in "abcde"),
        "knife/monday/a.png",
        "knife/tuesday/a.png",
    ]
    for file in _files(tmp_path / "out"):
        assert _pixels(tmp_path / "out" / file).shape == (16, 20, 3)
    assert _names(tmp_path) == ["in", "out"]


def test_same_input_same_bytes(source: Path, tmp_path: Path) -> None:
    ingest(source, tmp_path / "one", size=16)
    ingest(source, tmp_path / "two", size=16)
    for file in _files(tmp_path / "one"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_orientation_is_applied(source: Path, tmp_path: Path) -> None:
    lying = Image.new("RGB", (20, 10), "black")
    lying.paste((255, 255, 255), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    lying.save(source / "fork" / "f.jpg", exif=exif, quality=95)
    ingest(source, tmp_path / "out")
    pixels = _pixels(tmp_path / "out" / "fork" / "f.png")
    assert pixels.shape == (20, 10, 3)
    assert pixels[:9].min() > 200
    assert pixels[11:].max() < 50


def test_transparency_is_laid_on_white(source: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(source / "fork" / "f.png")
    ingest(source, tmp_path / "out")
    assert (_pixels(tmp_path / "out" / "fork" / "f.png") == 255).all()


def test_sixteen_bits_of_grey_keep_their_shades(source: Path, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(source / "fork" / "f.png")
    ingest(source, tmp_path / "out")
    grey = _pixels(tmp_path / "out" / "fork" / "f.png")[..., 0]
    assert len(np.unique(grey)) == 256


def test_large_images_are_shrunk_and_small_ones_are_not(source: Path, tmp_path: Path) -> None:
    _picture(source / "fork" / "large.png", size=(300, 100))
    ingest(source, tmp_path / "out", size=60)
    assert _pixels(tmp_path / "out" / "fork" / "large.png").shape == (20, 60, 3)
    assert _pixels(tmp_path / "out" / "fork" / "a.png").shape == (16, 20, 3)


def test_files_that_differ_in_their_extension_alone_are_both_kept(
    source: Path, tmp_path: Path
) -> None:
    _picture(source / "fork" / "a.bmp")
    ingest(source, tmp_path / "out")
    assert {"fork/a.jpg.png", "fork/a.bmp.png"} <= set(_files(tmp_path / "out"))


def _break(source: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    truncated = source / "fork" / "truncated.jpg"
    Image.fromarray(noise).save(truncated)
    truncated.write_bytes(truncated.read_bytes()[:3000])
    png = (source / "fork" / "b.png").read_bytes()
    (source / "fork" / "truncated.png").write_bytes(png[:-30])
    (source / "fork" / "note.txt").write_text("not an image")
    (source / "knife" / "monday" / "empty.png").touch()
    (source / "knife" / "animation.gif").write_bytes(b"GIF89a" + bytes(100))


def test_all_bad_files_are_named_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    _break(source)
    with pytest.raises(InvalidDataset) as caught:
        ingest(source, tmp_path / "out")
    message = caught.value.message
    assert message.startswith("5 of 12 files")
    assert "fork/truncated.jpg: cannot be decoded: image file is truncated" in message
    assert "fork/truncated.png: cannot be decoded" in message
    assert "fork/note.txt: not an image" in message
    assert "knife/monday/empty.png: the file is empty" in message
    assert "knife/animation.gif: not an image" in message
    assert _names(tmp_path) == ["in"]


def test_bad_files_are_skipped_by_setting_and_named(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _break(source)
    ingest(source, tmp_path / "out", on_bad="skip")
    assert len(_files(tmp_path / "out")) == 7
    assert "ingest: skipped fork/note.txt: not an image" in capsys.readouterr().err


def test_the_list_of_bad_files_ends_at_twenty(source: Path, tmp_path: Path) -> None:
    for number in range(30):
        (source / "fork" / f"bad{number:02}.png").write_text("x")
    with pytest.raises(InvalidDataset) as caught:
        ingest(source, tmp_path / "out")
    assert "bad19" in caught.value.message
    assert "bad20" not in caught.value.message
    assert "… and 10 more" in caught.value.message


def test_a_label_of_bad_files_alone_is_refused_even_when_skipping(
    source: Path, tmp_path: Path
) -> None:
    (source / "spoon").mkdir()
    (source / "spoon" / "a.png").write_text("x")
    with pytest.raises(InvalidDataset, match=r"'spoon' .* has no image that can be used"):
        ingest(source, tmp_path / "out", on_bad="skip")
    assert _names(tmp_path) == ["in"]


def test_a_decompression_bomb_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    _picture(source / "fork" / "big.png", size=(40, 30))  # over the limit: Pillow warns
    _picture(source / "fork" / "huge.png", size=(60, 60))  # over twice the limit: Pillow raises
    with pytest.raises(InvalidDataset) as caught:
        ingest(source, tmp_path / "out")
    assert "fork/big.png: too large" in caught.value.message
    assert "fork/huge.png: too large" in caught.value.message


def test_an_empty_label_is_named(source: Path, tmp_path: Path) -> None:
    (source / "spoon").mkdir()
    (source / "spoon" / ".DS_Store").touch()
    with pytest.raises(InvalidDataset, match=r"label 'spoon' in .* is empty"):
        ingest(source, tmp_path / "out")


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    _picture(tmp_path / "in" / "fork" / "a.png")
    with pytest.raises(InvalidDataset, match="fewer than two labels: 'fork'"):
        ingest(tmp_path / "in", tmp_path / "out")


def test_a_layout_that_is_not_understood_is_refused(source: Path, tmp_path: Path) -> None:
    _picture(source / "knife" / "monday" / "morning" / "a.png")
    with pytest.raises(InvalidDataset, match="morning is nested too deep"):
        ingest(source, tmp_path / "out")
    _picture(source / "stray.png")
    with pytest.raises(InvalidDataset, match=r"stray\.png lies outside a label's folder"):
        ingest(source, tmp_path / "out")


def test_values_out_of_range(source: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder"):
        ingest(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InvalidInput, match="size is 3"):
        ingest(source, tmp_path / "out", size=3)
    with pytest.raises(InvalidInput, match="on_bad is 'maybe'"):
        ingest(source, tmp_path / "out", on_bad="maybe")  # type: ignore[arg-type]
    with pytest.raises(AlreadyExists):
        ingest(source, source)


def test_a_full_disk_is_one_error_and_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ingest_task, "convert", full)
    with pytest.raises(DiskFull):
        ingest(source, tmp_path / "out")
    assert _names(tmp_path) == ["in"]


def test_interrupted_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest_task, "convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest(source, tmp_path / "out")
    assert _names(tmp_path) == ["in"]
