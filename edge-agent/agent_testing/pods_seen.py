"""What a kubelet sees of its static-pod folder, and what it passes over."""

from pathlib import Path


def visible(pods: Path) -> dict[str, bytes]:
    """Every file whose name does not begin with a dot."""
    found = {}
    for path in pods.iterdir():
        if not path.name.startswith(".") and not path.is_dir():
            try:
                found[path.name] = path.read_bytes()
            except FileNotFoundError:  # deleted since it was listed
                continue
    return found


def hidden(pods: Path) -> list[str]:
    """The names that it passes over."""
    return sorted(path.name for path in pods.iterdir() if path.name.startswith("."))
