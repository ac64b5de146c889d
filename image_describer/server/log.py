"""The service's log: lines on stderr, where whoever started it keeps them."""

import sys
from datetime import datetime


def log(line: str) -> None:
    """One line on stderr, with the time."""
    moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
    try:
        print(moment, line, file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):  # nobody reads it
        return
