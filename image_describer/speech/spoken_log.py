"""The spoken log: one JSON line for each utterance, for whoever asked for it by naming a file.

It holds what was said, so there is none unless a file was named. Used by benchmarks that play a
blind user.
"""

import json
import logging
import queue
import threading
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

CLOSE_LIMIT_S = 2.0


class SpokenLog:
    """Lines appended to ``path`` in order, by a thread of its own.

    Nothing here raises or waits for a disk: a log that can't be written is reported once, in the
    program's own log, and speech goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spoken log", daemon=True)
        self._started = False
        self._lock = threading.Lock()

    def write(self, entry: dict[str, Any]) -> None:
        """Append ``entry``; returns at once."""
        self._lines.put(json.dumps(entry, ensure_ascii=True))
        with self._lock:
            if not self._started:
                try:
                    self._thread.start()
                except RuntimeError as error:
                    log.warning("the spoken log can't be written: %s", error)
                    return
                self._started = True

    def close(self) -> None:
        """Write what waits, within CLOSE_LIMIT_S."""
        self._lines.put(None)
        if self._started and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        failed = False
        while (line := self._lines.get()) is not None:
            try:
                # Opened for each line: a file that is renamed or deleted meanwhile begins anew.
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError as error:
                if not failed:
                    log.warning("the spoken log can't be written: %s", error)
                failed = True
