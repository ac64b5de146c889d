"""The service's log: lines with the time on stderr, written by a thread of their own."""

import contextlib
import logging
import logging.handlers
import queue
import sys
from collections.abc import Iterator
from datetime import datetime

_logger = logging.getLogger("image_describer.server")


class _LineFormatter(logging.Formatter):
    """The local time in ISO 8601 and the message."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone()
        return f"{moment.isoformat(timespec='milliseconds')} {record.getMessage()}"


class _StderrHandler(logging.StreamHandler):
    """Writes to stderr; a closed stderr is no reason to fail."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Ignore the error."""


@contextlib.contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Write log lines in a thread while the block runs: a slow terminal must not block requests."""
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(_LineFormatter())
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    queue_handler = logging.handlers.QueueHandler(lines)
    listener = logging.handlers.QueueListener(lines, handler)
    propagated = _logger.propagate
    _logger.addHandler(queue_handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        _logger.removeHandler(queue_handler)
        _logger.propagate = propagated


def log(line: str) -> None:
    """Log one line."""
    _logger.info("%s", line)
