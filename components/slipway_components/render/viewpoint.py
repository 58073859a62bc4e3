"""From where a part is photographed, and how it lies there."""

from dataclasses import dataclass
from enum import StrEnum


class Viewpoint(StrEnum):
    """Where the camera is."""

    OVERHEAD = "overhead"  # mounted above a belt or a bench, parts lie as they fall
    FREE = "free"  # held by hand: any height, any distance, parts as they lie or lean
    NEAR = "near"  # held by hand over one thing that fills the picture or leaves it


@dataclass(frozen=True)
class Stance:
    """The ranges that a viewpoint's photographs are drawn from."""

    elevation: tuple[float, float]  # degrees above the table
    angle: tuple[float, float]  # degrees of view, from a long lens to a telephone's
    distance: tuple[float, float]  # of what would just show the whole part
    aside: float  # how far the lens may point past the part, in its radii
    leaning: float  # share of parts that lean at random instead of resting
    evenness: float  # exponent on a pose's likelihood: below 1 rare ones are seen more often


STANCES = {
    Viewpoint.OVERHEAD: Stance((66, 88), (22, 34), (1.05, 1.3), 0.12, 0.0, 1.5),
    Viewpoint.NEAR: Stance((35, 89), (30, 60), (0.7, 1.25), 0.3, 0.2, 1.0),
    Viewpoint.FREE: Stance((22, 80), (16, 48), (1.05, 1.6), 0.2, 0.15, 0.5),
}
