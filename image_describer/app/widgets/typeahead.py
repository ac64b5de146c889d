"""Going to a name by its first letters, as lists everywhere do it."""

import time
from collections.abc import Callable, Sequence

from image_describer.text import fold

PAUSE_S = 1.0  # after this long without a letter, the next one begins a new word


class TypeAhead:
    """Collects letters and finds the name that they mean.

    A single letter goes to the next name that begins with it, the same letter again to the one
    after that, round at the end; more letters look for the whole from where one is. So does the
    same letter again where a name begins with both.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = 0.0
        self.letters = ""  # what has been typed without a pause

    @property
    def under_way(self) -> bool:
        """Whether a letter now would go on with the word."""
        return bool(self.letters) and self._clock() - self._last <= PAUSE_S

    def forget(self) -> None:
        """Begin anew: another key came, or another list."""
        self.letters = ""

    def typed(self, letter: str, names: Sequence[str], index: int) -> int | None:
        """Where ``letter`` leads in ``names`` (as ``folded`` gives them), from ``index``.

        None: no name begins so.
        """
        self.letters = self.letters + letter if self.under_way else letter
        self._last = self._clock()
        looked_for = fold(self.letters)
        first = looked_for[:1]
        if len(looked_for) > 1 or not first:
            found = _next(looked_for, names, index)
            if found is not None or looked_for != first * len(looked_for):
                return found
        return _next(first, names, index + 1)


def _next(start: str, names: Sequence[str], index: int) -> int | None:
    count = len(names)
    for step in range(count):
        at = (index + step) % count
        if names[at].startswith(start):
            return at
    return None
