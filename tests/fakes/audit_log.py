"""An audit log in memory."""

from pathlib import Path

from slipway.services.audit import Actor, AuditLog, Entry, Trail, Via


class FakeAuditLog(AuditLog):
    """Keeps what is written down in `entries`."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.entries: list[Entry] = []

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)

    def trail(self, who: str = "ann", via: Via = Via.CLI) -> Trail:
        return Trail(self, Actor(who, via))

    def told(self) -> list[tuple[str, str, dict[str, str]]]:
        """Action, target and details of each entry, oldest first."""
        return [(entry.action, entry.target, dict(entry.details)) for entry in self.entries]
