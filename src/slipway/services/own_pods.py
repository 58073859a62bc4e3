"""Pods of the owner's own, from files `ARCH/FOLDER/NAME.yaml` beside the settings.

The deploy bucket is no source for them: who can write there must not be able to have it signed.
"""

from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.errors import InvalidManifest, InvalidSetting
from slipway.services.check_manifest import CheckedManifest, check_manifest
from slipway.services.deploy_folders import FOLDERS
from slipway.services.problem import Problem


@dataclass(frozen=True)
class OwnPods:
    """What the folder holds, by key of the deploy bucket."""

    manifests: dict[str, CheckedManifest] = field(default_factory=dict)
    broken: dict[str, Problem] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Of all files, also of those that cannot be used."""
        return frozenset(self.manifests.keys() | self.broken.keys())


def read_own_pods(root: Path) -> OwnPods:
    """Read the folder; raises InvalidSetting when it is none."""
    if not root.is_dir():
        raise InvalidSetting(f"monitor.pods: {root} is not a folder")
    found = OwnPods()
    for path in sorted(root.glob("*/*/*.yaml")):
        key = path.relative_to(root).as_posix()
        try:
            if key.rpartition("/")[0] not in FOLDERS:
                raise InvalidManifest(
                    f"{path} is in no folder that devices read",
                    hint="Use ARCH/all/NAME.yaml or ARCH/CHANNEL/NAME.yaml",
                )
            found.manifests[key] = check_manifest(path.read_text())
        except InvalidManifest as error:
            found.broken[key] = Problem(str(path), error.code, error.message, error.hint)
        except (OSError, UnicodeDecodeError) as error:
            found.broken[key] = Problem(str(path), InvalidManifest.code, str(error))
    return found
