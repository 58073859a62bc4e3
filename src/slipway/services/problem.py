"""What the tag monitor tells of when it cannot do all that is asked of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that needs a person; all else went on."""

    where: str  # repository, channel and arch as far as they matter
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"problem {self.where}: {self.message}{hint}"
