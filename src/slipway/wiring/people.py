"""Who does things, and where that is written down."""

import os
from typing import TYPE_CHECKING

from slipway.settings import Settings

if TYPE_CHECKING:
    from slipway.services.audit import AuditLog, Trail


def audit_log(settings: Settings) -> "AuditLog":
    """Where every change is written down."""
    from slipway.services.audit import AuditLog

    return AuditLog(settings.home / "audit" / "log.jsonl")


def system_user() -> str:
    """Whom this process runs for."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        return f"user {os.getuid()}"


def command_trail(settings: Settings) -> "Trail":
    """The audit log for what the system's user does on the command line."""
    from slipway.services.audit import Actor, Trail, Via

    return Trail(audit_log(settings), Actor(system_user(), Via.CLI))
