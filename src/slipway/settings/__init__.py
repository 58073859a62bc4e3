"""Settings: what can be set (`sections`), and how a file and the environment set it (`reading`)."""

from slipway.settings.reading import load
from slipway.settings.sections import (
    BucketSettings,
    ConsoleSettings,
    LocalSettings,
    RegistrySettings,
    Settings,
    TrustSettings,
)

__all__ = [
    "BucketSettings",
    "ConsoleSettings",
    "LocalSettings",
    "RegistrySettings",
    "Settings",
    "TrustSettings",
    "load",
]
