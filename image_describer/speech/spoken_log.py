"""The spoken log: one JSON line for each utterance, in a file that the user names.

It contains what was spoken, so nothing is logged unless a file is named. Benchmarks that simulate a
blind user read it.
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
    """Appends lines to ``path`` in order, on its own thread.

    It never raises or waits for the disk: if the file can't be written, the program's log says so
    once, and speech continues.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spoken-log", daemon=True)
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
        """Write the remaining lines, within CLOSE_LIMIT_S."""
        self._lines.put(None)
        if self._started and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        failed = False
        while (line := self._lines.get()) is not None:
            try:
                # Opened for each line: if the file is renamed or deleted, a new one begins.
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError as error:
                if not failed:
                    log.warning("the spoken log can't be written: %s", error)
                failed = True
