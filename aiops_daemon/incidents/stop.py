"""The word of the kill switch, whichever of its sources said it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """The kill switch as somebody set it."""

    by: str
    reason: str
    at: str
