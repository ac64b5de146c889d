"""Trouble that comes back with every picture is told once."""

from collections.abc import Callable


class Once:
    """Calls ``tell(error)`` unless it has just told the same."""

    def __init__(self, tell: Callable[[Exception], None]) -> None:
        self._tell = tell
        self._told = ""

    def __call__(self, error: Exception) -> None:
        if str(error) != self._told:
            self._told = str(error)
            self._tell(error)

    def over(self) -> None:
        """It went well: the next time it is news again."""
        self._told = ""
