"""The device's own policy, `trust/policy.toml`: what even a signed manifest may not do here.

    registries = ["registry.example.com/edge"]          # hosts, or hosts with a path
    host_paths = ["/opt/slipway/images", "/opt/slipway/streams"]  # may be mounted read-only
    writable_host_paths = ["/opt/slipway/spool"]
    max_memory = "512Mi"                                # of one pod
    run_as_root = false

Only `registries` has no default: without it no image would be allowed. The rules themselves are in
`pod_rules.py`.
"""

from pathlib import Path
from typing import NamedTuple

from slipway_agent.errors import InvalidOption
from slipway_agent.manifest import quantity

_LARGEST = 64 * 1024  # bytes
_EXAMPLE = 'for example registries = ["registry.example.com"]'


class Policy(NamedTuple):
    """What pods may do on this device."""

    registries: tuple[str, ...]
    host_paths: tuple[str, ...] = ("/opt/slipway/images", "/opt/slipway/streams")
    writable_host_paths: tuple[str, ...] = ("/opt/slipway/spool",)
    max_memory: int = 512 * 1024 * 1024  # bytes
    run_as_root: bool = False


def read_policy(path: Path) -> Policy:
    """Read the file; InvalidOption names it, the key at fault and what is expected."""
    import tomllib

    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
    except OSError as error:
        raise InvalidOption(
            f"{path} cannot be read: {error.strerror}",
            hint=f"No pod is taken without a policy; write it, {_EXAMPLE}",
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidOption(f"{path} is not UTF-8 text", hint="Write it again") from error
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidOption(f"{path} is not TOML: {error}", hint="Correct that line") from error
    unknown = sorted(set(found) - set(Policy._fields))
    if unknown:
        known = ", ".join(Policy._fields)
        raise InvalidOption(f"{path} has an unknown key {unknown[0]!r}", hint=f"There are {known}")
    if "registries" not in found:
        raise InvalidOption(f"{path} names no registries", hint=f"Add them, {_EXAMPLE}")
    values = {key: _value(path, key, value) for key, value in found.items()}
    return Policy(**values)  # type: ignore[arg-type]  # each was checked by its key


def _value(path: Path, key: str, value: object) -> tuple[str, ...] | int | bool:
    if key == "run_as_root":
        if isinstance(value, bool):
            return value
        raise InvalidOption(f"{path}: run_as_root is {value!r}", hint="Use true or false")
    if key == "max_memory":
        try:
            return quantity(value)
        except ValueError as error:
            raise InvalidOption(f"{path}: max_memory: {error}", hint='Use "512Mi"') from error
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidOption(f"{path}: {key} is {value!r}", hint="Use a list of texts")
    for item in value:
        if key == "registries" and not _is_registry(item):
            hint = "Use a host, with a path if need be: registry.example.com/edge"
            raise InvalidOption(f"{path}: registries has {item!r}", hint=hint)
        if key != "registries" and not is_plain_path(item):
            hint = "Use an absolute path without . and .. other than /"
            raise InvalidOption(f"{path}: {key} has {item!r}", hint=hint)
    return tuple(value)


def is_plain_path(text: str) -> bool:
    """Whether this is an absolute path, other than the root, that leads where it seems to."""
    parts = text.split("/")
    return text.startswith("/") and all(part not in ("", ".", "..") for part in parts[1:])


def _is_registry(text: str) -> bool:
    return bool(text) and "://" not in text and "@" not in text and not text.endswith("/")
