"""Reports an error only once, even if it recurs with every picture."""

from collections.abc import Callable


class ErrorThrottle:
    """Calls ``report(error)`` unless the last error it reported was the same."""

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self._reported = ""

    def __call__(self, error: Exception) -> None:
        if str(error) != self._reported:
            self._reported = str(error)
            self._report(error)

    def reset(self) -> None:
        """Forget the last error, after a success."""
        self._reported = ""
