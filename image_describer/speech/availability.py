"""Whether a voice or a player works on this machine, and why not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Availability:
    """``works``; where it doesn't, ``reason`` says why and ``way_out`` what to do about it."""

    works: bool
    reason: str = ""
    way_out: str = ""

    def __bool__(self) -> bool:
        return self.works
