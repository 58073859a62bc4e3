"""What `wiring` does for `slipway doctor`: looks at the machine, and tries what it has to reach."""

import os
import platform
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from slipway import wiring
from slipway.domain.errors import SlipwayError
from slipway.domain.machine import Role
from slipway.domain.names import Arch
from slipway.services.doctor.check import Check, missing, ok
from slipway.services.doctor.roles import Needs, examine
from slipway.services.overview.asked import Asked
from slipway.settings import Settings

_PATIENCE = 10.0  # seconds for all that has to be reached
_EXTRAS = {
    Role.WORKSTATION: ("train", "pipelines", "mlflow", "functions", "schedule", "console"),
    Role.BUILDER: ("train", "pipelines", "mlflow"),
    Role.DEVICE: (),
}


def doctor(settings: Settings, role: Role) -> list[Check]:
    """Everything that `role` needs; nothing is changed but a probe object in each bucket."""
    from slipway.adapters import emulation
    from slipway.local import facts

    device = role is Role.DEVICE
    archs = () if device else tuple(Arch.parse(arch) for arch in settings.builder.archs)
    machine = facts.look(
        settings, {arch: emulation.possible(arch) for arch in archs}, device=device
    )
    found = examine(role, machine, Needs(_packages(settings, role), _extras(settings, role), archs))
    return found if device else found + _reached(settings)


def _packages(settings: Settings, role: Role) -> list[str]:
    from slipway.local import registry
    from slipway.local.facts import debian_packages

    if role is Role.DEVICE:
        return [name for name, mark in debian_packages("slipway_device").items() if not mark]
    marks = debian_packages("slipway.local")
    wanted = [name for name, mark in marks.items() if role is Role.WORKSTATION or mark == role]
    if registry.is_local(settings) and "docker-registry" not in wanted:
        wanted.append("docker-registry")
    if settings.builder.engine == "docker":
        return ["docker.io" if name == "buildah" else name for name in wanted]
    return wanted


def _extras(settings: Settings, role: Role) -> dict[str, Sequence[str]]:
    """What the role and the settings need of the distribution's own extras."""
    wanted = [*_EXTRAS[role]]
    urls = [settings.model_output_url, settings.deploy_url, settings.reports_url]
    for scheme, extra in (("gs://", "gcs"), ("s3://", "s3")):
        wanted += [extra] * any(url.startswith(scheme) for url in urls)
    for scheme, extra in (("hsm:", "hsm"), ("awskms:", "awskms")):
        wanted += [extra] * any(uri.startswith(scheme) for uri in settings.trust.online)
    wanted += ["docker"] * (settings.builder.engine == "docker")
    return {extra: names for extra in wanted if (names := _required(extra))}


def _required(extra: str) -> list[str]:
    """The names of the Python packages behind an extra."""
    found = []
    for line in metadata.requires("slipway") or ():
        requirement, _, marker = line.partition(";")
        if f'extra == "{extra}"' in marker.replace("'", '"'):
            name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
            found.append(name.lower().replace("_", "-"))
    return found


def _reached(settings: Settings) -> list[Check]:
    """The services around the machine, all asked at once."""
    buckets = {
        "model-output bucket": (settings.model_output_url, not settings.buckets.model_output),
        "deploy bucket": (settings.deploy_url, not settings.buckets.deploy),
        "reports bucket": (settings.reports_url, not settings.buckets.reports),
    }
    asked = [
        Asked("registry", lambda: _registry(settings)),
        Asked("mlflow", lambda: _mlflow(settings)),
        *(Asked(name, _bucket(*where)) for name, where in buckets.items()),
    ]
    deadline = time.monotonic() + _PATIENCE
    return [_verdict(each, deadline) for each in asked]


def _verdict(asked: Asked[str], deadline: float) -> Check:
    try:
        return ok(asked.what, asked.answer(deadline))
    except SlipwayError as error:
        return missing(asked.what, error.message, error.hint)


def _registry(settings: Settings) -> str:
    from slipway.local import registry

    address = settings.registry.address
    if registry.is_local(settings) and not registry.process(settings).find():
        return f"{address}: slipway up starts it"
    quick = replace(settings, registry=replace(settings.registry, timeout=_PATIENCE / 2))
    if settings.monitor.repositories:  # there may be no catalogue
        wiring.image_registry(quick).tags(settings.monitor.repositories[0])
    else:
        wiring.image_registry(quick).repositories()
    return f"{address} answers"


def _mlflow(settings: Settings) -> str:
    from slipway.adapters.mlflow_errors import safe_uri

    wiring.check_model_registry(settings.tracking_uri)
    return safe_uri(settings.tracking_uri)


def _bucket(url: str, made: bool) -> Callable[[], str]:
    def probe() -> str:
        folder = Path(url.removeprefix("file://"))
        if made and not folder.exists():
            return f"{url}: made when it is first used"
        bucket = wiring.open_bucket(url)
        key = f"doctor/{platform.node()}-{uuid.uuid4().hex}"
        bucket.write(key, f"written by slipway doctor, process {os.getpid()}\n".encode())
        bucket.delete(key)
        return f"{url}: can be written"

    return probe
