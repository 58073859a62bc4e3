"""What a digest over an image's inputs depends on, and what a builder is given."""

import os
from pathlib import Path

from slipway.services.image_context import copy_plain, inputs_digest, plain_folders


def make_package(folder: Path) -> Path:
    package = folder / "app"
    (package / "sub").mkdir(parents=True)
    (package / "one.py").write_text("1")
    (package / "sub" / "two.py").write_text("2")
    return package


def test_the_digest_is_over_names_and_contents_alone(tmp_path: Path) -> None:
    package = make_package(tmp_path / "here")
    other = make_package(tmp_path / "elsewhere")
    os.utime(other / "one.py", (1, 1))
    (other / "one.py").chmod(0o600)
    (other / "__pycache__").mkdir()
    (other / "__pycache__" / "one.pyc").write_bytes(b"x")
    assert inputs_digest([package], "a") == inputs_digest([other], "a")
    assert inputs_digest([package], "a") != inputs_digest([package], "b")
    before = inputs_digest([package])
    (package / "one.py").rename(package / "three.py")
    assert inputs_digest([package]) != before


def test_what_is_copied_has_the_same_modes_whatever_the_umask(tmp_path: Path) -> None:
    package = make_package(tmp_path / "here")
    (package / "one.py").chmod(0o600)
    context = tmp_path / "context"
    before = os.umask(0o077)
    try:
        copy_plain(package, context)
        plain_folders(context)
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(context)): path.stat().st_mode & 0o777 for path in context.rglob("*")
    }
    assert modes == {
        "app": 0o755,
        "app/one.py": 0o644,
        "app/sub": 0o755,
        "app/sub/two.py": 0o644,
    }
